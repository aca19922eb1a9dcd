"""Days on which nothing works: the box's disk is full, its clock is at 1970, the device is out of the network."""

import re
import shutil
import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from edge_agent.storage.files import Folder
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.conftest import eventually
from tests.processes import volumes
from tests.screen import staff
from tests.screen.conftest import level, log_in, log_in_as, open_flow, running, type_fast, until_level
from tests.screen.shop import BUTTER, COFFEE, OATS, PASTA, code_of
from tests.screen.test_count import begin, count
from tests.system import clocks

WRONG = re.compile("look at it|broken")
REFUSED_RUNNING = 8
NO_DISK = volumes.skip_reason()


async def test_a_device_out_of_the_network_says_so_in_mid_flow_and_books_what_was_begun_once_when_it_is_back(
    page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "receive", "without")
    await expect(page.get_by_text("Scan what came")).to_be_visible()
    await type_fast(page, code_of(PASTA))
    await expect(page.get_by_role("button", name="Take in 1")).to_be_enabled()
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Take in 1").click()
    await expect(page.locator(".band.refused")).to_contain_text("The box does not answer.")
    await type_fast(page, code_of(PASTA))
    await expect(page.get_by_role("button", name="Take in 2")).to_be_enabled()
    await type_fast(page, code_of(COFFEE))
    await expect(page.locator(".band.refused")).to_contain_text("Come nearer to the Wi-Fi.")
    assert await level(agent, PASTA.product_id) == "3"

    await page.context.set_offline(False)
    await page.get_by_role("button", name="Take in 2").click()

    await expect(page.locator(".band")).to_contain_text("2 taken in")
    await until_level(agent, PASTA.product_id, "5")


@pytest.mark.requires_root
@pytest.mark.skipif(NO_DISK is not None, reason=f"NO FULL DISK SEEN AT THE SCREEN: {NO_DISK}")
async def test_a_full_disk_is_told_with_what_to_do_and_what_was_done_meanwhile_is_booked_once_when_there_is_room(
    browser: Browser, tmp_path: Path, _enrolled: Path, devices: dict[str, str]
) -> None:
    with volumes.small_disk(tmp_path / "disk", 16_384) as disk:
        shutil.copytree(_enrolled, disk / "box")
        async with running(Folder(disk / "box"), devices) as agent:
            context = await browser.new_context(locale="en-GB")
            page = await context.new_page()
            await log_in(page, agent)
            await open_flow(page, "receive", "without")
            await expect(page.get_by_text("Scan what came")).to_be_visible()
            await type_fast(page, code_of(PASTA))
            await expect(page.get_by_role("button", name="Take in 1")).to_be_enabled()
            fillers = await _fill(agent, disk)

            await page.get_by_role("button", name="Take in 1").click()
            await expect(page.locator(".band.refused")).to_contain_text("The box's disk is full.")
            await expect(page.locator(".band.refused")).to_contain_text("Tell your manager")
            await open_flow(page, "sell")
            await type_fast(page, code_of(OATS))
            await expect(page.locator(".band.doubtful")).to_contain_text(f"Kept on this device: {OATS.name}")
            await expect(page.locator(".band.doubtful")).to_contain_text("The box's disk is full: tell your manager.")
            await open_flow(page, "sync")
            await expect(page.locator(".row", has_text="Room on the disk")).to_contain_text(WRONG)
            assert await level(agent, OATS.product_id) == "18", "what is there can be read"

            for filler in fillers:
                filler.unlink()
            await until_level(agent, OATS.product_id, "17")
            await open_flow(page, "receive", "without")
            await page.get_by_role("button", name="Take in 1").click()
            await until_level(agent, PASTA.product_id, "4")
            await context.close()


async def _fill(agent: AgentProcess, disk: Path) -> list[Path]:
    """Until the box books nothing more, again and again: its reserve is used up too."""
    fillers: list[Path] = []
    refused = 0

    async def is_full() -> bool:
        nonlocal refused
        fillers.append(volumes.fill(disk, f"filler-{len(fillers)}"))
        body = {"product_id": BUTTER.product_id, "delta": "1", "reason": "correction", "note": "x" * 400}
        status, answer = await agent.ask("POST", "/api/v1/inventory/adjust", body)
        refused = refused + 1 if status == 507 and answer["code"] == "storage_full" else 0
        return refused >= REFUSED_RUNNING and not agent.folder.ballast.exists()

    await eventually(is_full, "a full disk")
    return fillers


@pytest.mark.skipif(clocks.LIBFAKETIME is None, reason="NO CLOCK AT 1970 SEEN AT THE SCREEN: apt install faketime")
async def test_with_the_boxs_clock_at_1970_people_log_in_and_work_and_are_told_that_it_is_wrong(
    browser: Browser, tmp_path: Path, _enrolled: Path, devices: dict[str, str]
) -> None:
    shutil.copytree(_enrolled, tmp_path / "box")
    folder = Folder(tmp_path / "box")
    staff.fill(folder.database)
    wrong = clocks.a_clock(tmp_path / "clock", f"-{int(time.time() // 86_400) - 1}d")
    async with running(folder, devices | wrong) as agent:
        context = await browser.new_context(locale="en-GB")
        page = await context.new_page()
        await log_in_as(page, "anna", agent.api)
        await open_flow(page, "sell")
        await type_fast(page, code_of(OATS))
        await expect(page.locator(".band.good")).to_contain_text(f"Sold: {OATS.name}")
        await begin(page)
        await count(page, code_of(BUTTER), BUTTER.name, "6")
        await until_level(agent, BUTTER.product_id, "6")
        await open_flow(page, "sync")
        await expect(page.locator(".row", has_text="Clock")).to_contain_text("look at it")
        await expect(page.get_by_text("Go on working, and show this page to who looks after the box.")).to_be_visible()

        clocks.set_clock(tmp_path / "clock", "+0")
        await page.reload()
        await log_in_as(page, "anna", agent.api)
        await open_flow(page, "sync")
        await expect(page.locator(".row", has_text="Clock")).to_contain_text("fine")
        await open_flow(page, "sell")
        await type_fast(page, code_of(OATS))
        await until_level(agent, OATS.product_id, "16")
        assert await level(agent, BUTTER.product_id) == "6"
        await context.close()
