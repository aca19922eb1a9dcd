"""Changes become each site's feed without gaps; commands get their outcome; restored hubs get theirs back."""

import asyncio
from uuid import UUID, uuid4

import pytest

from cloud_hub.services.snapshots import Snapshots
from cloud_hub.storage import changes, feeds
from sync_protocol import chain, facts
from sync_protocol import changes as wire
from sync_protocol.records import Fact, decode
from sync_protocol.snapshot import open_chunk, read_manifest
from sync_protocol.vocabulary import transit as in_transit
from tests.integration.hub.conftest import Box, HubCore
from tests.integration.hub.test_arriving import make_order


async def join(hub: HubCore, box: Box) -> list[Fact]:
    """Take a snapshot, as a new box does; its records."""
    snapshots = Snapshots(hub.database, sign=hub.key.sign)
    manifest = read_manifest(await snapshots.manifest(box.site_id, "catalogue", hub.clock()), hub.verify)
    lines = []
    for ref in manifest.chunks:
        data = await snapshots.chunk(box.site_id, ref.hash)
        assert data is not None
        lines += open_chunk(ref.hash, data)
    box.feed = manifest.feed
    return [record for line in lines if isinstance(record := decode(line), Fact)]


async def product_chunks(hub: HubCore, snapshots: Snapshots, box: Box) -> list[str]:
    manifest = read_manifest(await snapshots.manifest(box.site_id, "catalogue", hub.clock()), hub.verify)
    return [ref.hash for ref in manifest.chunks[:-1]]


async def tell(hub: HubCore, name: str, site_id: str | None = None) -> None:
    body = wire.Site(site_id=str(uuid4()), code=name, name=name, version=(1, 1))
    async with hub.database.transaction() as connection:
        await changes.append(connection, site_id, wire.change(body), hub.clock())


