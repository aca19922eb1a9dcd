"""SQL of lots: the movements of one site that say which lots are where; the rule that folds them is sync_protocol's."""

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, bound
from cloud_hub.storage.schema import movements, origins
from sync_protocol import lots as rules
from sync_protocol.lots import Places

_SITE = bound(movements.c.site_id)
_PRODUCTS = Query(
    sa.select(movements.c.product_id)
    .where(movements.c.site_id == _SITE, sa.or_(movements.c.lot.is_not(None), movements.c.expiry.is_not(None)))
    .distinct()
    .order_by(movements.c.product_id)
)
_MOVES = Query(
    sa.select(
        movements.c.quantity, movements.c.from_location, movements.c.to_location, movements.c.lot,
        sa.cast(movements.c.expiry, sa.Text).label("expiry"),
    )
    .join_from(
        movements,
        origins,
        sa.and_(origins.c.site_id == movements.c.site_id, origins.c.origin_id == movements.c.origin_id),
    )
    .where(movements.c.site_id == _SITE, movements.c.product_id == bound(movements.c.product_id))
    .order_by(origins.c.opened_at, origins.c.origin_id, movements.c.sequence)
)  # fmt: skip


async def list_products(connection: Connection, site_id: str) -> list[str]:
    """Those of which the site's ledger has ever named a lot."""
    return [str(row["product_id"]) for row in await _PRODUCTS.fetch(connection, site_id=site_id)]


async def held(connection: Connection, site_id: str, product_id: str) -> Places:
    """What lies where of each lot, by the whole ledger of the site; nothing once no lot is left that has a name."""
    places: Places = {}
    for row in await _MOVES.fetch(connection, site_id=site_id, product_id=product_id):
        asked = rules.named(row["lot"], row["expiry"])
        rules.move(places, row["quantity"], row["from_location"], row["to_location"], asked)
    is_known = any(lot != rules.UNKNOWN for parts in places.values() for lot in parts)
    return places if is_known else {}
