"""Issue 4, show 4: whatever is killed in the middle of a count, what the screen called confirmed is in the count, once.

The browser by SIGKILL, the agent by SIGKILL, or both with the power of the box's disk; at moments that the seed
decides: before, while and after a line is confirmed, sent and answered.
"""

import os
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from deploy.local.ports import free_port
from edge_agent.storage.files import Folder
from sync_protocol.changes import Product
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.processes import volumes
from tests.processes.volumes import Loop, loop_volume
from tests.screen import shop
from tests.screen.conftest import ENVIRONMENT, chromium, level
from tests.screen.interruptions import Interrupted, Tablet

NO_POWER = volumes.skip_reason("mkfs.ext4")
DISK_MB = 128
FIRST_STOCK = "500"
AISLE = shop.many(200)


@pytest_asyncio.fixture(loop_scope="session")
async def counting(
    tmp_path: Path, _enrolled: Path, playwright: Playwright, request: pytest.FixtureRequest
) -> AsyncIterator[Interrupted]:
    """A count that has begun; the parameter says whether the box's disk can lose its power."""
    with ExitStack() as stack:
        disk: Loop | None = stack.enter_context(loop_volume(tmp_path, DISK_MB)) if request.param else None
        folder = tmp_path if disk is None else disk.folder
        shutil.copytree(_enrolled, folder / "box")
        agent = AgentProcess(Folder(folder / "box"), ENVIRONMENT | {"EDGE_API_PORT": str(free_port())})
        shop.fill(agent.folder.database, AISLE)
        os.sync()
        tablet = Tablet(playwright, chromium(playwright), tmp_path / "profile")
        (tmp_path / "profile").mkdir()
        try:
            yield await _begin(agent, tablet, disk)
        finally:
            await tablet.kill()
            if agent.process is not None:
                await agent.stop()


async def _begin(agent: AgentProcess, tablet: Tablet, disk: Loop | None) -> Interrupted:
    """There is some of all on record, so that each line posts a difference."""
    await agent.start()
    opening = [{"product_id": each.product_id, "quantity": FIRST_STOCK, "reason": "opening"} for each in AISLE]
    status, answer = await agent.ask("POST", "/api/v1/inventory/movements", {"movements": opening})
    assert status == 201, answer
    status, made = await agent.ask("POST", "/api/v1/stocktakes", {"name": "Aisle 4"})
    assert status == 201, made
    counting = Interrupted(agent, tablet, await tablet.start(), made["stocktake_id"], disk)
    await counting.open_count()
    return counting


@pytest.mark.parametrize(
    ("counting", "lines", "strikes"), [
        pytest.param(False, 14, ("browser", "agent", "browser"), id="kills"),
        pytest.param(True, 8, ("power", "power"), id="power", marks=[
            pytest.mark.requires_root,
            pytest.mark.skipif(NO_POWER is not None, reason=f"NO POWER CUT PROVEN: {NO_POWER}"),
        ]),
        pytest.param(True, 200, ("browser", "agent", "power") * 12, id="soak", marks=[
            pytest.mark.soak, pytest.mark.timeout(0), pytest.mark.requires_root,
            pytest.mark.skipif(NO_POWER is not None, reason=f"NO POWER CUT PROVEN: {NO_POWER}"),
        ]),
    ], indirect=["counting"],
)  # fmt: skip
async def test_a_count_that_is_killed_over_and_over_holds_each_confirmed_line_once(
    counting: Interrupted, seed: int, lines: int, strikes: tuple[str, ...]
) -> None:
    choose = random.Random(seed)
    products = AISLE[:lines]
    when = sorted(choose.sample(range(1, lines), len(strikes)))

    await counting.count(products, dict(zip(when, strikes, strict=True)), choose)
    await counting.finish()

    wanted = {product.product_id: str(number) for number, product in enumerate(products, 1)}
    _, sheet = await counting.agent.ask("GET", f"/api/v1/stocktakes/{counting.stocktake}")
    assert [(line["product_id"], line["counted"], line["status"]) for line in sheet["lines"]] == [
        (product_id, counted, "posted") for product_id, counted in wanted.items()
    ]
    _, closed = await counting.agent.ask("POST", f"/api/v1/stocktakes/{counting.stocktake}/close", {})
    assert (closed["posted"], closed["to_count_again"]) == (lines, [])
    assert await _levels(counting.agent, products) == wanted


async def _levels(agent: AgentProcess, products: list[Product]) -> dict[str, str]:
    return {each.product_id: await level(agent, each.product_id) for each in products}
