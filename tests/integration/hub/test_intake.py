"""Batches become ledger rows and levels; acks only after commits; odd facts are stored and raised."""

import asyncio
import random
from uuid import uuid4

import orjson
import pytest

from cloud_hub.services.judging import Frame
from sync_protocol import messages
from sync_protocol.records import Fact, Movement
from tests.integration.hub.conftest import HubCore


async def test_a_stores_movements_become_the_same_levels_at_the_hub(hub: HubCore, seed: int) -> None:
    box, chance = await hub.make_box(), random.Random(seed)
    products = [str(uuid4()) for _ in range(20)]
    for product in products:
        box.receive(product, 50_000)
    for _ in range(3_000):
        box.sell(chance.choice(products), chance.randrange(1, 4) * 1000)

    await box.connect()

    assert box.acked == box.head
    assert await hub.levels(box.site_id) == box.levels()
    assert await hub.value("SELECT count(*) FROM movements WHERE site_id = $1", box.site_id) == 3_020
    assert await hub.value("SELECT sum(quantity) FROM levels WHERE site_id = $1", box.site_id) == 0


async def test_the_same_batch_sent_many_times_counts_once(hub: HubCore) -> None:
    box = await hub.make_box()
    box.receive(product := str(uuid4()), 10_000)
    await box.connect()
    lease = str(box.session.lease)
    frame = Frame(lease, box.sealed(1, box.head))

    for _ in range(20):
        answers = await hub.take(box.address, [frame, frame])
        assert [messages.decode_down(answer).type for answer in answers] == ["ack"]

    assert await hub.levels(box.site_id) == {(product, "shelf"): 10_000, (product, "supplier"): -10_000}


async def test_a_gap_is_answered_with_the_position_that_is_expected(hub: HubCore) -> None:
    box = await hub.make_box()
    for _ in range(5):
        box.receive(str(uuid4()), 1000)
    box.records, kept = box.records[:2], box.records
    await box.connect()
    box.records = kept

    (answer,) = await hub.take(box.address, [Frame(str(box.session.lease), box.sealed(7, 2))])

    nack = messages.decode_down(answer)
    assert isinstance(nack, messages.Nack)
    assert (nack.code, nack.expected) == ("gap", 3)


async def test_a_batch_of_a_lease_that_ended_changes_nothing(hub: HubCore) -> None:
    box = await hub.make_box()
    await box.connect()
    old = str(box.session.lease)
    await box.connect()
    box.receive(str(uuid4()), 1000)

    (answer,) = await hub.take(box.address, [Frame(old, box.sealed(1, 2))])

    nack = messages.decode_down(answer)
    assert isinstance(nack, messages.Nack)
    assert nack.code == "lease"
    assert await hub.levels(box.site_id) == {}


async def test_two_workers_with_one_origin_write_each_record_once(hub: HubCore) -> None:
    box, other = await hub.make_box(), hub.another()
    await box.connect()
    for _ in range(200):
        box.receive(str(uuid4()), 1000)
    frames = [Frame(str(box.session.lease), box.sealed(first, 40)) for first in range(1, 401, 40)]

    await asyncio.gather(*(worker.take(box.address, [frame]) for frame in reversed(frames) for worker in (hub, other)))
    for worker in (hub, other):
        for frame in frames:
            await worker.take(box.address, [frame])

    assert await hub.value("SELECT mark FROM origins WHERE origin_id = $1", box.origin_id) == 400
    assert await hub.levels(box.site_id) == box.levels()


async def test_a_forged_signature_stops_the_origin_and_is_raised(hub: HubCore) -> None:
    box = await hub.make_box()
    await box.connect()
    box.receive(str(uuid4()), 1000)
    forged = bytearray(box.sealed(1, 2))
    forged[-1] ^= 1

    (answer,) = await hub.take(box.address, [Frame(str(box.session.lease), bytes(forged))])

    nack = messages.decode_down(answer)
    assert isinstance(nack, messages.Nack)
    assert nack.code == "signature"
    assert await hub.exceptions(box.site_id) == {"batch_signature"}
    assert await hub.levels(box.site_id) == {}


async def test_another_devices_origin_is_not_written_to(hub: HubCore) -> None:
    box, thief = await hub.make_box(), await hub.make_box()
    await box.connect()
    box.receive(str(uuid4()), 1000)
    address = box.address._replace(device_id=thief.device_id)

    assert await hub.take(address, [Frame(str(box.session.lease), box.sealed(1, 2))]) == []
    assert await hub.levels(box.site_id) == {}


async def test_an_unknown_product_gets_a_placeholder_and_an_exception(hub: HubCore) -> None:
    box = await hub.make_box()
    box.receive(product := str(uuid4()), 1000)

    await box.connect()

    assert await hub.rows("SELECT lifecycle FROM products WHERE id = $1", product) == [("provisional",)]
    assert "unknown_product" in await hub.exceptions(box.site_id)


async def test_a_malformed_fact_is_stored_and_raised(hub: HubCore) -> None:
    box = await hub.make_box()
    box.write(Fact("alert", {"state": "no such state"}))
    box.receive(str(uuid4()), 1000)

    await box.connect()

    assert box.acked == box.head
    assert await hub.value("SELECT count(*) FROM facts WHERE site_id = $1", box.site_id) == 1
    assert "malformed_fact" in await hub.exceptions(box.site_id)


