"""SQL of what a buyer looks at: what is on order, what a place shall hold, how vendors delivered."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.domain.comparing import Record
from cloud_hub.domain.purchasing import EXPECTING, State
from cloud_hub.storage.database import Connection, Query, bound_array
from cloud_hub.storage.schema import purchase_order_lines, purchase_orders, site_products, sites

_LINES = purchase_order_lines.c
_ORDERS = purchase_orders.c
_SITES = sa.bindparam("sites", type_=ARRAY(sa.Uuid))
_PRODUCTS = bound_array(_LINES.product_id, "products")
_OF_ORDER = sa.and_(_ORDERS.site_id == _LINES.site_id, _ORDERS.id == _LINES.order_id)
_DAY_MS = 86_400_000.0


def _in(*states: State) -> sa.ColumnElement[bool]:
    return _ORDERS.state.in_([sa.literal_column(f"'{state}'") for state in states])


_ON_ORDER = Query(
    sa.select(
        _LINES.site_id,
        _LINES.product_id,
        sa.func.sum(sa.func.greatest(_LINES.quantity - _LINES.received, 0)).cast(sa.BigInteger).label("quantity"),
    )
    .join_from(purchase_order_lines, purchase_orders, _OF_ORDER)
    .where(_LINES.site_id == sa.any_(_SITES), _LINES.product_id == sa.any_(_PRODUCTS), _in(*EXPECTING))
    .group_by(_LINES.site_id, _LINES.product_id)
)
_MAXIMA = Query(
    sa.select(site_products.c.site_id, site_products.c.product_id, site_products.c.maximum).where(
        site_products.c.site_id == sa.any_(_SITES),
        site_products.c.product_id == sa.any_(_PRODUCTS),
        site_products.c.maximum.is_not(None),
    )
)
_TAKEN = ((_LINES.first_received_at - _ORDERS.sent_at) / sa.literal_column(str(_DAY_MS))).cast(sa.Float)


def _percentile(part: str) -> sa.ColumnElement[float]:
    return sa.func.percentile_cont(sa.literal_column(part)).within_group(_TAKEN).filter(
        _LINES.first_received_at.is_not(None)
    )  # fmt: skip


_SETTLED = _in(State.RECEIVED, State.CLOSED)
_RECORDS = Query(
    sa.select(
        _ORDERS.vendor_id,
        _LINES.product_id,
        sa.func.count(_LINES.first_received_at).label("deliveries"),
        _percentile("0.5").label("median_days"),
        _percentile("0.9").label("p90_days"),
        sa.func.sum(_LINES.quantity).filter(_SETTLED).cast(sa.BigInteger).label("ordered"),
        sa.func.sum(sa.func.least(_LINES.received, _LINES.quantity)).filter(_SETTLED).cast(sa.BigInteger).label("came"),
    )
    .select_from(sites)
    .join(purchase_order_lines, _LINES.site_id == sites.c.id)
    .join(purchase_orders, _OF_ORDER)
    .where(_LINES.product_id == sa.any_(_PRODUCTS), _ORDERS.sent_at >= sa.bindparam("since", type_=sa.BigInteger))
    .group_by(_ORDERS.vendor_id, _LINES.product_id)
    .having(sa.or_(sa.func.count(_LINES.first_received_at) > 0, sa.func.count().filter(_SETTLED) > 0))
)


async def list_on_order(
    connection: Connection, site_ids: Sequence[str], product_ids: Sequence[str]
) -> dict[tuple[str, str], int]:
    """What is still to come, by (site, product)."""
    rows = await _ON_ORDER.fetch(connection, sites=site_ids, products=product_ids)
    return {(str(row["site_id"]), str(row["product_id"])): row["quantity"] for row in rows}


async def list_maxima(
    connection: Connection, site_ids: Sequence[str], product_ids: Sequence[str]
) -> dict[tuple[str, str], int]:
    """What a place shall hold at most, by (site, product), where that was said."""
    rows = await _MAXIMA.fetch(connection, sites=site_ids, products=product_ids)
    return {(str(row["site_id"]), str(row["product_id"])): row["maximum"] for row in rows}


async def list_records(
    connection: Connection, product_ids: Sequence[str], since_ms: int
) -> dict[tuple[str, str], Record]:
    """How vendors delivered what was sent to them since then, by (vendor, product)."""
    rows = await _RECORDS.fetch(connection, products=product_ids, since=since_ms)
    return {
        (str(row["vendor_id"]), str(row["product_id"])): Record(
            deliveries=row["deliveries"], median_days=row["median_days"], p90_days=row["p90_days"],
            ordered=row["ordered"] or 0, came=row["came"] or 0,
        )
        for row in rows
    }  # fmt: skip
