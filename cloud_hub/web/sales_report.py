"""The sales report: what was sold, by hour, day, week or month, by product, category or site."""

from datetime import UTC, date, datetime
from typing import Literal

from cloud_hub.domain.periods import Period, span
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Invalid
from cloud_hub.services.reporting import Asked, Counted, Figures, Sort
from cloud_hub.web.fields import Day, DayText, MoneyText, Name, QuantityText, Time, View
from cloud_hub.web.fields import Uuid as Id
from cloud_hub.web.inventory import AsOf, as_of_views
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed, money
from sync_protocol.quantity import format_quantity

table = Table("sales")


class SalesReportQuery(PageQuery):
    start_date: Day | None = None
    """The first day, of the site's own calendar; left out: 30 days up to the last one."""
    end_date: Day | None = None
    """The last day; left out: today."""
    period: Period | None = None
    """Left out: all days together."""
    by: Literal["product", "category", "site"] | None = None
    """Left out: all together."""
    site_id: Id | None = None
    product_id: Id | None = None
    category: Name | None = None
    """As the products are filed now."""
    sort: Sort = "period"
    """Inside each period: by what the row is of, or the most first."""


class SalesFigures(View):
    """Sales of one period and product, category or site, in one currency."""

    period: str | None
    """The first day of the period, or the hour, of the site's own clock; null: all days together."""
    product_id: str | None
    site_id: str | None
    category: str | None
    name: str | None
    """Of the product or site."""
    currency: str
    sales: int
    """How many lines were sold."""
    sold: QuantityText
    """Units sold."""
    returned: QuantityText
    """Units brought back."""
    quantity: QuantityText
    """Sold less returned."""
    gross: MoneyText
    """What was asked for the units sold."""
    refunds: MoneyText
    """What was given back for units returned."""
    revenue: MoneyText
    """Gross less refunds."""
    cost: MoneyText
    """What the units sold had cost, less the returned ones, where the seller knew."""
    margin: MoneyText
    """Revenue less cost."""


class CountedView(View):
    """How far figures are counted: some seconds behind what is known here."""

    counted_at: Time | None
    """When all was counted that was known here; null: never yet."""
    uncounted: int
    """Records that are known here and not in the figures yet."""
    sites: list[AsOf]
    """Per site: the position up to which its ledger is in the figures, and how far the hub may be behind its box."""


class SalesReport(View):
    start_date: DayText
    end_date: DayText
    items: list[SalesFigures]
    totals: list[SalesFigures]
    """Of all pages together, by currency."""
    next_cursor: str | None
    as_of: CountedView


@table.add("GET", "/sales/report", permission=Permission.REPORTS_READ, query=SalesReportQuery, answer=SalesReport,
           errors=(Invalid,))  # fmt: skip
async def get_sales_report(call: Call[SalesReportQuery, None]) -> Answer:
    """Sales at your sites by period and by product, category or site, with what they come to"""
    query = call.query
    asked = Asked(
        days=span(query.start_date, query.end_date, today(call.now_ms)), sites=call.principal.sites_of(query.site_id),
        period=query.period, by=query.by, product_id=query.product_id, category=query.category, sort=query.sort,
    )  # fmt: skip
    report = await call.hub.reporting.sales(
        asked, query.after(str, int, str, str), query.skip, query.limit, call.now_ms
    )
    whole = asked._replace(period=None, by=None)
    return listed(
        call, SalesReport, report.rows, lambda row: _figures(asked, row), lambda row: row.sort_key,
        totals=[_figures(whole, row) for row in report.totals], start_date=asked.days.first.isoformat(),
        end_date=asked.days.last.isoformat(), as_of=counted_view(report.counted),
    )  # fmt: skip


def today(now_ms: int) -> date:
    """The day it is in UTC: where it is tomorrow already is asked for by its date."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def counted_view(counted: Counted) -> CountedView:
    """How far figures are counted, as the API shows it."""
    return CountedView(
        counted_at=rfc3339(counted.counted_at_ms or None), uncounted=counted.uncounted,
        sites=as_of_views(counted.as_of),
    )  # fmt: skip


def _figures(asked: Asked, row: Figures) -> SalesFigures:
    revenue = row.gross - row.refunds
    return SalesFigures(
        period=None if asked.period is None else row.period, product_id=row.of if asked.by == "product" else None,
        site_id=row.of if asked.by == "site" else None, category=row.of if asked.by == "category" else None,
        name=row.label, currency=row.currency, sales=row.sales, sold=format_quantity(row.sold),
        returned=format_quantity(row.returned), quantity=format_quantity(row.sold - row.returned),
        gross=money(row.gross, row.currency), refunds=money(row.refunds, row.currency),
        revenue=money(revenue, row.currency), cost=money(row.cost, row.currency),
        margin=money(revenue - row.cost, row.currency),
    )  # fmt: skip