async def test_what_cannot_be_read_is_quarantined_and_the_records_behind_it_land(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 5000)
    box.records.append(b"this is no record")
    box.sell(product)

    await box.connect()

    assert box.acked == box.head == 4
    assert await hub.rows("SELECT sequence, encoded FROM quarantine WHERE site_id = $1", box.site_id) == [
        (3, b"this is no record")
    ]
    assert (await hub.levels(box.site_id))[product, "shelf"] == 4000
    assert "quarantined" in await hub.exceptions(box.site_id)


@pytest.mark.parametrize(
    "poison",
    [
        Movement(1, 2**63 - 1, "shelf", "customer", "sale", 0),
        Movement(1, 1000, "x" * 9000, "customer", "sale", 0),
        Movement(1, 1000, "shelf", "customer", "sale", 0, key="k" * 9000),
    ],
    ids=["quantity beyond the limit", "location too long for a key", "key too long"],
)
async def test_a_record_that_no_table_can_hold_does_not_block_the_store(hub: HubCore, poison: Movement) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 5000)
    box.write(poison)
    box.sell(product)

    await box.connect()

    assert box.acked == box.head
    assert await hub.value("SELECT count(*) FROM quarantine WHERE site_id = $1", box.site_id) == 1
    assert (await hub.levels(box.site_id))[product, "shelf"] == 4000


async def test_nul_characters_and_clocks_of_other_centuries_are_stored(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 5000)
    box.write(Movement(1, 1000, "shelf", "customer", "sale", 2**60, 0, note="a\0b"))
    box.write(Movement(1, 1000, "shelf", "customer", "sale", -(2**60), 0, expiry="no day"))
    box.write(Fact("note", {"text": "a\0b"}))

    await box.connect()

    assert box.acked == box.head
    assert (await hub.levels(box.site_id))[product, "shelf"] == 3000
    assert (
        await hub.value("SELECT note FROM movements WHERE site_id = $1 AND note IS NOT NULL", box.site_id) == "a\ufffdb"
    )


async def test_what_nobody_foresaw_is_found_by_halving_and_quarantined(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 5000)
    await hub.execute("ALTER TABLE movements ADD CONSTRAINT unforeseen CHECK (note IS DISTINCT FROM 'unforeseen')")
    for number in range(40):
        box.sell(product, 100, note="unforeseen" if number == 17 else None)

    await box.connect()

    assert box.acked == box.head
    assert await hub.value("SELECT count(*) FROM quarantine WHERE site_id = $1", box.site_id) == 1
    assert (await hub.levels(box.site_id))[product, "shelf"] == 5000 - 39 * 100


async def test_stock_below_zero_is_stored_and_raised_once(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.sell(product)
    await box.connect()
    box.sell(product)
    await box.talk()

    found = "SELECT occurrences FROM exceptions WHERE site_id = $1 AND kind = 'negative_stock'"
    assert await hub.rows(found, box.site_id) == [(1,)]


async def test_items_known_to_another_worker_are_not_taken_for_unknown(hub: HubCore) -> None:
    box, product, other = await hub.make_box(), str(uuid4()), hub.another()
    box.receive(product, 1000)
    await box.connect()
    lease = str(box.session.lease)
    box.receive(second := str(uuid4()), 1000)
    await other.take(box.address, [Frame(lease, box.sealed(3, 2))])
    box.receive(second, 1000)

    await hub.take(box.address, [Frame(lease, box.sealed(5, 1))])

    assert (await hub.levels(box.site_id))[second, "shelf"] == 2000
    assert "unknown_item" not in await hub.exceptions(box.site_id)


async def test_an_outage_in_the_middle_of_a_transaction_leaves_nothing(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    await box.connect()
    box.receive(product, 1000)
    frame = Frame(str(box.session.lease), box.sealed(1, 2))
    async with hub.database.connection() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE levels IN ACCESS EXCLUSIVE MODE")
        taking = asyncio.create_task(hub.take(box.address, [frame]))
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while (pid := await hub.value(waiting)) is None:  # noqa: ASYNC110 - another program's state
            await asyncio.sleep(0.01)
        await blocker.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(Exception, match=r"terminat|closed|connection"):
            await taking

    assert await hub.value("SELECT count(*) FROM movements WHERE site_id = $1", box.site_id) == 0
    await hub.take(box.address, [frame])
    assert await hub.levels(box.site_id) == box.levels()


async def test_a_reused_key_is_stored_and_raised(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.sell(product, key="till-1")
    box.sell(product, key="till-1")

    await box.connect()

    assert "key_reused" in await hub.exceptions(box.site_id)
    assert await hub.value("SELECT count(*) FROM movements WHERE site_id = $1", box.site_id) == 2


async def test_records_of_a_later_version_are_kept_with_their_bytes(hub: HubCore) -> None:
    box = await hub.make_box()
    later = orjson.dumps(["later", 1, 2, 3])
    box.records.append(later)
    await box.connect()

    assert await hub.rows("SELECT encoded FROM unknown_records WHERE site_id = $1", box.site_id) == [(later,)]
