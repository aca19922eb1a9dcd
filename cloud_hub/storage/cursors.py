"""SQL of who follows the ledgers behind their writers: how far each is done, and which have more.

A ledger here is a true prefix up to its mark, so how far a follower has read it is one
number, and nothing has to be written beside each movement.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound_array, listed, unnested
from cloud_hub.storage.schema import origins


class Behind(NamedTuple):
    """A ledger that has more than was read of it."""

    site_id: UUID
    origin_id: UUID
    told: int
    mark: int


class Stretch(NamedTuple):
    """What is read of a ledger now: what comes after a position, up to another."""

    site_id: UUID
    origin_id: UUID
    after: int
    upto: int


def stretches(found: Sequence[Behind], most: int) -> list[Stretch]:
    """As much of these ledgers as `most` records, from the first on."""
    taken: list[Stretch] = []
    for behind in found:
        if most <= 0:
            break
        upto = min(behind.mark, behind.told + most)
        taken.append(Stretch(behind.site_id, behind.origin_id, behind.told, upto))
        most -= upto - behind.told
    return taken


_SAVED = ("site_id", "origin_id", "position")


class Cursors:
    """How far one follower has read each ledger: a table of (site_id, origin_id, position)."""

    def __init__(self, table: sa.Table) -> None:
        told = sa.func.coalesce(table.c.position, sa.literal_column("0"))
        self._behind = Query(
            sa.select(origins.c.site_id, origins.c.origin_id, told.label("told"), origins.c.mark)
            .select_from(
                origins.outerjoin(
                    table, sa.and_(table.c.site_id == origins.c.site_id, table.c.origin_id == origins.c.origin_id)
                )
            )
            .where(origins.c.mark > told)
            .order_by(origins.c.last_seen.nulls_last())
            .limit(sa.bindparam("most", type_=sa.BigInteger))
        )
        made = insert(table).from_select(_SAVED, sa.select(*unnested(table, *_SAVED).c))
        self._save = Query(
            made.on_conflict_do_update(
                index_elements=[table.c.site_id, table.c.origin_id], set_={"position": made.excluded.position}
            )
        )

    async def list_behind(self, connection: Connection, most: int) -> list[Behind]:
        """Ledgers with records that were not read, whoever waits longest first."""
        return [Behind(*row) for row in await self._behind.fetch(connection, most=most)]

    async def save(self, connection: Connection, read: Sequence[Stretch]) -> None:
        """These were read."""
        rows = [(each.site_id, each.origin_id, each.upto) for each in read]
        await self._save.execute(connection, **listed(_SAVED, rows))


_position = origins.c.mark
GIVEN = (
    sa.func.unnest(
        bound_array(origins.c.site_id), bound_array(origins.c.origin_id), bound_array(_position, "after"),
        bound_array(_position, "upto"),
    )
    .table_valued(
        *(sa.column(name, column.type) for name, column in
          zip(Stretch._fields, (origins.c.site_id, origins.c.origin_id, _position, _position), strict=True)),
        name="stretch",
    )
    .render_derived()
)  # fmt: skip
"""Stretches as rows; `given_stretches` are its arguments."""


def given_stretches(read: Sequence[Stretch]) -> dict[str, list[object]]:
    """The arguments of GIVEN."""
    return listed(Stretch._fields, read)


def rows_of_stretch(table: sa.Table) -> sa.FromClause:
    """A table's rows in a stretch, found by its key whatever PostgreSQL believes of how many there are."""
    return (
        sa.select(table)
        .where(
            table.c.site_id == GIVEN.c.site_id, table.c.origin_id == GIVEN.c.origin_id,
            table.c.sequence > GIVEN.c.after, table.c.sequence <= GIVEN.c.upto,
        )
        .limit(GIVEN.c.upto - GIVEN.c.after)
        .correlate(GIVEN)
        .lateral(f"read_{table.name}")
    )  # fmt: skip
