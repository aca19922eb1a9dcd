"""What follows from accepted facts: alerts, counts, transfers, proposals; digests that prove levels equal."""

import base64
from typing import Any
from uuid import uuid4

import pytest

from cloud_hub.services import digest_audit, judging
from sync_protocol import facts, messages
from sync_protocol.digest import bucket_of, bucket_sums
from sync_protocol.effects import SaveMark
from sync_protocol.vocabulary import AlertState, transit
from tests.integration.hub.conftest import Box, HubCore


async def test_an_alert_is_opened_acknowledged_and_resolved_by_the_box(hub: HubCore) -> None:
    box, alert_id, product = await hub.make_box(), str(uuid4()), await hub.make_product()
    for at, state in enumerate((AlertState.OPENED, AlertState.ACKNOWLEDGED, AlertState.RESOLVED)):
        told = facts.Alert(
            occurred_at=at,
            actor="ann",
            alert_id=alert_id,
            rule="low_stock",
            product_id=product,
            state=state,
            opened_at_position=1,
        )
        box.write(facts.fact(told))

    await box.connect()

    row = "SELECT state, opened_at, acknowledged_at, acknowledged_by, resolved_at FROM alerts WHERE alert_id = $1"
    assert await hub.rows(row, alert_id) == [("resolved", 0, 1, "ann", 2)]


async def test_a_count_line_is_shown_and_its_revision_changes_only_the_variance(hub: HubCore) -> None:
    box, line, stocktake, product = await hub.make_box(), str(uuid4()), str(uuid4()), await hub.make_product()
    box.write(facts.fact(facts.Stocktake(occurred_at=0, stocktake_id=stocktake, state="open", name="aisle 1")))
    counted: dict[str, Any] = {"line_id": line, "stocktake_id": stocktake, "product_id": product}
    box.write(
        facts.fact(
            facts.CountLine(
                occurred_at=0,
                **counted,
                location="shelf",
                counted=9000,
                expected=10_000,
                after=1,
                until=1,
                status="posted",
            )
        ),
        facts.fact(facts.CountRevision(occurred_at=0, **counted, variance=-500, cause="late sale")),
        facts.fact(facts.Stocktake(occurred_at=0, stocktake_id=stocktake, state="closed")),
    )

    await box.connect()

    row = "SELECT counted, variance, revisions FROM count_lines WHERE line_id = $1"
    assert await hub.rows(row, line) == [(9000, -500, 1)]
    assert await hub.rows("SELECT state, name FROM stocktakes WHERE stocktake_id = $1", stocktake) == [
        ("closed", "aisle 1")
    ]


async def test_a_receipt_that_is_seen_before_its_dispatch_ends_with_the_same_transfer(hub: HubCore) -> None:
    source, target, product = await hub.make_box(), await hub.make_box(), await hub.make_product()
    transfer = str(uuid4())

    def step(name: str) -> Any:
        return facts.fact(
            facts.Transfer(
                occurred_at=0, transfer_id=transfer, from_site=source.site_id, to_site=target.site_id, step=name
            )
        )

    target.move(product, 3000, transit(transfer), "shelf", "transfer_in", document=transfer)
    target.write(step("received"))
    await target.connect()
    source.move(product, 3000, "shelf", transit(transfer), "transfer_out", document=transfer)
    source.write(step("dispatched"))
    await source.connect()

    assert await hub.rows("SELECT step, is_dispatched FROM transfers WHERE transfer_id = $1", transfer) == [
        ("received", True)
    ]
    goods = "SELECT sum(entered), sum(taken), sum(lost) FROM transfer_goods WHERE transfer_id = $1"
    assert await hub.rows(goods, transfer) == [(3000, 3000, 0)]
    assert await hub.rows("SELECT is_open FROM transfers") == [(False,)]
    notices = "SELECT site_id::text, body->>'step' FROM changes WHERE kind = 'transfer_notice' ORDER BY position"
    assert await hub.rows(notices) == [(source.site_id, "received"), (target.site_id, "dispatched")]
    left = "SELECT sum(quantity) FROM levels WHERE location = $1"
    assert await hub.value(left, transit(transfer)) == 0


async def digest(box: Box) -> messages.DigestResult | None:
    levels = [(product, place, quantity) for (product, place), quantity in box.levels().items()]
    told = messages.Digest(
        lease=str(box.session.lease), position=box.head, chain_hash=box.hash_at(box.head).hex(),
        buckets=base64.b64encode(bucket_sums(levels)).decode(),
    )  # fmt: skip
    await box.hub.hear(box.address, [messages.encode(told)])
    answers = [messages.decode_down(payload) for payload in box.hub.wire.sent.pop(box.address, [])]
    return next((answer for answer in answers if isinstance(answer, messages.DigestResult)), None)


async def test_equal_levels_have_equal_digests(hub: HubCore) -> None:
    box = await hub.make_box()
    for _ in range(50):
        box.receive(str(uuid4()), 1000)
    await box.connect()

    result = await digest(box)

    assert result is not None
    assert result.equal


