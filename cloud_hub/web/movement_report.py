"""Movements as figures: who moved how much and why, and what was lost."""

from typing import Literal

from cloud_hub.domain.periods import span
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Invalid
from cloud_hub.services.reporting import Done, Lost, LostAsked, MovementsAsked, key_types
from cloud_hub.web.fields import Day, DayText, MoneyText, QuantityText, Text, View
from cloud_hub.web.fields import Uuid as Id
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.sales_report import CountedView, counted_view, today
from cloud_hub.web.views import listed, money
from sync_protocol.quantity import format_quantity

table = Table("reports")


class DaysQuery(PageQuery):
    start_date: Day | None = None
    """The first day, of the site's own calendar; left out: 30 days up to the last one."""
    end_date: Day | None = None
    """The last day; left out: today."""
    site_id: Id | None = None


class MovementReportQuery(DaysQuery):
    actor: Text | None = None
    """Who did it, by the name that movements carry."""
    reason: Text | None = None


class MovementFigures(View):
    """What somebody moved for one reason."""

    actor: str
    """By the name that movements carry; empty: nobody said."""
    reason: str
    movements: int
    """How many there were."""
    added: QuantityText
    """Units that came to the site's own places."""
    taken: QuantityText
    """Units that left them."""


class MovementTotals(View):
    """All of it together."""

    movements: int
    added: QuantityText
    taken: QuantityText


class MovementReport(View):
    start_date: DayText
    end_date: DayText
    items: list[MovementFigures]
    totals: MovementTotals
    """Of all pages together."""
    next_cursor: str | None
    as_of: CountedView


class ShrinkageQuery(DaysQuery):
    by: Literal["product", "site", "reason"] = "reason"


class ShrinkageFigures(View):
    """What was lost for one reason, in one currency."""

    product_id: str | None
    site_id: str | None
    name: str | None
    """Of the product or site."""
    reason: Literal["count", "damage", "expiry", "theft"]
    """count: what stocktakes did not find, for no known reason."""
    currency: str
    movements: int
    quantity: QuantityText
    """Units lost; of counts less what was found beyond the record, so it may be below zero."""
    cost: MoneyText | None
    """What they had cost, where that was known; null for counts, as what was missing and what was found offset."""


class Shrinkage(View):
    start_date: DayText
    end_date: DayText
    items: list[ShrinkageFigures]
    next_cursor: str | None
    as_of: CountedView


@table.add("GET", "/reports/stock-movements", permission=Permission.REPORTS_READ, query=MovementReportQuery,
           answer=MovementReport, errors=(Invalid,))  # fmt: skip
async def get_movement_report(call: Call[MovementReportQuery, None]) -> Answer:
    """Who moved how much for which reason at your sites, over a range of days"""
    query = call.query
    asked = MovementsAsked(
        span(query.start_date, query.end_date, today(call.now_ms)), call.principal.sites_of(query.site_id),
        query.actor, query.reason,
    )  # fmt: skip
    rows, total, counted = await call.hub.reporting.movements(
        asked, query.after(str, str), query.skip, query.limit, call.now_ms
    )
    totals = MovementTotals(
        movements=total.movements, added=format_quantity(total.added), taken=format_quantity(total.taken)
    )
    return listed(
        call, MovementReport, rows, _done, lambda row: row.sort_key, totals=totals,
        start_date=asked.days.first.isoformat(), end_date=asked.days.last.isoformat(), as_of=counted_view(counted),
    )  # fmt: skip


@table.add("GET", "/reports/shrinkage", permission=Permission.REPORTS_READ, query=ShrinkageQuery, answer=Shrinkage,
           errors=(Invalid,))  # fmt: skip
async def get_shrinkage(call: Call[ShrinkageQuery, None]) -> Answer:
    """What was damaged, expired, stolen or not found at your sites, by reason and by product or site"""
    query = call.query
    days = span(query.start_date, query.end_date, today(call.now_ms))
    asked = LostAsked(days, call.principal.sites_of(query.site_id), query.by)
    after = query.after(*key_types(query.by))
    rows, counted = await call.hub.reporting.shrinkage(asked, after, query.skip, query.limit, call.now_ms)
    return listed(
        call, Shrinkage, rows, lambda row: _lost(row, query.by), lambda row: row.sort_key,
        start_date=days.first.isoformat(), end_date=days.last.isoformat(), as_of=counted_view(counted),
    )  # fmt: skip


def _done(row: Done) -> MovementFigures:
    return MovementFigures(
        actor=row.actor, reason=row.reason, movements=row.movements, added=format_quantity(row.added),
        taken=format_quantity(row.taken),
    )  # fmt: skip


def _lost(row: Lost, by: str) -> ShrinkageFigures:
    return ShrinkageFigures(
        product_id=row.of if by == "product" else None, site_id=row.of if by == "site" else None, name=row.label,
        reason=row.reason, currency=row.currency, movements=row.movements, quantity=format_quantity(row.quantity),
        cost=money(row.cost, row.currency),
    )  # fmt: skip
