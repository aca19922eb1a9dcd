"""SQL of movements as people read them: the newest first, page by page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.listing import equals, newest_first, of_sites, optional, page
from cloud_hub.storage.schema import movements


class MovementFilter(NamedTuple):
    """Which movements a list wants."""

    sites: list[str] | None
    product_id: str | None
    reason: str | None
    since_ms: int | None
    until_ms: int | None
    actor: str | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One movement as recorded here."""

    movement_id: str
    site_id: str
    origin_id: str
    position: int
    product_id: str
    quantity: int
    from_location: str
    to_location: str
    reason: str
    occurred_at_ms: int
    corrected_at_ms: int
    recorded_at: datetime
    recorded_at_ms: int
    actor: str | None
    document: str | None
    lot: str | None
    expiry: str | None
    note: str | None
    command_id: str | None

    @property
    def sort_key(self) -> tuple[datetime, str, str, int]:
        return (self.recorded_at, self.site_id, self.origin_id, self.position)


_FIELDS = (
    "quantity", "from_location", "to_location", "reason", "actor", "document", "lot", "note", "command_id",
)  # fmt: skip
_MOMENT = sa.DateTime(timezone=True)
_SINCE = sa.bindparam("since", type_=_MOMENT)
_UNTIL = sa.bindparam("until", type_=_MOMENT)
_MOVEMENTS = Query(
    newest_first(
        sa.select(movements).where(
            of_sites(movements.c.site_id),
            equals(movements.c.product_id, movements.c.reason, movements.c.actor, movements.c.document),
            optional(_SINCE, movements.c.recorded_at >= _SINCE),
            optional(_UNTIL, movements.c.recorded_at < _UNTIL),
        ),
        movements.c.recorded_at,
        movements.c.site_id,
        movements.c.origin_id,
        movements.c.sequence,
    )
)


async def list_movements(
    connection: Connection,
    wanted: MovementFilter,
    after: tuple[datetime, UUID, UUID, int] | None,
    skip: int,
    limit: int,
) -> list[Moved]:
    """Movements, newest first."""
    rows = await _MOVEMENTS.fetch(
        connection, sites=wanted.sites, product_id=wanted.product_id, reason=wanted.reason,
        actor=wanted.actor, document=wanted.document, since=_moment(wanted.since_ms),
        until=_moment(wanted.until_ms), **page(after, skip, limit),
    )  # fmt: skip
    return [_moved(row) for row in rows]


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moved(row: Row) -> Moved:
    return Moved(
        movement_id=str(row["movement_id"]),
        site_id=str(row["site_id"]),
        origin_id=str(row["origin_id"]),
        position=row["sequence"],
        product_id=str(row["product_id"]),
        occurred_at_ms=_ms(row["occurred_at"]),
        corrected_at_ms=_ms(row["corrected_at"]),
        recorded_at=row["recorded_at"],
        recorded_at_ms=_ms(row["recorded_at"]),
        expiry=None if row["expiry"] is None else row["expiry"].isoformat(),
        **{name: row[name] for name in _FIELDS},
    )
