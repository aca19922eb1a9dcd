"""Fenced boxes: a confirmed survivor gets a successor, branches are adopted record by record, once."""

import json
from typing import Any
from uuid import uuid4

import pytest

from cloud_hub.errors import Conflict
from cloud_hub.services.snapshots import Snapshots
from cloud_hub.services.verification import verify
from sync_protocol import edge_session as edge
from sync_protocol import facts, messages
from sync_protocol.keys import read_certificate
from sync_protocol.snapshot import open_chunk, read_manifest
from tests.integration.hub.conftest import Box, HubCore


async def fenced(hub: HubCore) -> tuple[Box, str]:
    """A box that was restored from a backup and sold on; its product."""
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 10_000)
    common = box.head
    for _ in range(3):
        box.sell(product)
    await box.connect()
    box.records, box.acked = box.records[:common], common
    for _ in range(5):
        box.sell(product, 2000, key=f"till-{box.head}")
    await box.restart()
    assert box.session.link is edge.Link.FENCED
    return box, product


async def succeed(hub: HubCore, box: Box) -> Box:
    """Confirm the box and let it become its successor, as its agent does."""
    origin_id = await hub.recovery.confirm_survivor(box.device_id, "ann", hub.clock())
    await box.restart()
    (become,) = [effect for effect in box.effects if isinstance(effect, edge.Become)]
    claims = read_certificate(become.certificate, hub.verify)
    assert claims.origin_id == origin_id
    successor = Box(hub, box.site_id, box.device_id, origin_id)
    successor.key, successor.certificate = box.key, become.certificate
    successor.boot = box.boot + 1
    return successor


async def test_a_confirmed_box_goes_on_as_the_successor_of_its_origin(hub: HubCore) -> None:
    box, product = await fenced(hub)
    successor = await succeed(hub, box)
    successor.sell(product)

    await successor.connect()

    assert successor.acked == successor.head
    # 10 received, 3 sold before the fork, 1 after it; the branch has no effect.
    assert (await hub.levels(box.site_id))[product, "shelf"] == 6000
    states = "SELECT state FROM origins WHERE site_id = $1 ORDER BY opened_at, state"
    assert await hub.rows(states, box.site_id) == [("closed",), ("open",)]


async def test_asking_twice_for_the_same_survivor_gives_the_same_successor(hub: HubCore) -> None:
    box, _ = await fenced(hub)

    first = await hub.recovery.confirm_survivor(box.device_id, "ann", hub.clock())

    assert await hub.recovery.confirm_survivor(box.device_id, "ann", hub.clock()) == first


async def test_a_tail_that_the_hub_has_not_on_a_branch_yet_is_salvaged_before_the_successor_is_given(
    hub: HubCore,
) -> None:
    box, product = await fenced(hub)
    await hub.recovery.confirm_survivor(box.device_id, "ann", hub.clock())
    box.sell(product, key="written-offline")
    box.effects.clear()

    await box.restart()

    assert not [effect for effect in box.effects if isinstance(effect, edge.Become)]
    row = "SELECT head FROM branches WHERE origin_id = $1 ORDER BY head DESC LIMIT 1"
    assert await hub.value(row, box.origin_id) == box.head
    await box.restart()
    assert [effect for effect in box.effects if isinstance(effect, edge.Become)]


async def test_a_box_put_back_to_before_its_succession_is_not_given_a_successor_that_has_spoken(hub: HubCore) -> None:
    box, product = await fenced(hub)
    successor = await succeed(hub, box)
    successor.sell(product)
    await successor.connect()
    box.effects.clear()

    await box.restart()

    assert not [effect for effect in box.effects if isinstance(effect, edge.Become)]
    assert box.session.link is edge.Link.FENCED
    assert await hub.recovery.confirm_survivor(box.device_id, "ann", hub.clock()) != successor.origin_id


