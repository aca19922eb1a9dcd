"""The box's API against its document: what the schema allows works, what it forbids is refused, nothing breaks.

How it is asked, and how often: tests/asked_at_random.py.
"""

from pathlib import Path

import pytest

from edge_agent.storage import retention
from edge_agent.web.server import OPERATIONS
from tests import asked_at_random
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import code_of

LEAST = 2_000
# Right answers to data that fits: rows that contradict each other, a state that does not allow it, a key that was
# used, wrong log-ins made to wait. A stream of events never ends: test_store_events.py and test_scanner_room.py.
RIGHT = ("2xx", "401", "403", "404", "409", "415", "422", "429", "503")


@pytest.mark.timeout(400 + asked_at_random.CASES)
async def test_every_operation_keeps_to_the_published_document(api: Api, tmp_path: Path, seed: int) -> None:
    for product in PRODUCTS:
        await api.post("/scans", {"code": code_of(product), "mode": "receive", "quantity": 1000})
    await asked_at_random.ask(
        str(api.client.make_url("/openapi.json")), tmp_path, hooks="tests.integration.edge.asking",
        material=await _material(api), operations=len(OPERATIONS), least=LEAST, seed=seed, right=RIGHT,
        left_out="/(events|raw)$", more=("--header", "Authorization: Bearer secret"),
    )  # fmt: skip
    assert await api.database.read(retention.verify) == []


async def _material(api: Api) -> dict[str, list[str]]:
    """By the word for it: what the box knows."""
    stocktake = await api.post("/stocktakes", {"name": "all", "blind": False})
    ids = [product.product_id for product in PRODUCTS]
    return {
        "product_id": ids, "products_id": ids, "inventory_id": ids, "code": [code_of(each) for each in PRODUCTS],
        "stocktakes_id": [stocktake["stocktake_id"]], "reason": ["sale", "return", "waste", "receipt"],
        "sku": [each.sku for each in PRODUCTS],
    }  # fmt: skip
