"""SQL that keeps the rollups: counting what ledgers have more than was counted, and beginning again.

One process at a time counts (`lock`). A stretch of a ledger is added and its cursor moved in
one transaction, so each movement is counted once, whoever dies when; one that came late, even
weeks, is added to the day on which it was.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage import folding
from cloud_hub.storage.cursors import GIVEN, Cursors, Stretch, given_stretches, rows_of_stretch
from cloud_hub.storage.database import Connection, Query, bound, bound_array, given
from cloud_hub.storage.events import lock, move, read
from cloud_hub.storage.listing import of_sites
from cloud_hub.storage.schema import (
    counters,
    moved_actors,
    moved_days,
    moved_hours,
    moved_months,
    movements,
    origins,
    rollup_cursors,
    rollup_late,
    rollup_sites,
    sites,
)

__all__ = ["COUNTER", "FOLLOWED", "lock", "move"]
COUNTER = "rollups"
"""When all that had come was counted last, in milliseconds; its row is the lock."""
FOLLOWED = Cursors(rollup_cursors)
MOVED = (moved_hours, moved_days, moved_months, moved_actors)


class Progress(NamedTuple):
    """How far ledgers are counted."""

    positions: Mapping[str, int]
    """By origin."""
    uncounted: int
    """Records that are known here and not counted yet."""
    counted_at_ms: int
    """When everything was counted that was known then."""


Late = Mapping[tuple[UUID, UUID], Sequence[int]]
"""By (site_id, origin_id)."""


def _adding(table: sa.Table, source: sa.Select[object]) -> sa.Insert:
    """Add rows to those of their keys."""
    made = insert(table).from_select([*folding.keys(table), *folding.MEASURES], source)
    return made.on_conflict_do_update(
        index_elements=[table.c[name] for name in folding.keys(table)],
        set_={name: table.c[name] + made.excluded[name] for name in folding.MEASURES},
    )


def _counting(found: sa.CTE) -> Query:
    """Add up some movements into all tables; how many there were."""
    statement = sa.select(sa.func.count()).select_from(found)
    for table, source in folding.cells(found).items():
        statement = statement.add_cte(_adding(table, source).cte(f"into_{table.name}"))
    return Query(statement)


_moved = rows_of_stretch(movements)
_COUNT = _counting(folding.rows(GIVEN.join(_moved, sa.true()), moved=_moved))
_COUNT_LATE = _counting(
    folding.rows(
        movements,
        movements.c.site_id == bound(movements.c.site_id),
        movements.c.origin_id == bound(movements.c.origin_id),
        movements.c.sequence == sa.any_(bound_array(movements.c.sequence, "late")),
    )
)
_position = sa.func.coalesce(rollup_cursors.c.position, sa.literal_column("0"))
_PROGRESS = Query(
    sa.select(origins.c.origin_id, origins.c.mark, _position.label("position"))
    .select_from(
        origins.outerjoin(
            rollup_cursors,
            sa.and_(rollup_cursors.c.site_id == origins.c.site_id, rollup_cursors.c.origin_id == origins.c.origin_id),
        )
    )
    .where(of_sites(origins.c.site_id))
)
_WAIT = Query(sa.select(counters.c.value).where(counters.c.name == bound(counters.c.name)).with_for_update())
_NOTE_LATE = Query(
    insert(rollup_late).values(given(rollup_late, "site_id", "origin_id", "sequence")).on_conflict_do_nothing()
)
_TAKE_LATE = Query(rollup_late.delete().returning(rollup_late))
_CURSORS = Query(sa.select(rollup_cursors))
_CHANGED = Query(
    sa.select(sites.c.id, sites.c.timezone, sites.c.currency, rollup_sites.c.site_id.is_not(None).label("is_counted"))
    .select_from(sites.outerjoin(rollup_sites, rollup_sites.c.site_id == sites.c.id))
    .where(
        sa.or_(
            rollup_sites.c.site_id.is_(None), rollup_sites.c.timezone != sites.c.timezone,
            rollup_sites.c.currency != sites.c.currency,
        )
    )
)  # fmt: skip
_place = insert(rollup_sites).values(given(rollup_sites, "site_id", "timezone", "currency"))
_PLACE = Query(
    _place.on_conflict_do_update(
        index_elements=[rollup_sites.c.site_id],
        set_={name: _place.excluded[name] for name in ("timezone", "currency")},
    )
)
_CUBES = (moved_days, moved_months)
_SUBTRACT = [
    Query(
        _adding(
            table,
            sa.select(
                folding.ALL, *(table.c[name] for name in folding.keys(table)[1:]),
                *(-table.c[name] for name in folding.MEASURES),
            ).where(table.c.site_id == bound(table.c.site_id)),
        )
    )
    for table in _CUBES
]  # fmt: skip
_FORGET_ZEROS = [
    Query(table.delete().where(table.c.site_id == folding.ALL, table.c.movements == sa.literal_column("0")))
    for table in _CUBES
]
_OF_SITES = (*MOVED, rollup_cursors, rollup_late)
_DELETE = [Query(table.delete().where(table.c.site_id == bound(table.c.site_id))) for table in _OF_SITES]
_DELETE_ALL = [Query(table.delete()) for table in (*_OF_SITES, rollup_sites)]


async def count(connection: Connection, read: Sequence[Stretch]) -> int:
    """Add stretches of ledgers; how many movements."""
    counted: int = await _COUNT.fetchval(connection, **given_stretches(read))
    await FOLLOWED.save(connection, read)
    return counted


async def count_late(connection: Connection, late: Late) -> int:
    """Add movements that lie where was counted already."""
    counted = 0
    for (site_id, origin_id), sequences in late.items():
        counted += await _COUNT_LATE.fetchval(connection, site_id=site_id, origin_id=origin_id, late=sequences)
    return counted


async def note_late(connection: Connection, site_id: UUID, origin_id: UUID, sequence: int) -> None:
    """A movement was written below the mark: in the transaction that writes it."""
    await _NOTE_LATE.execute(connection, site_id=site_id, origin_id=origin_id, sequence=sequence)


async def take_late(connection: Connection) -> Late:
    """Of what was written below marks, what lies where was counted; the rest is still to come by itself."""
    counted = {(row["site_id"], row["origin_id"]): row["position"] for row in await _CURSORS.fetch(connection)}
    late: dict[tuple[UUID, UUID], list[int]] = defaultdict(list)
    for row in await _TAKE_LATE.fetch(connection):
        place = (row["site_id"], row["origin_id"])
        if row["sequence"] <= counted.get(place, 0):
            late[place].append(row["sequence"])
    return late


async def read_progress(connection: Connection, site_ids: list[str] | None) -> Progress:
    """How far the ledgers of these sites (None: all) are counted."""
    rows = await _PROGRESS.fetch(connection, sites=site_ids)
    uncounted = sum(row["mark"] - row["position"] for row in rows)
    positions = {str(row["origin_id"]): row["position"] for row in rows}
    return Progress(positions, uncounted, await read(connection, COUNTER))


async def follow_sites(connection: Connection) -> int:
    """Sites that are new, or whose zone or currency has changed, are counted from their beginning; how many."""
    changed = await _CHANGED.fetch(connection)
    for row in changed:
        if row["is_counted"]:
            for query in (*_SUBTRACT, *_DELETE, *_FORGET_ZEROS):
                await query.execute(connection, site_id=row["id"])
        await _PLACE.execute(connection, site_id=row["id"], timezone=row["timezone"], currency=row["currency"])
    return len(changed)


async def clear(connection: Connection) -> None:
    """Forget all that was counted; whoever counts now ends first."""
    await _WAIT.execute(connection, name=COUNTER)
    for query in _DELETE_ALL:
        await query.execute(connection)