async def test_a_new_box_takes_a_snapshot_and_goes_on_with_the_feed(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product(name="Tea")
    records = await join(hub, box)
    assert [r.body["name"] for r in records if r.kind == "product" and r.body["product_id"] == product] == ["Tea"]

    await tell(hub, "later")
    await box.connect()

    assert [record.body["name"] for record in box.feed_records] == ["later"]


async def test_snapshot_lines_are_the_bytes_that_the_feed_would_have_sent(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product(name="Tea", price="1.99", reorder_point=5000)
    await hub.execute(
        "INSERT INTO barcodes (code, product_id, version_epoch, version, created_at) VALUES ('1', $1, 1, 1, 0)", product
    )
    (record,) = [r for r in await join(hub, box) if r.kind == "product"]

    told = wire.parse_change(record)

    assert isinstance(told, wire.Product)
    assert wire.change(told) == record
    assert (told.price, told.reorder_point, told.barcodes[0].code) == (199, 5000, "1")


async def test_a_change_of_a_slow_transaction_is_not_skipped(hub: HubCore) -> None:
    box = await hub.make_box()
    await join(hub, box)
    await box.connect()
    async with hub.database.transaction() as slow:
        await changes.append(slow, None, Fact("site", {"name": "slow"}), hub.clock())
        quick = asyncio.create_task(tell(hub, "quick"))
        await hub.exchange.pump_all()
        assert not quick.done()
    await quick

    await hub.exchange.pump_all()
    await box.talk()

    assert [record.body["name"] for record in box.feed_records] == ["slow", "quick"]


async def test_each_site_hears_what_is_for_all_and_what_is_its_own(hub: HubCore) -> None:
    one, two = await hub.make_box(), await hub.make_box()
    for box in (one, two):
        await join(hub, box)
    await tell(hub, "all")
    await tell(hub, "one", one.site_id)
    await tell(hub, "two", two.site_id)

    for box in (one, two):
        await box.connect()

    assert [record.body["name"] for record in one.feed_records] == ["all", "one"]
    assert [record.body["name"] for record in two.feed_records] == ["all", "two"]


async def test_a_worker_that_takes_a_shard_over_goes_on_with_the_feed(hub: HubCore) -> None:
    box, other = await hub.make_box(), hub.another()
    await join(hub, box)
    await box.connect()
    await tell(hub, "later")

    box.hub = other
    await other.exchange.resume([UUID(box.device_id)])
    await other.exchange.pump_all()
    await box.talk()

    assert [record.body["name"] for record in box.feed_records] == ["later"]


async def test_a_box_put_back_from_a_backup_gets_its_feed_from_the_worker_that_takes_its_shard_over(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, other = await hub.make_box(), hub.another()
    await join(hub, box)
    old = box.feed
    await tell(hub, "again")
    await box.connect()
    assert [record.body["name"] for record in box.feed_records] == ["again"]
    box.feed, box.feed_records = old, []
    # The worker dies right after the Welcome: nothing of the feed has reached the box.
    monkeypatch.setattr(hub.exchange, "_pump", _nothing)
    await box.restart()
    assert box.feed_records == []

    box.hub = other
    await other.exchange.resume([UUID(box.device_id)])
    await other.exchange.pump_all()
    await box.talk()

    assert [record.body["name"] for record in box.feed_records] == ["again"]


async def _nothing(_line: object) -> None:
    """A worker that dies before it sends."""


async def test_a_command_is_pending_until_the_movement_that_carries_it(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    await join(hub, box)
    await box.connect()
    body = {"product_id": product, "delta": -2000, "location": "shelf", "reason": "damage"}
    command = await hub.command(box.site_id, "adjust", body)
    assert await hub.command(box.site_id, "adjust", body) == command
    await hub.exchange.pump_all()
    await box.talk()
    assert box.feed_records[-1].body["command_id"] == command
    assert await hub.rows("SELECT state, pending_quantity FROM commands WHERE id = $1", command) == [("pending", -2000)]

    box.move(product, 2000, "shelf", "shrinkage", "damage", command=command, key="k")
    await box.talk()

    row = "SELECT state, outcome_sequence, movement_id IS NOT NULL FROM commands WHERE id = $1"
    assert await hub.rows(row, command) == [("done", box.head, True)]


async def test_an_outcome_fact_settles_a_command_and_the_first_outcome_stays(hub: HubCore) -> None:
    box = await hub.make_box()
    command = await hub.command(box.site_id, "diagnose", {})
    for status in ("refused", "done"):
        box.write(facts.fact(facts.Outcome(occurred_at=0, command_id=command, status=status, code="why")))
    await box.connect()

    assert await hub.rows("SELECT state, code FROM commands WHERE id = $1", command) == [("refused", "why")]


async def test_pending_commands_are_in_the_snapshot(hub: HubCore) -> None:
    box = await hub.make_box()
    command = await hub.command(box.site_id, "diagnose", {})

    records = await join(hub, box)

    assert [record.body["command_id"] for record in records if record.kind == "command"] == [command]


async def test_orders_whose_goods_are_expected_are_in_the_snapshot(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    order = await make_order(hub, box, product, 10_000, "acknowledged")

    told = [record.body for record in await join(hub, box) if record.kind == "order"]
    assert [(body["order_id"], body["state"], body["lines"]) for body in told] == [
        (order, "acknowledged", [[product, 10_000, 0]]),
    ]  # fmt: skip
    await hub.execute("UPDATE purchase_orders SET state = 'received'")
    assert "order" not in {record.kind for record in await join(hub, box)}


async def test_a_store_is_told_of_orders_and_transfers_with_more_lines_than_a_record_holds(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    order = await make_order(hub, box, product, 10_000)
    await hub.execute(
        "INSERT INTO purchase_order_lines (site_id, order_id, product_id, line, quantity, unit_price)"
        " SELECT $1, $2, gen_random_uuid(), n, 1000, 1 FROM generate_series(1, 499) n",
        box.site_id, order,
    )  # fmt: skip
    await join(hub, box)
    box.move(product, 4000, "supplier", "shelf", "receipt", document="PO-000001")
    await box.connect()
    await hub.exchange.pump_all()
    await box.talk()
    heard = [record.body for record in box.feed_records if record.kind == "order"]
    assert len({(body["order_id"], tuple(body["version"])) for body in heard}) == 1
    assert sorted(line[1:] for body in heard for line in body["lines"]) == [[1000, 0]] * 499 + [[10_000, 4000]]

    source, transfer = await hub.make_box(), str(uuid4())
    for product in [await hub.make_product() for _ in range(201)]:
        source.move(product, 10**12, "shelf", in_transit(transfer), "transfer_out", document=transfer)
    body = facts.Transfer(
        occurred_at=0, transfer_id=transfer, from_site=source.site_id, to_site=box.site_id, step="dispatched"
    )
    source.write(facts.fact(body))
    await source.connect()
    await hub.exchange.pump_all()
    await box.talk()
    notices = [record.body["lines"] for record in box.feed_records if record.kind == "transfer_notice"]
    assert max(map(len, notices)) == 200
    assert len({product for lines in notices for product, _ in lines}) == 201


async def test_a_restored_hub_takes_back_the_feed_records_that_boxes_kept(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product(name="old name")
    unstocked = await hub.make_product()
    said = "INSERT INTO site_products (site_id, product_id, is_stocked, price, version_epoch, version)"
    await hub.execute(f"{said} VALUES ($1, $2, true, '1.11', 1, 1), ($1, $3, false, NULL, 1, 1)",
                      box.site_id, product, unstocked)  # fmt: skip
    await join(hub, box)
    await box.connect()
    command = await hub.command(box.site_id, "diagnose", {})
    async with hub.database.transaction() as connection:
        await changes.append(connection, None, wire.change(_product(product, "new name")), hub.clock())
        await changes.append(connection, None, wire.change(_product(unstocked, "newer")), hub.clock())
        forgotten = wire.Order(order_id=str(uuid4()), version=(1, 3), number="PO-000001", state="sent", vendor="Dairy")
        await changes.append(connection, box.site_id, wire.change(forgotten), hub.clock())
    await hub.exchange.pump_all()
    kept = [payload for payload in hub.wire.sent[box.address] if payload[:1] == b"\0"]
    await box.talk()
    assert len(box.feed_records) == 4
    await _forget(hub, box, command)
    await box.connect()
    returned = [type(effect).__name__ for effect in box.effects]
    assert {"ReturnFeed", "FetchSnapshot"} <= set(returned)

    lease = bytes.fromhex(str(box.session.lease))
    await hub.hear(box.address, [b"\0" + lease + payload[9:] for payload in kept])

    assert await hub.value("SELECT name FROM products WHERE id = $1", product) == "new name"
    assert await hub.rows("SELECT state FROM commands WHERE id = $1", command) == [("pending",)]
    assert await hub.exceptions(box.site_id) >= {"feed_returned", "order_forgotten"}
    chains = "SELECT price, lifecycle FROM products WHERE id = ANY($1::uuid[])"
    assert await hub.rows(chains, [product, unstocked]) == [(None, "active")] * 2, (
        "what one site says is not the chain's"
    )


async def _forget(hub: HubCore, box: Box, command: str) -> None:
    """The database as it was before the command and the change."""
    (origin,) = (await hub.rows("SELECT feed_origin::text FROM feeds WHERE site_id = $1", box.site_id))[0]
    await hub.execute("DELETE FROM feed_records WHERE site_id = $1", box.site_id)
    await hub.execute("DELETE FROM changes")
    await hub.execute("DELETE FROM commands WHERE id = $1", command)
    await hub.execute(
        "UPDATE feeds SET head = 0, acked = 0, chain_hash = $2 WHERE site_id = $1",
        box.site_id, chain.genesis(box.site_id, origin),
    )  # fmt: skip


def _product(product_id: str, name: str) -> wire.Product:
    return wire.Product(product_id=product_id, version=(1, 5), sku=product_id, name=name)


async def test_the_cursor_of_a_feed_never_goes_back_at_the_hub(hub: HubCore) -> None:
    box = await hub.make_box()
    await join(hub, box)
    await tell(hub, "a")
    await box.connect()
    async with hub.database.connection() as connection:
        feed = await feeds.find(connection, box.site_id)
        assert feed is not None
        await feeds.save_acked(connection, box.site_id, feed.feed_origin, 0)
    assert await hub.value("SELECT acked FROM feeds WHERE site_id = $1", box.site_id) == 1


async def test_the_next_box_of_the_chain_gets_the_chunks_of_the_one_before_it_until_a_product_changes(
    hub: HubCore,
) -> None:
    one, two = await hub.make_box(), await hub.make_box()
    product = await hub.make_product(name="Tea")
    snapshots = Snapshots(hub.database, sign=hub.key.sign)
    before = await product_chunks(hub, snapshots, one)

    assert await product_chunks(hub, snapshots, two) == before
    await hub.execute("UPDATE products SET price = 3 WHERE id = $1", product)
    changed = await product_chunks(hub, snapshots, two)
    assert changed != before
    await hub.execute(
        "INSERT INTO site_products (site_id, product_id, price, version_epoch, version) VALUES ($1, $2, 4, 1, 1)",
        UUID(one.site_id), product,
    )  # fmt: skip
    assert await product_chunks(hub, snapshots, two) == changed
    assert await product_chunks(hub, snapshots, one) != changed


async def test_chunks_that_were_forgotten_are_made_again(hub: HubCore) -> None:
    box = await hub.make_box()
    await hub.make_product(name="Tea")
    snapshots = Snapshots(hub.database, sign=hub.key.sign)
    before = await product_chunks(hub, snapshots, box)
    await hub.execute("DELETE FROM snapshot_chunks")

    assert await product_chunks(hub, snapshots, box) == before
    for name in before:
        assert await snapshots.chunk(box.site_id, name) is not None
