"""Inventory reports of days, weeks and months: listed, read, downloaded, made on demand."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from aiohttp import web

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Invalid, NotFound, TooMany
from cloud_hub.services.sheets import CSV_TYPE, XLSX_TYPE
from cloud_hub.services.stock_reporting import Kind, ReportFilter, StockReport
from cloud_hub.web.fields import Day, DayText, Input, MoneyText, QuantityText, Time, View
from cloud_hub.web.fields import Uuid as Id
from cloud_hub.web.jobs import JobView, accepted
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed

table = Table("reports")
_TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE, "pdf": "application/pdf"}
_KIND, _ONE = "/reports/{kind}", "/reports/{kind}/{report_id}"


class ReportsQuery(PageQuery):
    site_id: Id | None = None
    start_date: Day | None = None
    """Only reports with days from this one on."""
    end_date: Day | None = None
    """Only reports with days up to this one."""


class FileQuery(Input):
    format: Literal["csv", "xlsx", "pdf"] = "csv"
    """pdf: to print, with what came and went as a chart; at most 20000 lines."""


class NewReport(Input):
    site_id: Id | None = None
    """Left out: your only site, else the default site."""
    day: Day
    """Any day of the period, by the site's calendar."""


class ReportTotals(View):
    quantities: dict[str, QuantityText]
    """All lines together: opening, received, sold, returned, lost, counted, transferred, closing."""
    values: dict[str, MoneyText]
    """By currency: what is there at the end, at what one unit costs now."""
    stocked: int | None = None
    """Products that the site is to have: ever held, or in its assortment; null in reports of earlier versions."""
    out_of_stock: int | None = None
    """Those of which nothing is there at the end."""


class StockReportView(View):
    id: str
    site_id: str
    kind: Kind
    start_date: DayText
    end_date: DayText
    revision: int
    """Counts how often it was made; more that came late makes another."""
    is_final: bool
    """Nothing of these days can still come: the box was heard after them and had nothing more to send."""
    made_at: Time
    origin_id: str | None
    position: int
    """Up to where of the site's ledger it is."""
    lines: int
    """Products in it: those that were there, or moved."""
    totals: ReportTotals


class StockReports(View):
    items: list[StockReportView]
    next_cursor: str | None


@table.add("GET", _KIND, permission=Permission.REPORTS_READ, query=ReportsQuery, answer=StockReports)
async def list_stock_reports(call: Call[ReportsQuery, None]) -> Answer:
    """Inventory reports of your sites: daily, weekly or monthly ones, the newest period first"""
    query = call.query
    sites = call.principal.sites_of(query.site_id)
    wanted = ReportFilter(sites, call.path["kind"], query.start_date, query.end_date)
    rows = await call.hub.stock_reporting.list(wanted, query.after(date, UUID), query.skip, query.limit)
    return listed(call, StockReports, rows, _view, lambda row: row.sort_key)


@table.add("POST", _KIND, permission=Permission.REPORTS_READ, body=NewReport, answer=JobView, status=202,
           errors=(NotFound, Invalid, TooMany), idempotent=True)  # fmt: skip
async def make_stock_report(call: Call[None, NewReport]) -> Answer:
    """Make the report of a period that is over, now and whatever was made before; the job tells which it is"""
    body = call.body
    site = await call.hub.stock.site_for(call.principal, body.site_id)
    job, is_replayed = await call.hub.stock_reporting.ask(
        Kind(call.path["kind"]), site.id, body.day, call.key, call.principal, call.now_ms
    )
    return accepted(job, replayed=is_replayed)


@table.add("GET", _ONE, permission=Permission.REPORTS_READ, answer=StockReportView, errors=(NotFound,))
async def get_stock_report(call: Call[None, None]) -> StockReportView:
    """One inventory report: what it comes to, and as of when"""
    return _view(await _found(call))


@table.add("GET", _ONE + "/file", permission=Permission.REPORTS_READ, query=FileQuery, errors=(NotFound, Invalid),
           produces="application/octet-stream")  # fmt: skip
async def get_stock_report_file(call: Call[FileQuery, None]) -> web.Response:
    """Its lines, product by product"""
    report, form = await _found(call), call.query.format
    name = f"inventory-{report.kind}-{report.first}-{report.revision}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store",
               "ETag": f'"{report.id}-{report.revision}-{form}"'}  # fmt: skip
    body = await call.hub.stock_reporting.file(report, form)
    return web.Response(body=body, content_type=_TYPES[form], headers=headers)


async def _found(call: Call[Any, None]) -> StockReport:
    return await call.hub.stock_reporting.get(call.path["kind"], call.path["report_id"], call.principal)


def _view(report: StockReport) -> StockReportView:
    return StockReportView(
        id=report.id, site_id=report.site_id, kind=Kind(report.kind), start_date=report.first.isoformat(),
        end_date=report.days.last.isoformat(), revision=report.revision,
        is_final=report.is_final, made_at=rfc3339(report.made_at_ms), origin_id=report.origin_id,
        position=report.position, lines=report.lines, totals=ReportTotals(**report.totals),
    )  # fmt: skip
