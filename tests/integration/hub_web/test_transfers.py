"""B11: transfers at sites that the hub runs, step by step, and asking a store's box to ship."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Reply, Running

OTHER_ID = "01a1fcc5-f651-7101-8512-e520c8fc5825"


@dataclass
class Chain:
    """Two sites and a product of which the first has ten."""

    admin: Client
    source: str
    target: str
    product: str

    async def draft(self, quantity: str = "6", **headers: str) -> dict[str, Any]:
        body = {"from_site": self.source, "to_site": self.target, "note": "for the feast",
                "lines": [{"product_id": self.product, "quantity": quantity}]}  # fmt: skip
        reply = await self.admin.post("/transfers", body, **headers)
        assert reply.status in (200, 201), reply.body
        return dict(reply.body)

    async def step(self, transfer: dict[str, Any], name: str, body: Any = None, **headers: str) -> Reply:
        return await self.admin.post(f"/transfers/{transfer['id']}/{name}", body, **headers)

    async def shelf(self, site: str) -> str:
        found = (await self.admin.get(f"/inventory?site_id={site}&product_id={self.product}")).body["items"]
        return str(found[0]["on_hand"]) if found else "0"

    def came(self, quantity: str) -> dict[str, Any]:
        return {"lines": [{"product_id": self.product, "quantity": quantity}]}


@pytest.fixture
async def chain(admin: Client) -> Chain:
    source, target = await admin.make_site("hub"), await admin.make_site("hub")
    product = (await admin.make_product())["id"]
    await admin.post("/inventory/increment", {"site_id": source, "product_id": product, "quantity": "10"})
    return Chain(admin, source, target, product)


def line(reply: Reply) -> tuple[str, ...]:
    (only,) = reply.body["lines"]
    return tuple(only[name] for name in ("requested", "dispatched", "received", "short", "taken_back", "in_transit"))


async def test_goods_leave_the_source_when_shipped_and_reach_the_destination_in_parts(chain: Chain) -> None:
    draft = await chain.draft()
    assert (draft["step"], draft["is_open"], await chain.shelf(chain.source)) == ("draft", True, "10")
    shipped = await chain.step(draft, "ship")
    assert (shipped.status, shipped.body["step"], line(shipped)) == (200, "dispatched", ("6", "6", "0", "0", "0", "6"))
    assert (await chain.shelf(chain.source), await chain.shelf(chain.target)) == ("4", "0")
    part = await chain.step(draft, "receive", chain.came("2.5"))
    assert (part.body["step"], part.body["is_open"], line(part)) == (
        "received",
        True,
        ("6", "6", "2.5", "0", "0", "3.5"),
    )
    rest = await chain.step(draft, "receive")
    assert (rest.body["is_open"], line(rest)[5], await chain.shelf(chain.target)) == (False, "0", "6")
    nothing = await chain.step(draft, "receive")
    assert (nothing.status, nothing.body["code"]) == (409, "nothing_in_transit")
    moved = (await chain.admin.get(f"/inventory/movements?document={draft['id']}")).body["items"]
    assert [row["reason"] for row in moved] == ["transfer_in", "transfer_in", "transfer_out"]
    for query, count in (("is_open=true", 0), ("is_open=false", 1), (f"to_site={chain.target}&step=received", 1)):
        assert len((await chain.admin.get(f"/transfers?{query}")).body["items"]) == count, query


async def test_what_is_coming_to_a_place_that_never_had_it_is_seen_there(chain: Chain) -> None:
    path = f"/inventory?site_id={chain.target}"
    assert (await chain.admin.get(path)).body["items"] == []
    await chain.step(await chain.draft(), "ship")
    vendor = (await chain.admin.post("/vendors", {"name": "Dairy"})).body["id"]
    other = (await chain.admin.make_product())["id"]
    order = {"site_id": chain.target, "vendor_id": vendor, "lines": [
        {"product_id": other, "quantity": "7", "unit_price": "1"}]}  # fmt: skip
    order_id = (await chain.admin.post("/purchase-orders", order)).body["id"]
    for step in ("approve", "send"):
        await chain.admin.post(f"/purchase-orders/{order_id}/{step}")

    seen = {each["product_id"]: each for each in (await chain.admin.get(path)).body["items"]}
    assert (seen[chain.product]["on_hand"], seen[chain.product]["in_transit"]) == ("0", "6")
    assert (seen[other]["on_hand"], seen[other]["on_order"]) == ("0", "7")
    assert (await chain.admin.get(f"{path}&product_id={other}")).body["items"] == [seen[other]]
    assert (await chain.admin.get(f"/products/low-stock?site_id={chain.target}")).body["items"] == []


async def test_a_shortage_is_written_off_by_the_destination_with_a_reason_and_whose_fault_it_was(chain: Chain) -> None:
    draft = await chain.draft()
    await chain.step(draft, "ship")
    await chain.step(draft, "receive", chain.came("5"))
    assert (await chain.step(draft, "close-short", {"reason": "", "fault": "carrier"})).status == 422
    closed = await chain.step(draft, "close-short", {"reason": "one bottle broken", "fault": "carrier"})
    assert (closed.body["step"], closed.body["is_open"], line(closed)) == (
        "closed_short", False, ("6", "6", "5", "1", "0", "0"),
    )  # fmt: skip
    assert (closed.body["reason"], closed.body["fault"]) == ("one bottle broken", "carrier")
    lost = (await chain.admin.get(f"/inventory/movements?document={draft['id']}&site_id={chain.target}&limit=1")).body
    assert (lost["items"][0]["to_location"], lost["items"][0]["note"]) == ("shrinkage", "carrier: one bottle broken")
    late = await chain.step(draft, "receive", chain.came("1"))
    assert (late.status, late.body["code"]) == (409, "transfer_state")


async def test_only_refused_goods_go_back_to_their_source(chain: Chain) -> None:
    draft = await chain.draft()
    await chain.step(draft, "ship")
    early = await chain.step(draft, "take-back")
    assert (early.status, early.body["code"]) == (409, "transfer_state")
    refused = await chain.step(draft, "refuse", {"reason": "not ordered"})
    assert (refused.body["step"], refused.body["is_open"], line(refused)[5]) == ("refused", True, "6")
    back = await chain.step(draft, "take-back", {"location": "backroom"})
    assert (back.body["step"], back.body["is_open"], line(back)) == (
        "taken_back", False, ("6", "6", "0", "0", "6", "0"),
    )  # fmt: skip
    assert (await chain.shelf(chain.source), await chain.shelf(chain.target)) == ("10", "0")


async def test_a_draft_is_cancelled_and_what_was_shipped_is_not(chain: Chain) -> None:
    first, second = await chain.draft(), await chain.draft()
    for _ in range(2):
        cancelled = await chain.step(first, "cancel")
        assert (cancelled.status, cancelled.body["step"], cancelled.body["is_open"]) == (200, "cancelled", False)
    assert (await chain.step(first, "ship")).body["code"] == "transfer_state"
    await chain.step(second, "ship")
    assert (await chain.step(second, "cancel")).body["code"] == "transfer_state"


async def test_more_than_there_is_cannot_be_shipped_and_then_nothing_moves(chain: Chain) -> None:
    draft = await chain.draft("11")
    refused = await chain.step(draft, "ship")
    assert (refused.status, refused.body["code"]) == (409, "insufficient_stock")
    assert (await chain.admin.get(f"/transfers/{draft['id']}")).body == draft
    assert await chain.shelf(chain.source) == "10"


async def test_each_step_has_one_effect_per_key_however_often_and_at_once(chain: Chain) -> None:
    drafts = [await chain.draft(Idempotency_Key="plan") for _ in range(2)]
    assert drafts[0] == drafts[1]
    shipped = await asyncio.gather(*(chain.step(drafts[0], "ship", Idempotency_Key="ship") for _ in range(5)))
    assert {reply.status for reply in shipped} == {200}
    for _ in range(2):
        part = await chain.step(drafts[0], "receive", chain.came("2"), Idempotency_Key="part")
        assert (part.status, line(part)[2]) == (200, "2")
    other = await chain.step(drafts[0], "receive", chain.came("3"), Idempotency_Key="part")
    assert (other.status, other.body["code"]) == (422, "key_reused")
    rest = [await chain.step(drafts[0], "receive", Idempotency_Key="rest") for _ in range(2)]
    assert [(reply.status, line(reply)[2]) for reply in rest] == [(200, "6"), (200, "6")]
    assert (await chain.shelf(chain.source), await chain.shelf(chain.target)) == ("4", "6")


async def test_goods_that_are_here_before_any_word_of_their_dispatch_are_received(chain: Chain) -> None:
    store = await chain.admin.make_site()
    unknown = {"id": OTHER_ID}
    assert (await chain.step(unknown, "receive", chain.came("3"))).status == 404
    body = {**chain.came("3"), "from_site": store, "site_id": chain.target}
    early = await chain.step(unknown, "receive", body)
    assert (early.status, early.body["is_dispatched"], early.body["is_open"]) == (200, False, True)
    assert (line(early)[5], await chain.shelf(chain.target)) == ("-3", "3")
    same = await chain.step({"id": OTHER_ID[:-1] + "6"}, "receive", {**body, "from_site": chain.target})
    assert (same.status, same.body["code"]) == (404, "site")


async def test_shipping_from_a_store_is_a_command_to_its_box(chain: Chain, admin: Client) -> None:
    store = await admin.make_site()
    from_store = Chain(admin, store, chain.target, chain.product)
    draft = await from_store.draft("2")
    asked = await from_store.step(draft, "ship", Idempotency_Key="s")
    command = asked.body["command"]
    assert (asked.status, asked.body["step"], command["status"], command["kind"]) == (
        202, "draft", "pending", "transfer_request",
    )  # fmt: skip
    assert command["body"]["lines"] == [{"product_id": chain.product, "quantity": "2"}]
    again = await from_store.step(draft, "ship", Idempotency_Key="s")
    assert (again.status, again.body["command"]["id"]) == (202, command["id"])
    for step in ("ship", "cancel"):
        other = await from_store.step(draft, step)
        assert (other.status, other.body["code"]) == (409, "command_pending"), step
    to_store = Chain(admin, chain.source, store, chain.product)
    sent = await to_store.draft("1")
    await to_store.step(sent, "ship")
    for step, body in (("receive", {}), ("refuse", {}), ("close-short", {"reason": "x", "fault": "source"})):
        there = await to_store.step(sent, step, body)
        assert (there.status, there.body["code"]) == (409, "site_has_a_box"), step


async def test_each_end_takes_its_own_steps_and_strangers_see_nothing(hub: Running, chain: Chain) -> None:
    draft = await chain.draft()
    await chain.step(draft, "ship")
    at_source, at_target, stranger = [
        await hub.add_user(f"clerk-{number}", Role.STAFF, [site])
        for number, site in enumerate((chain.source, chain.target, await chain.admin.make_site("hub")))
    ]
    path = f"/transfers/{draft['id']}"
    assert (await at_source.post(f"{path}/receive", {})).status == 403
    assert (await at_target.post(f"{path}/take-back", {})).status == 403
    assert [(await who.get(path)).status for who in (at_source, at_target, stranger)] == [200, 200, 404]
    assert (await stranger.post(f"{path}/receive", {})).status == 404
    assert (await stranger.get("/transfers")).body["items"] == []
    body = {"from_site": chain.source, "to_site": chain.target, **chain.came("1")}
    assert [(await who.post("/transfers", body)).status for who in (at_target, stranger)] == [403, 403]
    assert (await at_target.post(f"{path}/receive", {})).status == 200


async def test_a_draft_names_two_sites_and_each_product_once(chain: Chain) -> None:
    good = {"from_site": chain.source, "to_site": chain.target, **chain.came("1")}
    for change, status, code in (
        ({"to_site": chain.source}, 422, "to_site"),
        ({"to_site": OTHER_ID}, 404, "site"),
        ({"lines": good["lines"] * 2}, 422, "twice"),
        ({"lines": [{"product_id": OTHER_ID, "quantity": "1"}]}, 404, "product"),
        ({"lines": []}, 422, None),
    ):
        reply = await chain.admin.post("/transfers", {**good, **change})
        assert reply.status == status, (change, reply.body)
        assert code in (None, reply.body["code"])
