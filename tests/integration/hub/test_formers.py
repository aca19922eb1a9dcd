"""A hub restored to a backup from before a take-over: the successor tells it what the predecessor had sent."""

from uuid import uuid4

import pytest
import uuid_utils

from cloud_hub.services.verification import verify
from sync_protocol import edge_session as edge
from sync_protocol.keys import Claims, Predecessor, issue
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


@pytest.mark.parametrize("lost", [0, 1, 2])
async def test_a_stretch_with_a_lost_batch_waits_for_the_next_hello(
    hub: HubCore, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, product = await replaced(hub)
    tell = new.former
    monkeypatch.setattr(new, "former", lambda wanted: [each for i, each in enumerate(tell(wanted)) if i != lost])
    await new.connect()
    assert await mark(hub, old) == (BACKED_UP, "closed")
    monkeypatch.undo()

    await new.restart()

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
