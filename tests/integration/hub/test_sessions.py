"""Hello at the hub: what the database knows, the lease that counts, fences, restores, admission."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from sync_protocol import edge_session as edge
from sync_protocol import messages
from tests.integration.hub.conftest import Box, HubCore


async def test_a_lost_ack_makes_the_box_jump_to_the_hubs_mark(hub: HubCore) -> None:
    box = await hub.make_box()
    box.receive(str(uuid4()), 1000)
    await box.connect()
    box.acked = 0

    await box.restart()

    assert box.acked == box.head
    assert await hub.value("SELECT count(*) FROM movements WHERE site_id = $1", box.site_id) == 1


async def test_a_box_that_the_database_forgot_is_known_by_its_certificate(hub: HubCore) -> None:
    box = await hub.make_box()
    await hub.execute("DELETE FROM origins WHERE origin_id = $1", box.origin_id)
    await hub.execute("DELETE FROM devices WHERE id = $1", box.device_id)
    box.receive(str(uuid4()), 1000)

    await box.connect()

    assert box.acked == box.head
    assert "known_by_certificate" in await hub.exceptions(box.site_id)


async def test_a_box_without_a_certificate_of_this_hub_is_refused(hub: HubCore) -> None:
    box = Box(hub, await hub.make_site(), str(uuid4()), str(uuid4()))
    box.certificate = "{}.00"

    await box.connect()

    assert box.session.link is edge.Link.REFUSED
    assert await hub.value("SELECT count(*) FROM origins WHERE origin_id = $1", box.origin_id) == 0


async def test_a_revoked_device_is_refused_also_when_only_the_deny_list_knows(hub: HubCore) -> None:
    box = await hub.make_box()
    hub.deny.devices.add(box.device_id)

    await box.connect()

    assert box.session.link is edge.Link.REFUSED


async def test_the_second_of_two_live_boxes_with_one_identity_is_fenced(hub: HubCore) -> None:
    box, clone = await hub.make_box(), Box(hub, "", "", "")
    box.receive(str(uuid4()), 1000)
    await box.connect()
    clone.__dict__.update(box.__dict__)
    clone.instance, clone.session = "f" * 16, edge.EdgeSession(verify_hub=hub.verify)

    await clone.connect()

    assert clone.session.link is edge.Link.FENCED
    assert box.session.link is edge.Link.STREAMING
    assert "fenced_clone" in await hub.exceptions(box.site_id)


async def a_fenced_box(hub: HubCore) -> tuple[Box, str, int]:
    """A box that was put back and sold on; its product, and up to where it and the hub agree."""
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 10_000)
    common = box.head
    for _ in range(3):
        box.sell(product)
    await box.connect()
    box.records = box.records[:common]
    box.acked = common
    for _ in range(5):
        box.sell(product, 2000)
    return box, product, common


async def test_a_box_restored_from_a_backup_is_fenced_and_its_tail_kept_as_a_branch(hub: HubCore) -> None:
    box, _, common = await a_fenced_box(hub)
    before = await hub.levels(box.site_id)

    await box.restart()

    assert box.session.link is edge.Link.FENCED
    assert await hub.levels(box.site_id) == before
    branches = "SELECT fork_position, head, state FROM branches WHERE site_id = $1"
    assert await hub.rows(branches, box.site_id) == [(common, common + 5, "stored")]
    assert await hub.value("SELECT count(*) FROM branch_records WHERE site_id = $1", box.site_id) == 5


async def test_a_fenced_box_is_not_asked_again_for_what_its_branch_has(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, product, common = await a_fenced_box(hub)
    await box.restart()
    sealed, asked = box.sealed, []

    def seal(first: int, count: int, *, raw: bool = False) -> bytes:
        asked.append(first)
        return sealed(first, count, raw=raw)

    monkeypatch.setattr(box, "sealed", seal)

    await box.restart()
    box.sell(product)
    await box.restart()

    assert asked == [box.head]
    branches = "SELECT fork_position, head, state FROM branches WHERE site_id = $1"
    assert await hub.rows(branches, box.site_id) == [(common, common + 6, "stored")]


async def test_two_boxes_of_one_identity_hand_their_tails_in_side_by_side(hub: HubCore) -> None:
    """Each says Hello again every few seconds: neither begins the other's tail anew, and both are on record."""
    box, product, common = await a_fenced_box(hub)
    clone = Box(hub, "", "", "")
    clone.__dict__.update(box.__dict__)
    clone.records, clone.session = box.records[:common], edge.EdgeSession(verify_hub=hub.verify)
    for _ in range(5):
        clone.sell(product, 3000)

    for each in (box, clone, box):
        await each.restart()
        assert each.session.link is edge.Link.FENCED

    assert await hub.value("SELECT count(*) FROM branch_records WHERE site_id = $1", box.site_id) == 10
    assert await hub.value("SELECT count(*) FROM branch_batches WHERE site_id = $1", box.site_id) == 2
    await hub.recovery.confirm_survivor(box.device_id, "ann", hub.clock())
    for each in (box, clone):
        await each.restart()
        assert [effect for effect in each.effects if isinstance(effect, edge.Become)]


