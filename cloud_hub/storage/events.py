"""SQL of events: what is told, in one order without gaps, and which cursors can go on.

Only who holds the locked head gives positions, so a reader that has seen position n has
seen all below it. A new hub epoch is noted with the head at which it began: a cursor of
an older epoch beyond that is of a past that no longer is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from cloud_hub.storage.database import Connection, Query, Row, bound, given, listed, unnested
from cloud_hub.storage.listing import of_sites
from cloud_hub.storage.schema import EVERYWHERE, counters, event_epochs, event_outbox, events

CHANNEL = "backstock_events"
HEAD, PRUNED, CHANGES = "events", "events.pruned", "events.changes"
"""Counters: the newest position, the newest that is forgotten, and how far the changes were told of."""
PEOPLE, BROKER = "events.people", "events.broker"
"""Counters: how far people, and readers at the broker, have been told."""
FAR = 1_000
"""So many events that nobody wanted are looked at again sooner than that a commit passes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to tell that has no position yet; `site_id` None: of the whole chain."""

    type: str
    site_id: UUID | str | None
    subject: str
    data: dict[str, Any]
    occurred_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something told, in its order."""

    position: int
    id: str
    type: str
    site_id: str | None
    subject: str
    data: dict[str, Any]
    occurred_at_ms: int
    recorded_at_ms: int


