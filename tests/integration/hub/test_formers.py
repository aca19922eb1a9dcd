"""A hub restored to a backup from before a take-over: the successor tells it what the predecessor had sent."""

from pathlib import Path
from uuid import uuid4

import pytest
import uuid_utils

from cloud_hub.errors import Conflict
from cloud_hub.services import backup, formers, registering
from cloud_hub.services.verification import verify
from cloud_hub.storage import origins
from cloud_hub.storage.database import Database
from sync_protocol import edge_session as edge
from sync_protocol.keys import Claims, Predecessor, issue
from sync_protocol.limits import STALL_TIMEOUT_MS
from tests.integration.hub.conftest import Box, HubCore

BACKED_UP = 3


async def replaced(hub: HubCore) -> tuple[Box, Box, str]:
    """The hub as its backup knows it: the old box at BACKED_UP, nothing of the new one; both boxes; a product."""
    old, product = await hub.make_box(), str(uuid4())
    old.receive(product, 10_000)
    old.sell(product)
    assert old.head == BACKED_UP
    await old.connect()
    for _ in range(5):
        # Sent, acknowledged and forgotten: the restore has undone it.
        old.sell(product)
    new = Box(hub, old.site_id, str(uuid4()), str(uuid_utils.uuid7()))
    new.predecessor = old
    claims = Claims(
        site_id=new.site_id, device_id=new.device_id, origin_id=new.origin_id,
        public_key=new.key.public_key().public_bytes_raw().hex(), hub_epoch=1, issued_at=0,
        predecessor=Predecessor(origin_id=old.origin_id, position=old.head, hash=old.hash_at(old.head).hex()),
    )  # fmt: skip
    new.certificate = issue(claims, hub.key.sign)
    new.sell(product, 2000)
    return old, new, product


async def mark(hub: HubCore, box: Box) -> tuple[int, str]:
    ((position, state),) = await hub.rows("SELECT mark, state FROM origins WHERE origin_id = $1", box.origin_id)
    return position, state


async def test_the_successor_tells_what_its_predecessor_had_sent_after_the_backup(hub: HubCore) -> None:
    old, new, product = await replaced(hub)

    await new.connect()

    assert await mark(hub, old) == (old.head, "closed")
    # 10 received, 6 sold by the old box, 2 by the new one.
    assert (await hub.levels(old.site_id))[product, "shelf"] == 2000
    assert new.acked == new.head
    assert "former_returned" in await hub.exceptions(old.site_id)
    async with hub.database.connection() as connection:
        assert await verify(connection) == []


