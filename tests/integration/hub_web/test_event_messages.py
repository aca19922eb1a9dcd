"""F39: an integrator reads in the published document what each event says, and how a message is checked."""

import re
import textwrap
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from jsonschema_rs import Draft202012Validator

from cloud_hub.domain.permissions import Role
from cloud_hub.storage import events
from cloud_hub.storage.events import News
from cloud_hub.web.event_messages import DATA
from tests.house.tree import ROOT
from tests.integration.hub_web.conftest import Client, Running, Serve
from tests.integration.hub_web.telling import PRIVATE, dict_of, receiver, teller


@pytest.fixture
async def hub(serve: Serve) -> Any:
    async with serve(webhook_private_nets=PRIVATE) as running:
        yield running


def receiver_of_the_readme() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function that the package's README gives to integrators."""
    page = (ROOT / "cloud_hub" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^ *```python\n(.*?)^ *```", page, flags=re.DOTALL | re.MULTILINE)
    made: dict[str, Any] = {}
    exec(textwrap.dedent(code), made)
    return made["is_ours"]  # type: ignore[no-any-return]


async def buy(admin: Client, site: str, product: str) -> None:
    vendor = (await admin.post("/vendors", {"name": "Farm"})).body["id"]
    line = {"product_id": product, "quantity": "3", "unit_price": "1"}
    order = (await admin.post("/purchase-orders", {"vendor_id": vendor, "site_id": site, "lines": [line]})).body
    for step in ("approve", "send"):
        await admin.post(f"/purchase-orders/{order['id']}/{step}")
    came = {"order_id": order["id"], "lines": [{"product_id": product, "quantity": "3"}]}
    assert (await admin.post("/receipts", came)).status == 201


async def test_what_head_office_tells_has_the_fields_that_are_published_and_is_signed_as_they_say(
    hub: Running, admin: Client
) -> None:
    document = (await admin.get("/openapi.json")).body
    async with receiver() as there, teller(hub) as told:
        hook = (await admin.post("/webhooks", {"url": there.url})).body
        site = await admin.make_site("hub")
        product, gone = (await admin.make_product(reorder_point="2"))["id"], (await admin.make_product())["id"]
        await admin.post("/inventory/increment", {"site_id": site, "product_id": product, "quantity": "1"})
        await buy(admin, site, product)
        await admin.ask("DELETE", f"/products/{gone}")
        await admin.post(f"/webhooks/{hook['id']}/ping")
        await told.tell()

    assert {"stock.changed", "alert.opened", "alert.resolved", "order.changed", "receipt.created", "product.changed",
            "product.archived", "site.changed", "ping"} == set(there.types)  # fmt: skip
    is_ours = receiver_of_the_readme()
    for headers, body in there.got:
        message = dict_of(body)
        published = document["webhooks"][message["type"]]["post"]
        assert {each["name"] for each in published["parameters"]} <= set(map(str.lower, headers))
        schema = published["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(message)
        assert set(message["data"]) == set(DATA[message["type"]].model_fields)
        assert is_ours(hook["secret"], headers, body) and not is_ours(hook["secret"], headers, body + b" ")


async def test_who_counts_blind_does_not_hear_how_far_off_the_ledger_was(hub: Running, admin: Client) -> None:
    site = await admin.make_site("hub")
    async with hub.core.database.transaction() as connection:
        news = News(
            type="count.posted", site_id=UUID(site), subject=str(uuid4()), data={"variance": "-5"}, occurred_at_ms=0
        )
        await events.say(connection, news)
    async with teller(hub) as told:
        await told.tell()
    staff, manager = await hub.add_user("s", Role.STAFF, [site]), await hub.add_user("m", Role.STORE_MANAGER, [site])
    for who, heard in ((staff, []), (manager, ["count.posted"])):
        items = (await who.get("/changes?types=count.posted")).body["items"]
        assert [each["type"] for each in items] == heard
