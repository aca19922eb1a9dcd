"""SQL of transfers as people read them: both ends, how far they are, and their lines."""

from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import transfer_lines, transfers


class Line(NamedTuple):
    """One product of a transfer, in thousandths."""

    product_id: str
    dispatched: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Goods on their way from one site to another, or arrived."""

    id: str
    from_site: str
    to_site: str
    step: str
    is_dispatched: bool
    lines: list[Line]
    created_at_ms: int
    updated_at_ms: int


_LINES = (
    sa.select(
        sa.func.coalesce(
            sa.func.jsonb_agg(
                sa.func.jsonb_build_array(
                    transfer_lines.c.product_id, transfer_lines.c.dispatched, transfer_lines.c.received
                )
            ),
            sa.literal_column("'[]'::jsonb"),
            type_=JSONB,
        )
    )
    .where(transfer_lines.c.from_site == transfers.c.from_site, transfer_lines.c.transfer_id == transfers.c.transfer_id)
    .correlate(transfers)
    .scalar_subquery()
    .label("lines")
)
_LIST = Query(
    newest_first(
        sa.select(*transfers.c, _LINES).where(
            of_sites(transfers.c.from_site, transfers.c.to_site), equals(transfers.c.step)
        ),
        transfers.c.created_at,
        transfers.c.transfer_id,
    )
)


async def list_newest(
    connection: Connection,
    site_ids: list[str] | None,
    step: str | None,
    before: tuple[int, str] | None,
    skip: int,
    limit: int,
) -> list[Transfer]:
    """Transfers that begin or end at these sites (None: all), newest first."""
    rows = await _LIST.fetch(connection, sites=site_ids, step=step, **page(before, skip, limit))
    return [_made(row) for row in rows]


def _made(row: Row) -> Transfer:
    return Transfer(
        id=str(row["transfer_id"]),
        from_site=str(row["from_site"]),
        to_site=str(row["to_site"]),
        step=row["step"],
        is_dispatched=row["is_dispatched"],
        lines=[Line(*line) for line in row["lines"]],
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
    )
