"""Stock over time for dashboards: how much lay there, what moved, what sells and what does not, how right records are.

Read from the rollups and the levels in one snapshot, with how far these are counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cloud_hub.domain import trends
from cloud_hub.domain.periods import Days, Period
from cloud_hub.domain.trends import Point
from cloud_hub.services.reporting import DAYS_MAX, Counted, read_counted, require_days
from cloud_hub.storage import sales_report, stock_flow, stock_reports, stock_trends
from cloud_hub.storage.database import Connection
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sales_report import Asked, Figures
from cloud_hub.storage.stock_flow import Flow, FlowsAsked
from cloud_hub.storage.stock_trends import Accuracy, Filled

__all__ = ["Analytics", "FlowsAsked", "Selling", "Trending", "Trends", "TrendsAsked"]
TOP = 10


class TrendsAsked(NamedTuple):
    """Stock of what, over which days, in which steps."""

    days: Days
    sites: list[str] | None
    product_id: str | None
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """Periods, oldest first."""

    points: Sequence[Point]
    counted: Counted


class Selling(NamedTuple):
    """How well a product sells."""

    flow: Flow
    turnover: Decimal | None
    sell_through: Decimal | None
    days_of_cover: Decimal | None
    is_dead: bool


class Shelves(NamedTuple):
    """Of how many products that sites were to have nothing was there, over days and over as many days before."""

    stocked: int
    out_of_stock: int
    stocked_before: int
    out_of_stock_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    """The numbers of a dashboard."""

    trends: Trends
    totals: Sequence[Figures]
    top: Sequence[Figures]
    accuracy: Accuracy
    accuracy_before: Accuracy
    filled: Filled
    stock_outs: Shelves


class Trending:
    """The use cases of dashboards."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def trends(self, asked: TrendsAsked, now_ms: int) -> Trends:
        """How much lay there at the end of each period. Raises Invalid."""
        require_days(asked.days, DAYS_MAX)
        return await self._reads.run(_trends_alone, asked, now_ms)

    async def selling(
        self, asked: FlowsAsked, after: tuple[str, UUID] | None, skip: int, limit: int, now_ms: int
    ) -> tuple[Sequence[Selling], Counted]:
        """How well each product sells, by SKU. Raises Invalid."""
        require_days(asked.days, DAYS_MAX)
        return await self._reads.run(_selling, asked, after, skip, limit, now_ms)

    async def analytics(self, days: Days, sites: list[str] | None, now_ms: int) -> Analytics:
        """All of a dashboard at once. Raises Invalid."""
        require_days(days, DAYS_MAX)
        return await self._reads.run(_analytics, days, sites, now_ms)


async def _trends_alone(connection: Connection, asked: TrendsAsked, now_ms: int) -> Trends:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await _trends(connection, asked, now_ms)


async def _trends(connection: Connection, asked: TrendsAsked, now_ms: int) -> Trends:
    counted = await read_counted(connection, asked.sites, now_ms)
    held = await stock_trends.read_held(connection, asked.sites, asked.product_id)
    moved: Mapping[date, trends.Day] = await stock_trends.read_moved(
        connection, asked.days, asked.sites, asked.product_id
    )
    return Trends(points=trends.trend(held, moved, asked.days, asked.period), counted=counted)


async def _selling(
    connection: Connection, asked: FlowsAsked, after: tuple[str, UUID] | None, skip: int, limit: int, now_ms: int
) -> tuple[Sequence[Selling], Counted]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        flows = await stock_flow.list_flows(connection, asked, after, skip, limit)
        return [_sells(flow, asked.days) for flow in flows], await read_counted(connection, asked.sites, now_ms)


def _sells(flow: Flow, days: Days) -> Selling:
    sold = flow.sold - flow.returned
    return Selling(
        flow, trends.turnover(sold, flow.opening, flow.closing),
        trends.sell_through(sold, flow.opening, flow.received + max(0, flow.transferred)),
        trends.days_of_cover(flow.closing, sold, days.length), trends.is_dead(flow.closing, sold),
    )  # fmt: skip


async def _analytics(connection: Connection, days: Days, sites: list[str] | None, now_ms: int) -> Analytics:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await sales_report.allow_memory(connection)
        top = Asked(days=days, sites=sites, by="product", sort="-revenue")
        return Analytics(
            trends=await _trends(connection, TrendsAsked(days, sites, None, Period.DAY), now_ms),
            totals=await sales_report.list_totals(connection, top),
            top=await sales_report.list_figures(connection, top, None, 0, TOP),
            accuracy=await stock_trends.read_accuracy(connection, days, sites),
            accuracy_before=await stock_trends.read_accuracy(connection, days.before, sites),
            filled=await stock_trends.read_filled(connection, sites),
            stock_outs=Shelves(
                *await stock_reports.read_stock_outs(connection, days, sites),
                *await stock_reports.read_stock_outs(connection, days.before, sites),
            ),
        )
