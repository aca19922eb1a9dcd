"""Stock: levels with their as-of, movements, adjustments, low stock, commands.

A change to a site with a box is a command to that box and answers 202; to a site that the
hub runs it is a movement at once. Each number says as of which position it is, and how
far behind the hub may be.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.errors import NotFound
from cloud_hub.services.stock import Seen
from cloud_hub.storage.as_of import AsOf as KnownAsOf
from cloud_hub.storage.movement_list import Moved, MovementFilter
from cloud_hub.storage.stock_list import LevelFilter
from cloud_hub.web.fields import Input, QuantityText, Text, Time, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339, to_ms
from cloud_hub.web.views import listed
from sync_protocol.quantity import format_quantity
from sync_protocol.vocabulary import Reason

table = Table("stock")


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or "T" not in value.upper():
            raise ValueError("expected an RFC 3339 time such as 2026-11-21T08:00:00Z (in a URL a plus is %2B)")
        return moment
    return value


Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


class AsOf(View):
    """Up to where the hub knows a site's ledger, and how far behind it may be."""

    site_id: str
    origin_id: str | None
    position: int
    last_heard: Time | None
    behind: int | None
    """Records that wait at the box; null, like the oldest, while it is not heard: nobody here knows."""
    oldest_unsent: Time | None
    is_live: bool
    stale_since: Time | None
    """Since when these figures may be old; null while the box is heard."""


class Level(View):
    site_id: str
    product_id: str
    sku: str
    name: str
    unit: str
    on_hand: QuantityText
    available: QuantityText
    hold: QuantityText
    reserved: QuantityText
    """Promised to somebody."""
    pending: QuantityText
    """What commands without an outcome may still take away."""
    locations: dict[str, QuantityText]
    reorder_point: QuantityText
    critical_level: QuantityText
    severity: Literal["ok", "low", "critical", "out"]
    on_order: QuantityText | None
    """Ordered from vendors and not received; null for those who receive blind."""
    in_transit: QuantityText
    """On its way from other sites."""


class Levels(View):
    items: list[Level]
    next_cursor: str | None
    as_of: list[AsOf]


class LevelElsewhere(View):
    site_id: str
    on_hand: QuantityText
    available: QuantityText
    as_of: AsOf


class StockElsewhere(View):
    items: list[LevelElsewhere]
    """At most 50 sites, and only those that can give some away."""
    told_at: Time


class ElsewhereQuery(Input):
    product_id: Uuid


class LevelsQuery(PageQuery):
    site_id: Uuid | None = None
    product_id: Uuid | None = None
    q: Annotated[Text, Field(min_length=1)] | None = None


class LowQuery(PageQuery):
    site_id: Uuid | None = None


class MovementView(View):
    id: str
    site_id: str
    origin_id: str
    position: int
    product_id: str
    quantity: QuantityText
    from_location: str
    to_location: str
    reason: str
    occurred_at: Time
    corrected_at: Time
    recorded_at: Time
    actor: str | None
    document: str | None
    lot: str | None
    expiry: str | None
    note: str | None
    command_id: str | None


class Movements(View):
    items: list[MovementView]
    next_cursor: str | None


class RestocksQuery(PageQuery):
    site_id: Uuid | None = None
    product_id: Uuid | None = None
    since: Moment | None = None
    until: Moment | None = None
    actor: Text | None = None
    """Who did it, by the name that movements carry."""
    document: Text | None = None
    """For example an order's number or a transfer's id."""


class MovementsQuery(RestocksQuery):
    reason: Text | None = None


@table.add("GET", "/inventory", permission=Permission.STOCK_READ, query=LevelsQuery, answer=Levels)
async def list_inventory(call: Call[LevelsQuery, None]) -> Answer:
    """Stock per site and product, with as-of and what is pending"""
    query = call.query
    wanted = LevelFilter(
        sites=call.principal.sites_of(query.site_id), product_id=query.product_id, q=query.q, only_low=False
    )
    return await _levels(call, wanted, query)


@table.add("GET", "/sites/{site_id}/stock-elsewhere", permission=Permission.SNAPSHOT_READ, device=True,
           query=ElsewhereQuery, answer=StockElsewhere)  # fmt: skip
async def stock_elsewhere(call: Call[ElsewhereQuery, None]) -> StockElsewhere:
    """What the other sites of the chain have of a product, most of it first: for the look-up at this site's box"""
    here = call.path["site_id"]
    call.principal.require_site(here)
    found = await call.hub.stock.elsewhere(call.query.product_id, here, call.now_ms)
    items = [
        LevelElsewhere(
            site_id=each.level.site_id, on_hand=format_quantity(each.level.on_hand),
            available=format_quantity(each.level.available), as_of=as_of_view(each.as_of, each.is_live),
        )
        for each in found
    ]  # fmt: skip
    return StockElsewhere(items=items, told_at=rfc3339(call.now_ms))