def losing(box: Box, lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time that the box tells a stretch, one of its batches is lost."""
    tell = box.former
    times = iter([True])
    monkeypatch.setattr(
        box,
        "former",
        lambda wanted: [each for i, each in enumerate(tell(wanted)) if i != lost or not next(times, False)],
    )


async def taken_over(hub: HubCore, old: Box) -> Box:
    """The same device goes on under another origin, with a certificate of the hub."""
    origin_id = await hub.recovery.confirm_survivor(old.device_id, "ann", hub.clock())
    old.effects.clear()
    await old.restart()
    (become,) = [effect for effect in old.effects if isinstance(effect, edge.Become)]
    new = Box(hub, old.site_id, old.device_id, origin_id)
    new.key, new.certificate, new.boot, new.predecessor = old.key, become.certificate, old.boot + 1, old
    return new


@pytest.mark.parametrize("take_overs", [1, 2, 4])
async def test_any_number_of_take_overs_since_the_backup_is_told(
    hub: HubCore, database_url: str, empty_database_url: str, tmp_path: Path, take_overs: int
) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 100_000)
    await box.connect()
    made = await backup.make(database_url, tmp_path / "hub.backup", now_ms=hub.clock())
    for _ in range(take_overs):
        box.sell(product)
        await box.talk()
        box = await taken_over(hub, box)
        box.sell(product)
        await box.connect()
    await backup.restore(empty_database_url, made.path, now_ms=hub.clock())
    database = await Database.open(empty_database_url, connections=4)
    after = HubCore(database, hub.key, hub.clock)
    box.hub = after

    await box.restart()

    at: Box | None = box
    while at is not None:
        assert await mark(after, at) == (at.head, "open" if at is box else "closed")
        at = at.predecessor
    assert (await after.levels(box.site_id))[product, "shelf"] == 100_000 - 2_000 * take_overs
    async with database.connection() as connection:
        assert await verify(connection) == []
        assert [str(each.origin_id) for each in await origins.list_of_site(connection, box.site_id)][
            -1
        ] == box.origin_id
    await database.close()


async def test_a_box_of_a_closed_origin_is_fenced_by_a_restored_hub_also_before_its_successor_has_spoken(
    hub: HubCore, database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    old, product = await hub.make_box(), str(uuid4())
    old.receive(product, 100_000)
    await old.connect()
    made = await backup.make(database_url, tmp_path / "hub.backup", now_ms=hub.clock())
    old.sell(product)
    await old.talk()
    new = await taken_over(hub, old)
    new.sell(product)
    await new.connect()
    await backup.restore(empty_database_url, made.path, now_ms=hub.clock())
    database = await Database.open(empty_database_url, connections=4)
    after = HubCore(database, hub.key, hub.clock)
    async with database.transaction() as connection:
        await registering.register_again(connection, hub.deny.successions(), hub.verify, hub.clock())
    old.hub = new.hub = after
    old.sell(product)

    await old.restart()
    await new.restart()

    assert old.session.link is edge.Link.FENCED
    assert new.session.link is edge.Link.STREAMING
    assert (await after.levels(old.site_id))[product, "shelf"] == 100_000 - 2_000
    async with database.connection() as connection:
        assert await verify(connection) == []
    await database.close()


async def test_what_was_told_once_is_not_asked_for_again(hub: HubCore) -> None:
    _, new, product = await replaced(hub)
    await new.connect()
    new.effects.clear()

    await new.restart()

    assert not [effect for effect in new.effects if isinstance(effect, edge.ReturnFormer)]
    assert (await hub.levels(new.site_id))[product, "shelf"] == 2000


async def test_records_that_do_not_lead_to_the_certificates_hash_have_no_effect(hub: HubCore) -> None:
    old, new, product = await replaced(hub)
    old.records[-1] = old.records[BACKED_UP - 1].replace(b"1000", b"9000")

    await new.connect()

    assert await mark(hub, old) == (BACKED_UP, "closed")
    assert (await hub.levels(old.site_id))[product, "shelf"] == 9000 - 2000
    assert "former_refused" in await hub.exceptions(old.site_id)


async def test_a_batch_that_was_lost_is_asked_for_as_soon_as_the_next_one_is_there(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, product = await replaced(hub)
    losing(new, 1, monkeypatch)

    await new.connect()

    assert await mark(hub, old) == (old.head, "closed")
    assert (await hub.levels(old.site_id))[product, "shelf"] == 2000


@pytest.mark.parametrize("lost", [0, 2])
async def test_a_stretch_whose_begin_or_end_was_lost_is_told_again_in_the_same_session(
    hub: HubCore, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, product = await replaced(hub)
    losing(new, lost, monkeypatch)
    await new.connect()
    assert await mark(hub, old) == (BACKED_UP, "closed")

    await new.wait(STALL_TIMEOUT_MS)

    assert await mark(hub, old) == (old.head, "closed")
    assert (await hub.levels(old.site_id))[product, "shelf"] == 2000


async def test_a_batch_that_comes_twice_counts_once(hub: HubCore, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, product = await replaced(hub)
    tell = new.former
    monkeypatch.setattr(new, "former", lambda wanted: [each for each in tell(wanted) for _ in range(2)])

    await new.connect()

    assert await mark(hub, old) == (old.head, "closed")
    assert (await hub.levels(old.site_id))[product, "shelf"] == 2000


async def test_a_stretch_that_another_box_has_signed_is_not_believed(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, _ = await replaced(hub)
    stranger = await hub.make_box()
    stranger.predecessor = old
    monkeypatch.setattr(new, "former", stranger.former)

    await new.connect()

    assert await mark(hub, old) == (BACKED_UP, "closed")


async def test_nobody_confirms_a_survivor_while_the_past_has_a_hole(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, new, _ = await replaced(hub)
    monkeypatch.setattr(new, "former", lambda wanted: [])
    await new.connect()

    with pytest.raises(Conflict) as refused:
        await hub.recovery.confirm_survivor(new.device_id, "ann", hub.clock())

    assert refused.value.code == "incomplete_past"


async def test_a_fenced_box_tells_the_past_too(hub: HubCore, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, _ = await replaced(hub)
    monkeypatch.setattr(new, "former", lambda wanted: [])
    new.boot = 7
    await new.connect()
    monkeypatch.undo()
    new.boot = 5

    await new.restart()

    assert new.session.link is edge.Link.FENCED
    assert await mark(hub, old) == (old.head, "closed")
    await hub.recovery.confirm_survivor(new.device_id, "ann", hub.clock())


async def test_with_the_box_that_is_replaced_goes_what_only_it_could_tell(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, _ = await replaced(hub)
    monkeypatch.setattr(new, "former", lambda wanted: [])
    await new.connect()

    async with hub.database.transaction() as connection:
        origin = await origins.lock(connection, new.origin_id)
        assert origin is not None
        await formers.give_up(connection, origin, hub.clock())

    assert "records_lost" in await hub.exceptions(old.site_id)
    await hub.recovery.confirm_survivor(new.device_id, "ann", hub.clock())
