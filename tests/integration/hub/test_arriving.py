"""F10: goods that a store's box received under an order's number move the order at head office on."""

from uuid import uuid4

import pytest

from cloud_hub.storage import receipts, restocking
from cloud_hub.storage.receipts import Receipt, ReceiptFilter
from tests.integration.hub.conftest import START_MS, Box, HubCore

DAY_MS = 86_400_000


async def make_order(hub: HubCore, box: Box, product_id: str, quantity: int, state: str = "sent") -> str:
    order, vendor = str(uuid4()), str(uuid4())
    await hub.execute(
        "INSERT INTO vendors (id, name, version_epoch, version, created_at, updated_at) VALUES ($1, 'V', 1, 1, 0, 0)",
        vendor,
    )
    await hub.execute(
        "INSERT INTO purchase_orders (site_id, id, serial, number, vendor_id, state, currency, version_epoch, version,"
        " created_by, created_at, sent_at, updated_at)"
        " VALUES ($1, $2, 1, 'PO-000001', $3, $4, 'EUR', 1, 1, 'x', 0, $5, 0)",
        box.site_id, order, vendor, state, START_MS - 3 * DAY_MS,
    )  # fmt: skip
    await hub.execute(
        "INSERT INTO purchase_order_lines (site_id, order_id, product_id, line, quantity, unit_price)"
        " VALUES ($1, $2, $3, 0, $4, 1)",
        box.site_id, order, product_id, quantity,
    )  # fmt: skip
    return order


async def seen(hub: HubCore, order: str) -> tuple[str, int, int, int | None]:
    (row,) = await hub.rows(
        "SELECT state, received, damaged, first_received_at FROM purchase_orders o"
        " JOIN purchase_order_lines l ON l.order_id = o.id WHERE o.id = $1",
        order,
    )
    return row  # type: ignore[return-value]


def come(
    box: Box, product_id: str, quantity: int, place: str = "shelf", document: str = "PO-000001", **facts: str
) -> None:
    box.move(product_id, quantity, "supplier", place, "receipt", document=document, **facts)


async def test_what_a_store_receives_is_folded_once_into_its_order(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    order = await make_order(hub, box, product, 10_000)
    come(box, product, 4000)
    come(box, product, 1000, "hold")
    await box.connect()
    assert await seen(hub, order) == ("partly_received", 4000, 1000, START_MS)
    box.acked = 0
    await box.restart()
    come(box, product, 6000)
    box.sell(product, 1000, document="PO-000001")
    await box.connect()
    assert await seen(hub, order) == ("received", 10_000, 1000, START_MS)
    assert await hub.exceptions(box.site_id) == set()


async def test_an_order_of_another_site_and_papers_of_others_are_left_alone(hub: HubCore) -> None:
    box, other, product = await hub.make_box(), await hub.make_box(), await hub.make_product()
    order = await make_order(hub, other, product, 10_000)
    come(box, product, 4000)
    come(other, product, 4000, document="PO-7")
    come(other, product, 4000, document="delivery note 9")
    await box.connect()
    await other.connect()
    assert await seen(hub, order) == ("sent", 0, 0, None)


@pytest.mark.parametrize("state", ["draft", "closed", "cancelled"])
async def test_goods_for_an_order_that_expects_none_are_counted_and_a_person_is_told(hub: HubCore, state: str) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    order = await make_order(hub, box, product, 10_000, state)
    come(box, product, 4000)
    await box.connect()
    assert (await seen(hub, order))[:2] == (state, 4000)
    assert await hub.exceptions(box.site_id) == {"order_not_open"}
    assert await hub.levels(box.site_id) == {(product, "shelf"): 4000, (product, "supplier"): -4000}


async def told(hub: HubCore, site_id: str) -> list[tuple[str, list[list[object]]]]:
    said = "SELECT body FROM changes WHERE kind = 'order' AND site_id = $1 ORDER BY position"
    return [(body["state"], [line[1:] for line in body["lines"]]) for (body,) in await hub.rows(said, site_id)]


async def test_a_store_is_told_how_far_its_order_is_whenever_goods_came_for_it(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    await make_order(hub, box, product, 10_000)
    come(box, product, 4000)
    await box.connect()
    come(box, product, 6000)
    await box.talk()
    assert await told(hub, box.site_id) == [
        ("partly_received", [[10_000, 4000]]),
        ("received", [[10_000, 10_000]]),
    ]


async def taken_in(hub: HubCore, box: Box) -> list[Receipt]:
    async with hub.database.connection() as connection:
        return await receipts.list_newest(connection, ReceiptFilter([box.site_id]), None, 0, 10)


async def on_order(hub: HubCore, box: Box, product: str) -> int:
    async with hub.database.connection() as connection:
        found = await restocking.list_on_order(connection, [box.site_id], [product])
    return found.get((box.site_id, product), 0)


async def test_what_a_store_took_in_for_an_order_is_a_receipt_and_no_longer_on_order(hub: HubCore) -> None:
    box, product, other = await hub.make_box(), await hub.make_product(), await hub.make_product()
    order = await make_order(hub, box, product, 10_000)
    assert await on_order(hub, box, product) == 10_000
    come(box, product, 4000, actor="anna", note="DN 7")
    come(box, product, 1000, "hold", actor="anna", note="DN 7")
    come(box, other, 2000, actor="anna", note="DN 7")
    await box.connect()
    (receipt,) = await taken_in(hub, box)
    assert (receipt.order_id, receipt.order_number, receipt.actor, receipt.note, receipt.received_at) == (
        order, "PO-000001", "anna", "DN 7", START_MS,
    )  # fmt: skip
    assert [(line.product_id, line.quantity, line.damaged, line.expected) for line in receipt.lines] == [
        (product, 4000, 1000, 10_000), (other, 2000, 0, 0),
    ]  # fmt: skip
    assert await on_order(hub, box, product) == 6000
    said = await hub.rows("SELECT type, data->>'order_number', data->>'state' FROM event_outbox ORDER BY id")
    assert said == [("receipt.created", "PO-000001", None), ("order.changed", None, "partly_received")]


async def test_a_receipt_that_comes_in_two_batches_is_one_and_comes_once(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    await make_order(hub, box, product, 10_000)
    come(box, product, 4000)
    await box.connect()
    come(box, product, 3000, lot="L2")
    await box.talk()
    box.acked = 0
    await box.restart()
    (receipt,) = await taken_in(hub, box)
    assert [(line.quantity, line.lot, line.expected) for line in receipt.lines] == [
        (4000, None, 10_000), (3000, "L2", 6000),
    ]  # fmt: skip
    hub.clock.now_ms += 1
    come(box, product, 3000)
    await box.talk()
    assert [len(each.lines) for each in await taken_in(hub, box)] == [1, 2]
    assert await hub.value("SELECT count(*) FROM event_outbox WHERE type = 'receipt.created'") == 2
