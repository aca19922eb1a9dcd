"""Stores that come back at the same moment share transactions: each is judged and answered on its own."""

from collections import deque
from uuid import uuid4

import pytest

from cloud_hub.services.judging import Frame
from sync_protocol import edge_session as edge
from sync_protocol import messages
from sync_protocol.records import Fact
from tests.integration.hub.conftest import Box, HubCore


async def come_back(hub: HubCore, boxes: list[Box]) -> None:
    for box in boxes:
        box.hello()
    await hub.talk(boxes)


async def test_the_batches_of_stores_that_wait_are_one_transaction(hub: HubCore) -> None:
    boxes, product = [await hub.make_box() for _ in range(12)], await hub.make_product()
    await come_back(hub, boxes)
    for box in boxes:
        box.receive(product, 5000)
        box.sell(product, 2000)

    await hub.talk(boxes)

    found = await hub.rows("SELECT DISTINCT xmin::text FROM movements")
    assert len(found) == 1
    for box in boxes:
        assert box.acked == box.head == 3
        assert await hub.levels(box.site_id) == box.levels()


async def test_the_greetings_of_stores_that_wait_are_one_transaction(hub: HubCore) -> None:
    boxes = [await hub.make_box() for _ in range(12)]

    await come_back(hub, boxes)

    assert len(await hub.rows("SELECT DISTINCT xmin::text FROM origins WHERE lease IS NOT NULL")) == 1
    assert {box.session.link for box in boxes} == {edge.Link.STREAMING}
    assert len({box.session.lease for box in boxes}) == 12


async def test_one_store_that_is_fenced_leaves_the_others_their_welcome(hub: HubCore) -> None:
    boxes = [await hub.make_box() for _ in range(3)]
    for box in boxes:
        box.receive(str(uuid4()), 1000)
    await come_back(hub, boxes)
    boxes[1].records = boxes[1].records[:1]

    await come_back(hub, boxes)

    assert [box.session.link for box in boxes] == [edge.Link.STREAMING, edge.Link.FENCED, edge.Link.STREAMING]


async def test_a_restored_hub_that_is_told_so_by_one_store_begins_a_new_epoch_before_it_answers_any(
    hub: HubCore,
) -> None:
    boxes = [await hub.make_box() for _ in range(3)]
    await come_back(hub, boxes)
    boxes[2].receive(product := str(uuid4()), 1000)
    await hub.talk(boxes)
    before = await hub.epoch()
    forgotten = boxes[2].origin_id
    for table in ("movements", "batches", "items"):
        await hub.execute(f"DELETE FROM {table} WHERE origin_id = $1", forgotten)
    await hub.execute("DELETE FROM levels WHERE site_id = $1", boxes[2].site_id)
    await hub.execute(
        "UPDATE origins SET mark = 0, chain_hash = $2 WHERE origin_id = $1", forgotten, boxes[2].hash_at(0)
    )

    await come_back(hub, boxes)

    assert await hub.epoch() > before
    assert {box.epoch for box in boxes} == {await hub.epoch()}
    assert (await hub.levels(boxes[2].site_id))[product, "shelf"] == 1000
    assert await hub.value("SELECT count(*) FROM origins WHERE lease IS NOT NULL") == 3


@pytest.mark.parametrize("bad", [0, 1, 2])
async def test_what_cannot_be_stored_of_one_store_does_not_take_the_others_down(hub: HubCore, bad: int) -> None:
    boxes, product = [await hub.make_box() for _ in range(3)], await hub.make_product()
    await come_back(hub, boxes)
    await hub.execute("ALTER TABLE movements ADD CONSTRAINT unforeseen CHECK (note IS DISTINCT FROM 'unforeseen')")
    for number, box in enumerate(boxes):
        box.receive(product, 5000)
        box.sell(product, 100, note="unforeseen" if number == bad else None)

    await hub.talk(boxes)

    assert [box.acked for box in boxes] == [3, 3, 3]
    quarantined = await hub.rows("SELECT site_id::text, sequence FROM quarantine")
    assert quarantined == [(boxes[bad].site_id, 3)]
    for number, box in enumerate(boxes):
        assert (await hub.levels(box.site_id))[product, "shelf"] == (5000 if number == bad else 4900)


async def test_a_forged_batch_is_answered_to_its_sender_only(hub: HubCore) -> None:
    boxes = [await hub.make_box() for _ in range(3)]
    await come_back(hub, boxes)
    for box in boxes:
        box.receive(str(uuid4()), 1000)
    frames = [Frame(str(box.session.lease), box.sealed(1, 2)) for box in boxes]
    frames[1] = frames[1]._replace(sealed=frames[1].sealed[:-1] + bytes([frames[1].sealed[-1] ^ 1]))

    answers = await hub.intake.take([(box.address, [f]) for box, f in zip(boxes, frames, strict=True)], hub.clock())

    assert [[messages.decode_down(each).type for each in said] for said in answers] == [["ack"], ["nack"], ["ack"]]
    assert await hub.exceptions(boxes[1].site_id) == {"batch_signature"}
    assert await hub.rows("SELECT mark FROM origins ORDER BY mark") == [(0,), (2,), (2,)]


async def test_odd_things_are_raised_at_the_store_that_they_are_of(hub: HubCore) -> None:
    boxes, product = [await hub.make_box() for _ in range(3)], await hub.make_product()
    await come_back(hub, boxes)
    for box in boxes[:2]:
        box.sell(product)
    boxes[2].receive(unknown := str(uuid4()), 1000)
    boxes[1].write(Fact("task", {
        "task_id": str(uuid4()), "rule": "verify_negative", "product_id": product, "state": "open", "detail": "",
        "occurred_at": hub.clock(),
    }))  # fmt: skip

    await hub.talk(boxes)

    assert [await hub.exceptions(box.site_id) for box in boxes] == [{"negative_stock"}, set(), {"unknown_product"}]
    assert await hub.rows("SELECT proposed_by_site::text FROM products WHERE id = $1", unknown) == [(boxes[2].site_id,)]


async def test_what_stores_said_is_dealt_with_in_each_ones_order(hub: HubCore) -> None:
    one, two = await hub.make_box(), await hub.make_box()
    await come_back(hub, [one, two])
    for box in (one, two):
        for _ in range(3):
            box.receive(str(uuid4()), 1000)
    lease = str(one.session.lease)
    batches = [messages.frame(lease, one.sealed(first, 2)) for first in (1, 3, 5)]
    ping = messages.encode(messages.Ping(lease=lease))
    payloads = deque([batches[0], ping, b"{", *batches[1:], ping])

    await hub.exchange.handle([(one.address, payloads), (two.address, deque(two.speak()))])

    said = [messages.decode_down(each) for each in hub.wire.sent[one.address]]
    assert [each.mark for each in said if isinstance(each, messages.Ack)] == [2, 2, 6, 6]
    assert not payloads


async def test_what_was_committed_is_not_handled_again_when_the_database_goes_away(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await hub.make_box(), await hub.make_box()
    await come_back(hub, [one, two])
    one.receive(str(uuid4()), 1000)
    first = deque(one.speak())
    second = deque([messages.encode(messages.Ping(lease=str(two.session.lease)))])

    async def away(*_: object) -> None:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(hub.exchange, "_ping", away)
    with pytest.raises(ConnectionError):
        await hub.exchange.handle([(one.address, first), (two.address, second)])

    assert (len(first), len(second)) == (0, 1)
