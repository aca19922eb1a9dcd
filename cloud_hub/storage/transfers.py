"""SQL of transfers as people read them: both ends, how far they are, and their lines."""

from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cloud_hub.storage.database import Connection, Query, Row
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


_SITES = sa.bindparam("sites", type_=ARRAY(sa.Uuid))
_STEP = sa.bindparam("step", type_=sa.Text)
_AT = sa.bindparam("before_at", type_=sa.BigInteger)
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
    sa.select(*transfers.c, _LINES)
    .where(
        sa.or_(_SITES.is_(None), transfers.c.from_site == sa.any_(_SITES), transfers.c.to_site == sa.any_(_SITES)),
        sa.or_(_STEP.is_(None), transfers.c.step == _STEP),
        sa.or_(
            _AT.is_(None),
            sa.tuple_(transfers.c.created_at, transfers.c.transfer_id)
            < sa.tuple_(_AT, sa.bindparam("before_id", type_=sa.Uuid)),
        ),
    )
    .order_by(transfers.c.created_at.desc(), transfers.c.transfer_id.desc())
    .offset(sa.bindparam("skip", type_=sa.BigInteger))
    .limit(sa.bindparam("most", type_=sa.BigInteger))
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
    at, transfer_id = before or (None, None)
    rows = await _LIST.fetch(
        connection, sites=site_ids, step=step, before_at=at, before_id=transfer_id, skip=skip, most=limit
    )
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