async def _successor_lines(hub: HubCore, site_id: str) -> list[tuple[str, dict[str, Any]]]:
    snapshots = Snapshots(hub.database, sign=hub.key.sign)
    manifest = read_manifest(await snapshots.manifest(site_id, "successor", hub.clock()), hub.verify)
    found = []
    for ref in manifest.chunks:
        data = await snapshots.chunk(site_id, ref.hash)
        assert data is not None
        found += [json.loads(line) for line in open_chunk(ref.hash, data)]
    return found


async def test_the_successors_snapshot_carries_levels_keys_and_former_records(hub: HubCore) -> None:
    box, product = await fenced(hub)
    await succeed(hub, box)
    snapshots = Snapshots(hub.database, sign=hub.key.sign)

    manifest = read_manifest(await snapshots.manifest(box.site_id, "successor", hub.clock()), hub.verify)

    lines = []
    for ref in manifest.chunks:
        data = await snapshots.chunk(box.site_id, ref.hash)
        assert data is not None
        lines += [json.loads(line) for line in open_chunk(ref.hash, data)]
    levels = {(b["product_id"], b["location"]): b["quantity"] for kind, b in lines if kind == "level"}
    assert levels == await hub.levels(box.site_id)
    assert levels[product, "shelf"] == 7000
    assert manifest.uplink is not None
    assert (manifest.uplink.origin_id, manifest.uplink.position) == (box.origin_id, 5)
    assert [b["sequence"] for kind, b in lines if kind == "former"] == [1, 2, 3, 4, 5]


async def test_a_branch_is_adopted_by_commands_to_the_sites_writer_once(hub: HubCore) -> None:
    box, _ = await fenced(hub)
    branch = str(await hub.value("SELECT branch_id::text FROM branches WHERE site_id = $1", box.site_id))
    with pytest.raises(Conflict):
        await hub.recovery.adopt(branch, "ann", hub.clock())
    await succeed(hub, box)

    assert await hub.recovery.adopt(branch, "ann", hub.clock()) == 5

    with pytest.raises(Conflict):
        await hub.recovery.adopt(branch, "ann", hub.clock())
    bodies = await hub.rows(
        "SELECT kind, body ? 'item', body ? 'branch_hash' FROM commands WHERE site_id = $1", box.site_id
    )
    assert bodies == [("adopt", True, True)] * 5


async def test_what_the_writer_did_with_a_branch_record_is_shown(hub: HubCore) -> None:
    box, _ = await fenced(hub)
    successor = await succeed(hub, box)
    chain_hash = await hub.value("SELECT chain_hash FROM branch_records WHERE site_id = $1 LIMIT 1", box.site_id)
    successor.write(
        facts.fact(facts.Adoption(occurred_at=0, adopted=chain_hash.hex(), status="no_effect", detail="key"))
    )

    await successor.connect()

    row = "SELECT state, detail FROM branch_records WHERE chain_hash = $1"
    assert await hub.rows(row, chain_hash) == [("no_effect", "key")]


async def test_a_branch_is_adopted_when_the_last_of_its_commands_has_an_outcome(hub: HubCore) -> None:
    box, _ = await fenced(hub)
    branch = str(await hub.value("SELECT branch_id::text FROM branches WHERE site_id = $1", box.site_id))
    successor = await succeed(hub, box)
    await successor.connect()
    await hub.recovery.adopt(branch, "ann", hub.clock())
    *most, last = await hub.rows("SELECT id::text FROM commands WHERE site_id = $1 ORDER BY id", box.site_id)
    states = []
    for ids in (most, [last]):
        for (command_id,) in ids:
            successor.write(facts.fact(facts.Outcome(occurred_at=0, command_id=command_id, status="done")))

        await successor.talk()

        states.append(await hub.value("SELECT state FROM branches WHERE branch_id = $1", branch))

    assert states == ["adopting", "adopted"]
    assert await hub.rows("SELECT DISTINCT state FROM branch_records WHERE command_id IS NOT NULL") == [("adopted",)]


