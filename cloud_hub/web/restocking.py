"""What to restock: low levels with what is on order, how much to order, and where.

To those who receive blind the quantities on order stay hidden, and with them the advice
that could be traced back to them.
"""

from uuid import UUID

from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.services.restocking import Advice
from cloud_hub.web.fields import QuantityText, UnitAmountText, View
from cloud_hub.web.inventory import AsOf, Level, LowQuery, as_of_views, level_fields, level_key
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.vendor_prices import unit_amount
from cloud_hub.web.views import listed
from sync_protocol.quantity import format_quantity

table = Table("purchasing")


class BestVendor(View):
    vendor_id: str
    name: str
    order_quantity: QuantityText
    """The suggested quantity, rounded up to the vendor's minimum and multiple."""
    landed_unit_cost: UnitAmountText
    currency: str
    reason: str


class RestockAlert(Level):
    suggested_quantity: QuantityText | None
    """Up to the maximum of the product at the site, else to twice its reorder point."""
    vendor: BestVendor | None


class RestockAlerts(View):
    items: list[RestockAlert]
    next_cursor: str | None
    as_of: list[AsOf]


@table.add("GET", "/inventory/restock-alerts", permission=Permission.STOCK_READ, query=LowQuery, answer=RestockAlerts)
async def list_restock_alerts(call: Call[LowQuery, None]) -> Answer:
    """Products at or below their reorder point, with how much to order and the best vendor"""
    query = call.query
    levels, advice = await call.hub.restocking.advise(
        call.principal.sites_of(query.site_id), query.after(UUID, UUID), query.skip, query.limit, call.now_ms
    )
    return listed(
        call, RestockAlerts, advice, lambda each: _alert(each, call.principal), lambda each: level_key(each.seen),
        as_of=as_of_views(levels.as_of),
    )  # fmt: skip


def _alert(advice: Advice, who: Principal) -> RestockAlert:
    is_open = who.may(Permission.ORDERS_EXPECTED)
    return RestockAlert(
        **level_fields(advice.seen, who),
        suggested_quantity=format_quantity(advice.suggested) if is_open else None,
        vendor=_best(advice) if is_open and who.may(Permission.VENDORS_READ) else None,
    )


def _best(advice: Advice) -> BestVendor | None:
    quote = advice.best
    if quote is None:
        return None
    return BestVendor(
        vendor_id=quote.offer.vendor_id, name=quote.offer.vendor_name, order_quantity=format_quantity(quote.ordered),
        landed_unit_cost=unit_amount(quote.landed_unit_cost), currency=quote.offer.currency, reason=quote.reason,
    )  # fmt: skip