async def test_a_hub_that_was_restored_finds_it_by_the_numbers_and_begins_one_new_epoch(hub: HubCore) -> None:
    boxes = [await hub.make_box() for _ in range(3)]
    for box in boxes:
        box.receive(str(uuid4()), 1000)
        await box.connect()
    first = await hub.epoch()
    await hub.execute("DELETE FROM movements; ")
    for table in ("items", "levels", "batches", "facts"):
        await hub.execute(f"DELETE FROM {table}")
    for box in boxes:
        await hub.execute(
            "UPDATE origins SET mark = 0, chain_hash = $2, boot = 0, instance = NULL WHERE origin_id = $1",
            box.origin_id, box.hash_at(0),
        )  # fmt: skip

    for box in boxes:
        await box.restart()

    assert [box.acked for box in boxes] == [box.head for box in boxes]
    for box in boxes:
        assert await hub.levels(box.site_id) == box.levels()
    epochs = await hub.value("SELECT jsonb_array_length(epochs) FROM hub_state")
    assert (await hub.epoch() > first, epochs) == (True, 1)


async def test_greetings_beyond_the_room_are_put_off_before_anything_is_read(make_hub: Callable[..., HubCore]) -> None:
    hub = make_hub(hellos_max=0)
    box = await hub.make_box()

    await box.connect()

    assert box.session.link is edge.Link.REFUSED
    assert box.session.timer() is not None
    assert hub.sessions.refused == 1


async def test_a_ping_of_a_session_that_ended_is_told_so(hub: HubCore) -> None:
    box = await hub.make_box()
    await box.connect()
    old = str(box.session.lease)
    await box.connect()

    for lease, kind in ((old, "nack"), (str(box.session.lease), "ack")):
        await hub.hear(box.address, [messages.encode(messages.Ping(lease=lease))])
        assert [messages.decode_down(p).type for p in hub.wire.sent.pop(box.address)] == [kind]


async def test_many_boxes_that_come_back_at_once_all_get_in(hub: HubCore) -> None:
    boxes = [await hub.make_box() for _ in range(40)]
    for box in boxes:
        box.receive(str(uuid4()), 1000)

    await asyncio.gather(*(box.connect() for box in boxes))

    assert all(box.acked == box.head for box in boxes)


async def test_what_was_sent_while_no_worker_listened_is_sent_again_as_soon_as_one_takes_over(hub: HubCore) -> None:
    box, heir = await hub.make_box(), hub.another()
    await box.connect()
    box.receive(product := str(uuid4()), 1000)
    assert box.speak()

    box.hub = heir
    await heir.exchange.resume([UUID(box.device_id)])
    assert box.hear()
    await box.talk()

    assert box.acked == box.head
    assert (await hub.levels(box.site_id))[product, "shelf"] == 1000


async def test_a_worker_that_takes_over_disturbs_no_box_that_waits_for_nothing(hub: HubCore) -> None:
    box, heir = await hub.make_box(), hub.another()
    box.receive(str(uuid4()), 1000)
    await box.connect()

    box.hub = heir
    await heir.exchange.resume([UUID(box.device_id)])
    assert box.hear()

    assert box.session.link is edge.Link.STREAMING
    assert box.speak() == []
