"""`edge_agent/examples.http` sent to a living box, in its order, answers what it says."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from edge_agent.services.applying import apply_change
from edge_agent.services.drawing import Drawing
from edge_agent.services.health import Check
from edge_agent.services.label_desk import LabelDesk
from edge_agent.web.server import StoreApi
from sync_protocol import changes
from sync_protocol.credentials import pin_secret
from tests.house.tree import ROOT
from tests.http_file import Example, filled, parse
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.integration.edge.test_labels import PRINTERS
from tests.integration.edge.test_people import ANNA, PIN, hashed, told
from tests.integration.edge.test_receiving import an_order
from tests.unit.edge_agent.a_store import code_of

FILE = ROOT / "edge_agent" / "examples.http"


async def _all_well() -> list[Check]:
    return []


@pytest.fixture
async def box(api: Api) -> AsyncIterator[Api]:
    """The store with people and printers."""

    store = StoreApi(
        database=api.database, status=api.status, api_keys={"secret": "till-1"}, boot=1, checks=_all_well,
        people_key=lambda: bytes(32), label_desk=LabelDesk(api.database, PRINTERS, Drawing()),
    )  # fmt: skip
    async with TestClient(TestServer(store.app)) as client:
        yield Api(client, store, api.database, api.status)
        await store.stop()


async def send(api: Api, example: Example, variables: dict[str, str], replies: dict[str, Any]) -> tuple[int, Any]:
    method, url = filled(example.line, variables, replies).split(" ", 1)
    headers = {name: filled(each, variables, replies) for name, each in example.headers.items()}
    body = filled(example.body, variables, replies).encode() or None
    async with api.client.request(method, url, data=body, headers=headers) as response:
        is_endless = response.content_type == "text/event-stream"
        return response.status, None if is_endless else await response.json(content_type=None)


async def test_every_example_answers_what_the_file_says(box: Api) -> None:
    variables, examples = parse(FILE)
    variables |= {"host": "", "key": "secret", "code": code_of(PRODUCTS[0]), "pin": PIN}
    known = hashed(pin_secret(bytes(32), ANNA, PIN))
    hand = told(ANNA, variables["user"], pin_hash=known)
    order = an_order().model_copy(update={"number": variables["order"]})
    for each in (hand, order):
        await box.database.write(apply_change, changes.change(each), 1_790_000_000_000)
    replies: dict[str, Any] = {}
    for example in examples:
        status, body = await send(box, example, variables, replies)
        assert status == example.status, (example.title, body)
        replies[example.name] = SimpleNamespace(body=body)
    assert replies["sale"].body["level"] == "9", "the sale that was sent twice counted once"
    assert (replies["counted"].body["posted"], replies["labels"].body["labels"]) == (1, 2)
