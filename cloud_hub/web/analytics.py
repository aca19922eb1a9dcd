"""The numbers of dashboards: stock over time, how well products sell, how right the records are."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from cloud_hub.domain.periods import Period, span
from cloud_hub.domain.permissions import Permission
from cloud_hub.domain.trends import Point, change, share
from cloud_hub.errors import Invalid
from cloud_hub.services.trending import Analytics, FlowsAsked, Selling, Shelves, TrendsAsked
from cloud_hub.web.fields import Day, DayText, DecimalText, Input, MoneyText, Name, QuantityText, QueryFlag, View
from cloud_hub.web.fields import Uuid as Id
from cloud_hub.web.movement_report import DaysQuery
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.sales_report import CountedView, counted_view, today
from cloud_hub.web.views import listed, money
from sync_protocol.quantity import format_quantity

table = Table("reports")


class TrendsQuery(Input):
    start_date: Day | None = None
    """The first day, of the site's own calendar; left out: 30 days up to the last one."""
    end_date: Day | None = None
    """The last day; left out: today."""
    site_id: Id | None = None
    product_id: Id | None = None
    period: Literal["day", "week", "month"] = "day"
    """How long each point of the trend is."""


class AnalyticsQuery(Input):
    start_date: Day | None = None
    """The first day, of the site's own calendar; left out: 30 days up to the last one."""
    end_date: Day | None = None
    """The last day; left out: today."""
    site_id: Id | None = None


class SellingQuery(DaysQuery):
    category: Name | None = None
    dead: QueryFlag | None = None
    """true: only what lies there and was not sold at all in that time; false: all others."""


class TrendPoint(View):
    """Stock at the end of a period, and what moved in it."""

    first: DayText
    """The first day of the period."""
    on_hand: QuantityText
    """What lay there at its end."""
    added: QuantityText
    taken: QuantityText
    sold: QuantityText
    returned: QuantityText
    lost: QuantityText
    """Damaged, expired or stolen."""


class StockTrends(View):
    start_date: DayText
    end_date: DayText
    items: list[TrendPoint]
    as_of: CountedView


class SellingView(View):
    """How well a product sells."""

    product_id: str
    sku: str
    name: str
    category: str
    opening: QuantityText
    """What lay there before the first day."""
    received: QuantityText
    sold: QuantityText
    """Less what was brought back."""
    lost: QuantityText
    """Damaged, expired or stolen."""
    closing: QuantityText
    """What lay there after the last day."""
    turnover: DecimalText | None
    """How often the stock was sold: units sold by the mean of opening and closing; null where there was none."""
    sell_through: DecimalText | None
    """The share of opening, received and transferred units that was sold."""
    days_of_cover: DecimalText | None
    """How many days what is there lasts if it goes on selling like that; null where none was sold."""
    is_dead: bool
    """Something lies there, and none of it was sold."""


class SellingReport(View):
    start_date: DayText
    end_date: DayText
    items: list[SellingView]
    next_cursor: str | None
    as_of: CountedView


class TopProduct(View):
    """A product among those that bring the most."""

    product_id: str
    name: str | None
    currency: str
    quantity: QuantityText
    """Units sold less returned."""
    revenue: MoneyText
    """What they brought."""


class StockOuts(View):
    """How often shelves were empty, by the daily inventory reports of that time."""

    rate: DecimalText | None
    """Of all products that sites were to have, the share of which nothing was there at the end of a day."""
    rate_before: DecimalText | None
    """The same of as many days before."""
    change: DecimalText | None
    """By how much of it the rate grew: -0.2 is a fifth less; null where there was nothing to compare with."""


class AnalyticsView(View):
    start_date: DayText
    end_date: DayText
    trend: list[TrendPoint]
    """Day by day."""
    revenue: dict[str, MoneyText]
    """By currency."""
    top_products: list[TopProduct]
    """Those that brought the most, at most ten."""
    counted_lines: int
    """Lines of stocktakes that were posted in that time."""
    record_accuracy: DecimalText | None
    """The share of them whose record was right; null where none was counted."""
    record_accuracy_before: DecimalText | None
    """The same of as many days before."""
    stocked: int
    """Products that sites are to have: that they ever held or have in their assortment."""
    out_of_stock: int
    """Those of which nothing lies there now."""
    stock_out_rate: DecimalText | None
    """The share of them."""
    stock_outs: StockOuts
    """How often shelves were empty in that time, compared with the time before."""
    as_of: CountedView


@table.add("GET", "/products/analytics", permission=Permission.REPORTS_READ, query=AnalyticsQuery,
           answer=AnalyticsView, errors=(Invalid,))  # fmt: skip