@table.add("GET", "/products/low-stock", permission=Permission.STOCK_READ, query=LowQuery, answer=Levels)
async def list_low_stock(call: Call[LowQuery, None]) -> Answer:
    """Products whose available stock is at or below the reorder point"""
    wanted = LevelFilter(sites=call.principal.sites_of(call.query.site_id), product_id=None, q=None, only_low=True)
    return await _levels(call, wanted, call.query)


@table.add("GET", "/inventory/movements", permission=Permission.STOCK_READ, query=MovementsQuery, answer=Movements)
async def list_movements(call: Call[MovementsQuery, None]) -> Answer:
    """Movements, newest first"""
    return await _movements(call, call.query, call.query.product_id, call.query.reason)


@table.add("GET", "/restocks", permission=Permission.STOCK_READ, query=RestocksQuery, answer=Movements)
async def list_restocks(call: Call[RestocksQuery, None]) -> Answer:
    """What came in from suppliers at every kind of site, newest first"""
    return await _movements(call, call.query, call.query.product_id, Reason.RECEIPT)


@table.add("GET", "/inventory/products/{product_id}/history", permission=Permission.STOCK_READ, query=MovementsQuery,
           answer=Movements, errors=(NotFound,))  # fmt: skip
async def product_history(call: Call[MovementsQuery, None]) -> Answer:
    """Movements of one product, newest first"""
    await call.hub.catalogue.get(call.path["product_id"])
    return await _movements(call, call.query, call.path["product_id"], call.query.reason)


async def _levels(call: Call[Any, None], wanted: LevelFilter, query: PageQuery) -> Answer:
    found = await call.hub.stock.levels(wanted, query.after(UUID, UUID), query.skip, query.limit, call.now_ms)
    return listed(
        call, Levels, found.rows, lambda row: Level(**level_fields(row, call.principal)), level_key,
        as_of=as_of_views(found.as_of),
    )  # fmt: skip


def level_key(row: Seen) -> tuple[str, str]:
    """What lists of levels are sorted by."""
    return (row.level.site_id, row.level.product_id)


def as_of_views(known: Sequence[tuple[KnownAsOf, bool]]) -> list[AsOf]:
    """Up to where sites are known, each with whether it is heard now."""
    return [as_of_view(each, live) for each, live in known]


def as_of_view(known: KnownAsOf, live: bool) -> AsOf:
    """Up to where one site is known."""
    return AsOf(
        site_id=known.site_id,
        origin_id=known.origin_id,
        position=known.position,
        last_heard=rfc3339(known.last_heard_ms),
        behind=known.behind if live else None,
        oldest_unsent=rfc3339(known.oldest_unsent_ms if live else None),
        is_live=live,
        stale_since=None if live else rfc3339(known.last_heard_ms),
    )


def level_fields(seen: Seen, who: Principal) -> dict[str, Any]:
    """A level as the API shows it to somebody."""
    row = seen.level
    return {
        "site_id": row.site_id,
        "product_id": row.product_id,
        "sku": row.sku,
        "name": row.name,
        "unit": row.unit,
        "on_hand": format_quantity(row.on_hand),
        "available": format_quantity(row.available),
        "hold": format_quantity(row.hold),
        "reserved": format_quantity(row.reserved),
        "pending": format_quantity(row.pending),
        "locations": {place: format_quantity(quantity) for place, quantity in row.locations.items()},
        "reorder_point": format_quantity(row.reorder_point),
        "critical_level": format_quantity(row.critical_level),
        "severity": seen.severity,
        "on_order": format_quantity(seen.on_order) if who.may(Permission.ORDERS_EXPECTED) else None,
        "in_transit": format_quantity(seen.in_transit),
    }


async def _movements(call: Call[Any, None], query: RestocksQuery, product_id: str | None, reason: str | None) -> Answer:
    wanted = MovementFilter(
        sites=call.principal.sites_of(query.site_id),
        product_id=product_id,
        reason=reason,
        since_ms=None if query.since is None else to_ms(query.since),
        until_ms=None if query.until is None else to_ms(query.until),
        actor=query.actor,
        document=query.document,
    )
    rows = await call.hub.stock.movements(wanted, query.after(datetime, UUID, UUID, int), query.skip, query.limit)
    return listed(call, Movements, rows, _movement, lambda row: row.sort_key)


def _movement(row: Moved) -> MovementView:
    return MovementView(
        id=row.movement_id, site_id=row.site_id, origin_id=row.origin_id, position=row.position,
        product_id=row.product_id, quantity=format_quantity(row.quantity), from_location=row.from_location,
        to_location=row.to_location, reason=row.reason, occurred_at=rfc3339(row.occurred_at_ms),
        corrected_at=rfc3339(row.corrected_at_ms), recorded_at=rfc3339(row.recorded_at_ms), actor=row.actor,
        document=row.document, lot=row.lot, expiry=row.expiry, note=row.note, command_id=row.command_id,
    )  # fmt: skip
