"""SQL of sales as people read them: movements of sale and return with price and amount, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.amounts import amount
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array
from cloud_hub.storage.listing import equals, newest_first, of_sites, optional, page
from cloud_hub.storage.schema import items, movements, origins, products
from sync_protocol.vocabulary import Reason

KINDS = (str(Reason.SALE), str(Reason.RETURN))


class SaleFilter(NamedTuple):
    """Which sales a list wants."""

    sites: list[str] | None
    product_id: str | None
    reason: str | None
    document: str | None
    actor: str | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """One line that was sold or brought back. Money is in minor units."""

    movement_id: str
    site_id: str
    origin_id: str
    position: int
    reason: str
    product_id: str
    sku: str | None
    name: str | None
    code: str | None
    quantity: int
    price: int | None
    amount: int | None
    currency: str | None
    document: str | None
    actor: str | None
    lot: str | None
    note: str | None
    corrected_at: datetime
    recorded_at: datetime

    @property
    def sort_key(self) -> tuple[datetime, str, str, int]:
        return (self.recorded_at, self.site_id, self.origin_id, self.position)


_SELECT = (
    sa.select(
        movements, products.c.sku, products.c.name, items.c.code, items.c.price, items.c.currency,
        amount(movements.c.quantity, items.c.price).label("amount"),
    )
    .select_from(
        movements.outerjoin(
            items,
            sa.and_(
                items.c.site_id == movements.c.site_id, items.c.origin_id == movements.c.origin_id,
                items.c.ref == movements.c.item_ref,
            ),
        ).outerjoin(products, products.c.id == movements.c.product_id)
    )
    .where(movements.c.reason.in_([sa.literal_column(f"'{kind}'") for kind in KINDS]))
)  # fmt: skip
_SINCE, _UNTIL = (sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("since", "until"))
_LIST = Query(
    newest_first(
        _SELECT.where(
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
_site = bound(movements.c.site_id)
_OF_POSTING = Query(
    _SELECT.where(
        movements.c.site_id == _site,
        movements.c.origin_id.in_(sa.select(origins.c.origin_id).where(origins.c.site_id == _site)),
        movements.c.sequence == sa.any_(bound_array(movements.c.sequence, "positions")),
        movements.c.movement_id == sa.any_(bound_array(movements.c.movement_id, "ids")),
    ).order_by(movements.c.origin_id, movements.c.sequence)
)


async def list_newest(
    connection: Connection, wanted: SaleFilter, after: tuple[datetime, UUID, UUID, int] | None, skip: int, limit: int
) -> list[Sold]:
    """Lines sold and brought back, newest first."""
    return [_sold(row) for row in await _LIST.fetch(connection, **wanted._asdict(), **page(after, skip, limit))]


async def list_posted(
    connection: Connection, site_id: str, positions: Sequence[int], movement_ids: Sequence[str]
) -> list[Sold]:
    """The lines of a posting, by where they are in the site's ledger."""
    rows = await _OF_POSTING.fetch(connection, site_id=site_id, positions=positions, ids=movement_ids)
    return [_sold(row) for row in rows]


_AS_THEY_ARE = (
    "reason", "sku", "name", "code", "quantity", "price", "currency", "document", "actor", "lot", "note",
    "corrected_at", "recorded_at",
)  # fmt: skip


def _sold(row: Row) -> Sold:
    known: dict[str, Any] = {name: row[name] for name in _AS_THEY_ARE}
    return Sold(
        movement_id=str(row["movement_id"]), site_id=str(row["site_id"]), origin_id=str(row["origin_id"]),
        position=row["sequence"], product_id=str(row["product_id"]),
        amount=None if row["amount"] is None else int(row["amount"]), **known,
    )  # fmt: skip