async def get_analytics(call: Call[AnalyticsQuery, None]) -> AnalyticsView:
    """The numbers of a dashboard: stock and sales over time, what sells best, stock-outs, how right records are"""
    query = call.query
    days = span(query.start_date, query.end_date, today(call.now_ms))
    sites = call.principal.sites_of(query.site_id)
    return _analytics(await call.hub.trending.analytics(days, sites, call.now_ms), days.first, days.last)


@table.add("GET", "/reports/stock-trends", permission=Permission.REPORTS_READ, query=TrendsQuery, answer=StockTrends,
           errors=(Invalid,))  # fmt: skip
async def get_stock_trends(call: Call[TrendsQuery, None]) -> StockTrends:
    """How much lay at your sites at the end of each day, week or month, and what moved: one product, or all"""
    query = call.query
    days = span(query.start_date, query.end_date, today(call.now_ms))
    asked = TrendsAsked(days, call.principal.sites_of(query.site_id), query.product_id, Period(query.period))
    found = await call.hub.trending.trends(asked, call.now_ms)
    return StockTrends(
        start_date=days.first.isoformat(), end_date=days.last.isoformat(),
        items=[_point(point) for point in found.points], as_of=counted_view(found.counted),
    )  # fmt: skip


@table.add("GET", "/reports/selling", permission=Permission.REPORTS_READ, query=SellingQuery, answer=SellingReport,
           errors=(Invalid,))  # fmt: skip
async def get_selling(call: Call[SellingQuery, None]) -> Answer:
    """How well each product sells at your sites: turnover, sell-through, days of cover, dead stock"""
    query = call.query
    days = span(query.start_date, query.end_date, today(call.now_ms))
    asked = FlowsAsked(days, call.principal.sites_of(query.site_id), query.category, query.dead)
    rows, counted = await call.hub.trending.selling(asked, query.after(str, UUID), query.skip, query.limit, call.now_ms)
    return listed(
        call, SellingReport, rows, _selling, lambda row: (row.flow.sku, row.flow.product_id),
        start_date=days.first.isoformat(), end_date=days.last.isoformat(), as_of=counted_view(counted),
    )  # fmt: skip


def _point(point: Point) -> TrendPoint:
    moved = point.moved
    return TrendPoint(
        first=point.first.isoformat(), on_hand=format_quantity(point.on_hand), added=format_quantity(moved.added),
        taken=format_quantity(moved.taken), sold=format_quantity(moved.sold),
        returned=format_quantity(moved.returned), lost=format_quantity(moved.lost),
    )  # fmt: skip


def _selling(row: Selling) -> SellingView:
    flow = row.flow
    return SellingView(
        product_id=flow.product_id, sku=flow.sku, name=flow.name, category=flow.category,
        opening=format_quantity(flow.opening), received=format_quantity(flow.received),
        sold=format_quantity(flow.sold - flow.returned), lost=format_quantity(flow.lost),
        closing=format_quantity(flow.closing), turnover=_text(row.turnover), sell_through=_text(row.sell_through),
        days_of_cover=_text(row.days_of_cover), is_dead=row.is_dead,
    )  # fmt: skip


def _analytics(found: Analytics, first: date, last: date) -> AnalyticsView:
    accuracy, filled = found.accuracy, found.filled
    return AnalyticsView(
        start_date=first.isoformat(), end_date=last.isoformat(), trend=[_point(point) for point in found.trends.points],
        revenue={row.currency: money(row.gross - row.refunds, row.currency) for row in found.totals},
        top_products=[
            TopProduct(
                product_id=row.of, name=row.label, currency=row.currency,
                quantity=format_quantity(row.sold - row.returned), revenue=money(row.gross - row.refunds, row.currency),
            )
            for row in found.top
        ],
        counted_lines=accuracy.lines, record_accuracy=_text(share(accuracy.exact, accuracy.lines)),
        record_accuracy_before=_text(share(found.accuracy_before.exact, found.accuracy_before.lines)),
        stocked=filled.places, out_of_stock=filled.empty, stock_out_rate=_text(share(filled.empty, filled.places)),
        stock_outs=_stock_outs(found.stock_outs), as_of=counted_view(found.trends.counted),
    )  # fmt: skip


def _stock_outs(found: Shelves) -> StockOuts:
    now, before = (found.out_of_stock, found.stocked), (found.out_of_stock_before, found.stocked_before)
    return StockOuts(rate=_text(share(*now)), rate_before=_text(share(*before)), change=_text(change(now, before)))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