_NAME = counters.c.name == bound(counters.c.name)
_LOCK = Query(sa.select(counters.c.value).where(_NAME).with_for_update(skip_locked=True))
_READ = Query(sa.select(counters.c.value).where(_NAME))
_MOVE = Query(counters.update().where(_NAME).values(given(counters, "value")))
_head = sa.select(sa.bindparam("name", type_=sa.Text), counters.c.value).where(counters.c.name == HEAD)
_BEGIN = Query(insert(counters).from_select(["name", "value"], _head).on_conflict_do_nothing())
_EPOCH = Query(insert(event_epochs).values(given(event_epochs, "epoch", "after")).on_conflict_do_nothing())
_EPOCHS = Query(sa.select(event_epochs).order_by(event_epochs.c.epoch))
_COLUMNS = ("position", "type", "site_id", "subject", "is_state", "data", "occurred_at")
_insert = insert(events).from_select(
    ["id", "recorded_at", *_COLUMNS],
    sa.select(sa.func.gen_random_uuid(), bound(events.c.recorded_at), *unnested(events, *_COLUMNS).c),
)
_ADD = Query(
    _insert.on_conflict_do_update(
        index_elements=[events.c.site_id, events.c.type, events.c.subject],
        index_where=sa.text("is_state"),
        set_={name: _insert.excluded[name] for name in ("position", "id", "data", "occurred_at", "recorded_at")},
    )
)
_TYPES = sa.bindparam("types", type_=ARRAY(sa.Text))
_AFTER = Query(
    sa.select(events)
    .where(
        events.c.position > bound(events.c.position, "after"),
        events.c.position <= bound(events.c.position, "upto"),
        events.c.type == sa.any_(_TYPES),
        of_sites(events.c.site_id),
    )
    .order_by(events.c.position)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_PRUNE = Query(
    events.delete()
    .where(~events.c.is_state, events.c.recorded_at < bound(events.c.recorded_at, "before"))
    .returning(events.c.position)
)
_SAY = Query(event_outbox.insert().values(given(event_outbox, "type", "site_id", "subject", "data", "occurred_at")))
_taken = sa.select(event_outbox.c.id).order_by(event_outbox.c.id).limit(sa.bindparam("most", type_=sa.BigInteger))
_TAKE = Query(event_outbox.delete().where(event_outbox.c.id.in_(_taken)).returning(event_outbox))


async def lock(connection: Connection, counter: str) -> int | None:
    """One of the counters above, its row locked; None when another process has it now."""
    value: int | None = await _LOCK.fetchval(connection, name=counter)
    return value


async def read(connection: Connection, counter: str) -> int:
    """One of the counters above."""
    value: int = await _READ.fetchval(connection, name=counter)
    return value


async def begin(connection: Connection, counter: str) -> None:
    """A counter that is new begins at the head: what happened before is no news."""
    await _BEGIN.execute(connection, name=counter)


async def take(connection: Connection, counter: str, head: int, types: Sequence[str], most: int) -> list[Event]:
    """Events of these types that a counter has not passed, and it moved past them; one process at a time.

    While there are none nothing is written: a commit of each round would be waited for by those of trade.
    """
    after = await read(connection, counter)
    if after >= head:
        return []
    found = await list_after(connection, after, head, types, None, most)
    if not found and head - after < FAR:
        return []
    if await lock(connection, counter) != after:
        return []
    await move(connection, counter, found[-1].position if len(found) == most else head)
    return found


async def move(connection: Connection, counter: str, value: int) -> None:
    """Set a counter; a new head is also announced."""
    await _MOVE.execute(connection, name=counter, value=value)
    if counter == HEAD:
        await connection.execute(f"NOTIFY {CHANNEL}")


async def note_epoch(connection: Connection, epoch: int, head: int) -> None:
    """A new epoch begins after this position (again: nothing)."""
    await _EPOCH.execute(connection, epoch=epoch, after=head)


async def list_epochs(connection: Connection) -> list[tuple[int, int]]:
    """Each epoch and the position after which it began."""
    return [(row["epoch"], row["after"]) for row in await _EPOCHS.fetch(connection)]


async def append(
    connection: Connection, head: int, told: Sequence[News], is_state: dict[str, bool], now_ms: int
) -> int:
    """Give positions to what is told; the new head. A state moves to its newest position."""
    last = {(news.type, str(news.site_id), news.subject): news for news in told if is_state[news.type]}
    rows = [
        (news.type, news.site_id or EVERYWHERE, news.subject, is_state[news.type], news.data, news.occurred_at_ms)
        for news in told
        if not is_state[news.type] or last[news.type, str(news.site_id), news.subject] is news
    ]
    if rows:
        numbered = [(position, *row) for position, row in enumerate(rows, head + 1)]
        await _ADD.execute(connection, recorded_at=now_ms, **listed(_COLUMNS, numbered))
    return head + len(rows)


async def say(connection: Connection, news: News) -> None:
    """Tell of what this transaction does; its position follows after the commit."""
    await _SAY.execute(
        connection, type=news.type, site_id=news.site_id or EVERYWHERE, subject=news.subject, data=news.data,
        occurred_at=news.occurred_at_ms,
    )  # fmt: skip


async def take_said(connection: Connection, most: int) -> list[News]:
    """What was said and has no position yet, in the order in which it was said."""
    rows = sorted(await _TAKE.fetch(connection, most=most), key=lambda row: row["id"])
    return [
        News(type=row["type"], site_id=row["site_id"], subject=row["subject"], data=row["data"],
             occurred_at_ms=row["occurred_at"])
        for row in rows
    ]  # fmt: skip


async def list_after(
    connection: Connection, after: int, upto: int, types: Sequence[str], site_ids: Sequence[str] | None, most: int
) -> list[Event]:
    """Events of these types and sites (None: all; what is of the whole chain is everybody's)."""
    sites = None if site_ids is None else [*site_ids, str(EVERYWHERE)]
    rows = await _AFTER.fetch(connection, after=after, upto=upto, types=list(types), sites=sites, most=most)
    return [_event(row) for row in rows]


async def prune(connection: Connection, before_ms: int) -> int:
    """Forget old events; states stay, they say how things are."""
    gone = [row["position"] for row in await _PRUNE.fetch(connection, before=before_ms)]
    if gone:
        await move(connection, PRUNED, max(gone))
    return len(gone)


def _event(row: Row) -> Event:
    return Event(
        position=row["position"], id=str(row["id"]), type=row["type"],
        site_id=None if row["site_id"] == EVERYWHERE else str(row["site_id"]), subject=row["subject"],
        data=row["data"], occurred_at_ms=row["occurred_at"], recorded_at_ms=row["recorded_at"],
    )  # fmt: skip
