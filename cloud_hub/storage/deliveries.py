"""SQL of the outbox: what is to be said to whom, once each, and what became of it.

A row is claimed for a minute before it is sent, by one process; whoever dies in between
leaves a claim that runs out. Per receiver a few rows are claimed at a time, those tried
least first, so that neither a dead receiver nor one bad message stands in others' way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.listing import equals, newest_first, page
from cloud_hub.storage.schema import deliveries

CLAIM_MS = 60_000
_C = deliveries.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing to say to one receiver."""

    id: str
    channel: str
    receiver: str
    subject: str
    type: str
    position: int
    payload: dict[str, Any]
    state: str
    """pending, sent, failed (given up), unknown (it may have been sent when a process died)."""
    attempts: int
    due_at_ms: int
    status: int | None
    error: str
    created_at_ms: int
    settled_at_ms: int | None


_NAMES = ("channel", "receiver", "subject", "type", "position", "payload", "due_at", "created_at")
_ADD = Query(
    insert(deliveries)
    .values({"id": sa.func.gen_random_uuid(), **given(deliveries, *_NAMES)})
    .on_conflict_do_nothing(index_elements=[_C.channel, _C.receiver, _C.subject])
)
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_FREE = sa.and_(
    _C.state == "pending", _C.due_at <= _NOW, sa.func.coalesce(_C.claimed_until, sa.literal_column("0")) < _NOW
)
_ranked = (
    sa.select(
        _C.id,
        sa.func.row_number()
        .over(partition_by=_C.receiver, order_by=(_C.attempts, _C.position, _C.created_at))
        .label("place"),
    )
    .where(_FREE, _C.receiver != sa.all_(sa.bindparam("busy", type_=ARRAY(sa.Uuid))))
    .subquery("ranked")
)
_chosen = (
    sa.select(_C.id)
    .where(
        _FREE,
        _C.id.in_(
            sa.select(_ranked.c.id)
            .where(_ranked.c.place <= sa.bindparam("each", type_=sa.BigInteger))
            .order_by(_ranked.c.place)
            .limit(sa.bindparam("most", type_=sa.BigInteger))
        ),
    )
    .with_for_update(skip_locked=True)
)
_CLAIM = Query(
    deliveries.update()
    .where(_C.id.in_(_chosen))
    .values(claimed_until=_NOW + sa.bindparam("claim", type_=sa.BigInteger), attempts=_C.attempts + 1)
    .returning(deliveries)
)
_SETTLE = Query(
    deliveries.update()
    .where(_C.id == bound(_C.id))
    .values({"claimed_until": sa.null(), **given(deliveries, "state", "due_at", "status", "error", "settled_at")})
)
_HOLD = Query(
    deliveries.update()
    .where(_C.receiver == bound(_C.receiver), _C.channel == bound(_C.channel), _C.state == "pending")
    .values(due_at=sa.func.greatest(_C.due_at, bound(_C.due_at)), claimed_until=sa.null())
)
_WAKE = Query(
    deliveries.update()
    .where(_C.receiver == bound(_C.receiver), _C.channel == bound(_C.channel), _C.state == "pending")
    .values(given(deliveries, "due_at", "created_at"))
)
_HANDED = Query(deliveries.update().where(_C.id == bound(_C.id)).values(state=sa.literal_column("'handed_over'")))
_ORPHANS = Query(
    deliveries.update()
    .where(_C.state == "handed_over", _C.claimed_until < _NOW)
    .values(state=sa.literal_column("'unknown'"), settled_at=_NOW, claimed_until=sa.null())
    .returning(_C.id)
)
_LIST = Query(
    newest_first(sa.select(deliveries).where(_C.receiver == bound(_C.receiver), equals(_C.state)), _C.created_at, _C.id)
)
_AGAIN = Query(
    deliveries.update()
    .where(_C.receiver == bound(_C.receiver), _C.id == bound(_C.id))
    .values(
        state=sa.literal_column("'pending'"), attempts=sa.literal_column("0"), due_at=_NOW, created_at=_NOW,
        settled_at=sa.null(), error=sa.literal_column("''"),
    )
    .returning(deliveries)
)  # fmt: skip
_PRUNE = Query(deliveries.delete().where(_C.state != "pending", _C.created_at < bound(_C.created_at, "before")))
_FORGET = Query(deliveries.delete().where(_C.receiver == bound(_C.receiver)))


async def add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Put things to say into the outbox: the names above; what is there already stays as it is."""
    await _ADD.each(connection, rows)


async def claim(connection: Connection, busy: Sequence[str], each: int, most: int, now_ms: int) -> list[Delivery]:
    """What is due, for receivers that are not busy, a few of each."""
    rows = await _CLAIM.fetch(connection, busy=list(busy), each=each, most=most, now=now_ms, claim=CLAIM_MS)
    return sorted(map(_made, rows), key=lambda made: (made.attempts, made.position, made.created_at_ms))


async def hand_over(connection: Connection, delivery_id: str) -> None:
    """From here on it may have been sent, whatever becomes of us."""
    await _HANDED.execute(connection, id=delivery_id)


async def settle(
    connection: Connection, delivery_id: str, state: str, *, status: int | None, error: str, due_at_ms: int,
    settled_at_ms: int | None,
) -> None:  # fmt: skip
    """What became of an attempt."""
    await _SETTLE.execute(
        connection, id=delivery_id, state=state, status=status, error=error[:500], due_at=due_at_ms,
        settled_at=settled_at_ms,
    )  # fmt: skip


async def hold(connection: Connection, channel: str, receiver: str, until_ms: int) -> None:
    """Nothing goes to this receiver until then."""
    await _HOLD.execute(connection, channel=channel, receiver=receiver, due_at=until_ms)


async def wake(connection: Connection, channel: str, receiver: str, now_ms: int) -> None:
    """What was held goes out from now on, with all its tries before it."""
    await _WAKE.execute(connection, channel=channel, receiver=receiver, due_at=now_ms, created_at=now_ms)


async def settle_orphans(connection: Connection, now_ms: int) -> int:
    """What a process that died may have sent is not sent again."""
    return len(await _ORPHANS.fetch(connection, now=now_ms))


async def list_newest(
    connection: Connection, receiver: str, state: str | None, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Delivery]:
    """Of one receiver, newest first."""
    rows = await _LIST.fetch(connection, receiver=receiver, state=state, **page(before, skip, limit))
    return [_made(row) for row in rows]


async def again(connection: Connection, receiver: str, delivery_id: str, now_ms: int) -> Delivery | None:
    """Send it (again) from now on; None when there is none."""
    row = await _AGAIN.fetchrow(connection, receiver=receiver, id=delivery_id, now=now_ms)
    return None if row is None else _made(row)


async def forget(connection: Connection, receiver: str) -> None:
    """A receiver that is gone."""
    await _FORGET.execute(connection, receiver=receiver)


async def prune(connection: Connection, before_ms: int) -> int:
    """What was settled long ago."""
    return await _PRUNE.execute(connection, before=before_ms)


def _made(row: Row) -> Delivery:
    return Delivery(
        id=str(row["id"]), channel=row["channel"], receiver=str(row["receiver"]), subject=row["subject"],
        type=row["type"], position=row["position"], payload=row["payload"], state=row["state"],
        attempts=row["attempts"], due_at_ms=row["due_at"], status=row["status"], error=row["error"],
        created_at_ms=row["created_at"], settled_at_ms=row["settled_at"],
    )  # fmt: skip