async def test_a_level_that_was_folded_wrongly_is_found_named_and_rebuilt(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    box.receive(product, 5000)
    box.receive(str(uuid4()), 1000)
    await box.connect()
    await hub.execute("UPDATE levels SET quantity = 4000 WHERE product_id = $1 AND location = 'shelf'", product)

    result = await digest(box)
    assert result is not None
    assert result.differing == [bucket_of(product)]
    levels = [(p, place, q) for (p, place), q in box.levels().items() if bucket_of(p) in result.differing]
    told = messages.BucketLevels(lease=str(box.session.lease), position=box.head, levels=levels)
    await hub.hear(box.address, [messages.encode(told)])

    (asked,) = [messages.decode_down(payload) for payload in hub.wire.sent.pop(box.address)]
    assert isinstance(asked, messages.RebuildLevels)
    assert asked.products == [product]
    assert await hub.levels(box.site_id) == box.levels()
    assert "level_differs" in await hub.exceptions(box.site_id)


async def test_a_box_that_is_connected_and_has_not_compared_its_levels_for_long_is_told_of(hub: HubCore) -> None:
    box = await hub.make_box()
    box.receive(str(uuid4()), 1000)
    await box.connect()
    await hub.execute("UPDATE devices SET is_online = true, presence_at = 0")
    await hub.execute("UPDATE shard_leases SET expires_at = 1e14")
    hour = digest_audit.HOUR_MS
    await digest(box)
    assert await digest_audit.run(hub.database, hub.clock() + 35 * hour) == 0
    late = hub.clock() + 37 * hour
    assert await digest_audit.run(hub.database, late) == 1
    assert "digest_overdue" in await hub.exceptions(box.site_id)
    # One that has just come back, or has something to send, is about to compare.
    await hub.execute("UPDATE devices SET presence_at = $1", late - hour // 2)
    assert await digest_audit.run(hub.database, late) == 0
    await hub.execute("UPDATE devices SET presence_at = 0")
    await hub.execute("UPDATE origins SET head_told = mark + 1")
    assert await digest_audit.run(hub.database, late) == 0


async def test_quarantined_positions_that_no_ack_has_named_are_named_after_a_digest(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "REJECTED_MAX", 2)
    box = await hub.make_box()
    box.records += [b"nonsense"] * 5
    box.session.appended(box.head, now=hub.clock())
    await box.connect()
    known = [at for effect in box.effects if isinstance(effect, SaveMark) for at in effect.rejected]
    assert known == [1, 2]

    for more in ([3, 4], [5], []):
        told = messages.Digest(
            lease=str(box.session.lease), position=5, chain_hash=box.hash_at(5).hex(), incomplete=known,
            buckets=base64.b64encode(bucket_sums([])).decode(),
        )  # fmt: skip
        await hub.hear(box.address, [messages.encode(told)])
        answers = [messages.decode_down(payload) for payload in hub.wire.sent.pop(box.address)]
        named = [at for answer in answers if isinstance(answer, messages.Ack) for at in answer.rejected]
        assert named == more
        known += named


async def test_a_level_summary_is_shown_until_the_history_arrives(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    await box.connect()
    told = messages.LevelSummary(lease=str(box.session.lease), head=2, available=[(product, 7000)])
    await hub.hear(box.address, [messages.encode(told)])

    claims = "SELECT product_id::text, quantity, position FROM level_claims WHERE site_id = $1"
    assert await hub.rows(claims, box.site_id) == [(product, 7000, 2)]
    assert await hub.levels(box.site_id) == {}


async def test_a_reservation_at_a_store_follows_what_its_box_decides(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()

    async def state(reservation: str) -> Any:
        return await hub.value("SELECT state FROM reservations WHERE id = $1", reservation)

    async def decide(kind: str, column: str, status: str, reservation: str) -> None:
        command = await hub.command(box.site_id, kind, {"product_id": product, "quantity": 1000}, key=str(uuid4()))
        await hub.execute(
            f"UPDATE reservations SET {column} = $2, ending = 'expired' WHERE id = $1", reservation, command
        )
        told = facts.Outcome.model_validate({"occurred_at": 0, "command_id": command, "status": status})
        box.write(facts.fact(told))

    taken, refused = str(uuid4()), str(uuid4())
    for reservation in (taken, refused):
        await hub.execute(
            "INSERT INTO reservations (site_id, id, product_id, quantity, state, created_by, created_at)"
            " VALUES ($1, $2, $3, 1000, 'pending', 'hq', 0)",
            box.site_id, reservation, product,
        )  # fmt: skip
    await decide("reserve", "command_id", "done", taken)
    await decide("reserve", "command_id", "refused", refused)
    await box.connect()
    assert (await state(taken), await state(refused)) == ("held", "refused")
    await decide("release", "release_id", "done", taken)
    await box.talk()
    assert await state(taken) == "expired"