async def test_what_the_ledger_has_adopted_already_is_not_asked_for(hub: HubCore) -> None:
    box, product = await fenced(hub)
    branch = str(await hub.value("SELECT branch_id::text FROM branches WHERE site_id = $1", box.site_id))
    successor = await succeed(hub, box)
    tail = [box.hash_at(at).hex() for at in range(1, box.head + 1)]
    # As after a restore of the hub: what was done is told before the branch is there again.
    successor.sell(product, 2000, adopted=tail[-1])
    successor.write(facts.fact(facts.Adoption(occurred_at=0, adopted=tail[-2], status="no_effect")))
    await successor.connect()

    assert await hub.recovery.adopt(branch, "ann", hub.clock()) == 3


async def test_a_successor_is_told_what_the_sites_ledger_has_adopted_also_when_the_branch_is_forgotten(
    hub: HubCore,
) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 10_000)
    box.sell(product, adopted="ab" * 32)
    box.sell(product, adopted="no hash" * 300)
    box.write(facts.fact(facts.Adoption(occurred_at=0, adopted="cd" * 32, status="no_effect")))
    await box.connect()
    await hub.recovery.confirm_survivor(box.device_id, "ann", hub.clock())

    lines = await _successor_lines(hub, box.site_id)

    names = {body["key"] for kind, body in lines if kind == "key" and body["key"].startswith("adopt:")}
    assert names == {f"adopt:{'ab' * 32}", f"adopt:{'cd' * 32}"}


async def test_signed_levels_bring_the_items_that_later_movements_refer_to(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    await box.connect()
    box.receive(product, 9000)
    pruned = box.head
    told = messages.PrunedLevels(
        lease=str(box.session.lease), position=pruned, chain_hash=box.hash_at(pruned).hex(), part=0, parts=1,
        levels=[(p, place, q) for (p, place), q in sorted(box.levels().items())], last_item=1, signature="",
    )  # fmt: skip
    item = (1, product, None, 1000, "each", 200, 120, "EUR")
    items = told.model_copy(update={"part": 1, "levels": [], "items": [item]})

    for message, heard in ((told, 0), (items, 1)):
        hub.wire.sent.clear()
        signed = message.model_copy(update={"signature": box.key.sign(message.signed).hex()})
        await hub.hear(box.address, [messages.encode(signed)])
        assert len(hub.wire.sent[box.address]) == heard

    box.sell(product)
    await box.restart()
    assert await hub.levels(box.site_id) == box.levels()
    assert "unknown_item" not in await hub.exceptions(box.site_id)


async def test_signed_levels_stand_in_for_records_that_a_restored_hub_cannot_get(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 9000)
    await box.connect()
    for _ in range(4):
        box.sell(product)
    levels = [(p, place, q) for (p, place), q in sorted(box.levels().items())]
    position, chain_hash = box.head, box.hash_at(box.head).hex()
    body = [position, chain_hash, 0, 1, [list(each) for each in levels], [], 0]
    signature = box.key.sign(json.dumps(body, separators=(",", ":")).encode()).hex()
    told = messages.PrunedLevels(
        lease=str(box.session.lease), position=position, chain_hash=chain_hash, part=0, parts=1, levels=levels,
        signature=signature,
    )  # fmt: skip
    forged = told.model_copy(update={"signature": "00" * 64})

    for message, heard in ((forged, 0), (told, 1)):
        hub.wire.sent.clear()
        await hub.hear(box.address, [messages.encode(message)])
        assert len(hub.wire.sent[box.address]) == heard

    assert await hub.levels(box.site_id) == box.levels()
    assert "beyond_retention" in await hub.exceptions(box.site_id)
    box.sell(product)
    await box.restart()
    assert await hub.levels(box.site_id) == box.levels()
    async with hub.database.connection() as connection:
        assert await verify(connection) == []
