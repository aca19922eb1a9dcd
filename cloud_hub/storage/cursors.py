"""SQL of who follows the ledgers behind their writers: how far each is done, and which have more.

A ledger here is a true prefix up to its mark, so how far a follower has read it is one
number, and nothing has to be written beside each movement.
"""

from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, given
from cloud_hub.storage.schema import origins


class Behind(NamedTuple):
    """A ledger that has more than was read of it."""

    site_id: UUID
    origin_id: UUID
    told: int
    mark: int


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
        made = insert(table).values(given(table, "site_id", "origin_id", "position"))
        self._save = Query(
            made.on_conflict_do_update(
                index_elements=[table.c.site_id, table.c.origin_id], set_={"position": made.excluded.position}
            )
        )

    async def list_behind(self, connection: Connection, most: int) -> list[Behind]:
        """Ledgers with records that were not read, whoever waits longest first."""
        return [Behind(*row) for row in await self._behind.fetch(connection, most=most)]

    async def save(self, connection: Connection, behind: Behind, position: int) -> None:
        """This ledger was read up to here."""
        await self._save.execute(connection, site_id=behind.site_id, origin_id=behind.origin_id, position=position)


def between(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """A row is of the part of a ledger that `stretch` names."""
    return (
        table.c.site_id == bound(table.c.site_id),
        table.c.origin_id == bound(table.c.origin_id),
        table.c.sequence > bound(table.c.sequence, "after"),
        table.c.sequence <= bound(table.c.sequence, "upto"),
    )


def stretch(behind: Behind, upto: int) -> dict[str, Any]:
    """The arguments of `between`: from what was read to here."""
    return {"site_id": behind.site_id, "origin_id": behind.origin_id, "after": behind.told, "upto": upto}
