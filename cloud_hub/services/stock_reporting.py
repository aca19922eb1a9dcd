"""Inventory reports: each site's stock over a day, a week or a month, made when it is over and kept.

One snapshot of the rollups and the levels, so a report is of one moment. The clock makes what
is due and makes again what was provisional; whoever asks for one gets a job. Stored as CSV.
"""

import asyncio
import csv
import zlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from uuid_utils import uuid7

from cloud_hub.domain.cells import guarded
from cloud_hub.domain.periods import Days
from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.stock_reports import (
    COLUMNS,
    PROVISIONAL_DAYS,
    Kind,
    Totals,
    days_of,
    due,
    ends_at_ms,
    is_over,
    value,
)
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services import report_files
from cloud_hub.services.jobs import Job, ask_in
from cloud_hub.services.ports import Now
from cloud_hub.services.reporting import read_counted
from cloud_hub.services.working import Kind as JobKind
from cloud_hub.services.working import Run
from cloud_hub.storage import sites, stock_flow, stock_reports
from cloud_hub.storage.as_of import AsOf
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.stock_flow import Flow
from cloud_hub.storage.stock_reports import ReportFilter, StockReport
from sync_protocol.quantity import format_quantity

__all__ = ["Kind", "Made", "ReportFilter", "StockReport", "StockReporting"]
log = structlog.get_logger(__name__)
JOB = "stock_report"


FILES_AT_ONCE = 2
"""Workbooks and pages are made in processes; more of them would take the memory of the rest."""


class Made(NamedTuple):
    """A report's lines, written."""

    content: bytes
    totals: Totals


class StockReporting:
    """The use cases of those who read inventory reports."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads
        self._being_made = asyncio.Semaphore(FILES_AT_ONCE)

    async def list(
        self, wanted: ReportFilter, before: tuple[date, UUID] | None, skip: int, limit: int
    ) -> Sequence[StockReport]:
        """Reports of one kind, the newest period first."""
        return await self._reads.run(stock_reports.list_newest, wanted, before, skip, limit)

    async def get(self, kind: str, report_id: str, who: Principal) -> StockReport:
        """Raises NotFound, also for a site that is not theirs."""
        report = await self._reads.run(stock_reports.find, report_id)
        if report is None or report.kind != kind or not who.sees(report.site_id):
            raise NotFound("report", "no such report")
        return report

    async def ask(self, kind: Kind, site_id: str, day: date, key: str, who: Principal, now_ms: int) -> tuple[Job, bool]:
        """Make the report of the period that this day is in, again if there is one. Raises TooMany, Invalid."""
        body = {"kind": kind, "site_id": site_id, "day": day.isoformat()}
        async with self._database.transaction() as connection:
            return await ask_in(connection, JOB, body, key, who, now_ms, total=1)

    async def file(self, report: StockReport, form: str) -> bytes:
        """The lines as a file. Raises Invalid."""
        content = zlib.decompress(await self._reads.run(stock_reports.read_content, report.id))
        site = await self._reads.run(sites.find, report.site_id)
        assert site is not None
        async with self._being_made:
            return await report_files.make(report, site, form, content)


def job_kind(now: Now) -> JobKind:
    """The job that makes one report."""

    async def run(run: Run) -> dict[str, Any]:
        body = run.job.body
        kind, day = Kind(body["kind"]), date.fromisoformat(body["day"])
        async with run.database.connection() as connection:
            zones = dict(await stock_reports.list_places(connection))
        if body["site_id"] not in zones:
            raise NotFound("site", "expected a site whose ledger is counted; a new one is in a few seconds")
        days, zone = days_of(kind, day), zones[body["site_id"]]
        if not is_over(days, zone, now()):
            raise Conflict("not_over", f"expected days that are over where the site is, got up to {days.last}")
        report_id = await make(run.database, body["site_id"], kind, days, zone, now())
        async with run.database.transaction() as connection:
            await run.save(connection, done=1, total=1)
        return {"report_id": report_id, "report": f"/api/v1/reports/{kind}/{report_id}"}

    return JobKind(name=JOB, run=run)


async def make_due(database: Database, now_ms: int) -> int:
    """Make what is over and has no report, and again what is provisional and has more; how many."""
    made = 0
    async with database.connection() as connection:
        places = await stock_reports.list_places(connection)
        since = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(PROVISIONAL_DAYS)
        provisional = await stock_reports.list_provisional(connection, since)
    for site_id, zone in places:
        for kind in Kind:
            made += await _make_once(database, site_id, kind, due(kind, zone, now_ms), zone, now_ms)
    zones = dict(places)
    for site_id, name, first, position in provisional:
        async with database.connection() as connection:
            counted = await read_counted(connection, [site_id], now_ms)
        kind = Kind(name)
        days = days_of(kind, first)
        grown = any(each.position > position or _is_final(each, days, zones[site_id]) for each, _ in counted.as_of)
        if site_id in zones and grown:
            await make(database, site_id, kind, days, zones[site_id], now_ms)
            made += 1
    return made


async def make(database: Database, site_id: str, kind: Kind, days: Days, zone: str, now_ms: int) -> str:
    """Make a report of a site's days; its id."""
    async with database.transaction(isolation="repeatable_read", readonly=True) as snapshot:
        known = next(iter((await read_counted(snapshot, [site_id], now_ms)).as_of), None)
        written = await _write(snapshot, site_id, days)
    fields = {
        "id": str(uuid7()), "site_id": site_id, "kind": kind, "first": days.first, "until": days.until,
        "made_at": now_ms, "lines": written.totals.lines, "totals": written.totals.document(),
        "content": written.content, "origin_id": None if known is None else known[0].origin_id,
        "position": 0 if known is None else known[0].position,
        "is_final": known is not None and _is_final(known[0], days, zone),
    }  # fmt: skip
    async with database.transaction() as connection:
        report_id = await stock_reports.save(connection, fields)
    log.info("inventory report made", kind=kind, site=site_id, first=str(days.first), lines=fields["lines"])
    return report_id


async def _make_once(database: Database, site_id: str, kind: Kind, days: Days, zone: str, now_ms: int) -> int:
    async with database.connection() as connection:
        if await stock_reports.find_of(connection, site_id, kind, days.first) is not None:
            return 0
    await make(database, site_id, kind, days, zone, now_ms)
    return 1


def _is_final(known: AsOf, days: Days, zone: str) -> bool:
    """Nothing of these days can still come: the box was heard after them, and has nothing to send."""
    if known.is_hub_run:
        return True
    return known.behind == 0 and (known.last_heard_ms or 0) >= ends_at_ms(days, zone)


async def _write(connection: Connection, site_id: str, days: Days) -> Made:
    text, totals = StringIO(newline=""), Totals()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    async for flows in stock_flow.pages(connection, site_id, days):
        for flow in flows:
            if flow.is_missed:
                totals.look(flow.closing)
        writer.writerows(_line(flow, totals) for flow in flows if flow.has_any)
    return Made(zlib.compress(text.getvalue().encode()), totals)


def _line(flow: Flow, totals: Totals) -> list[str]:
    quantities = flow.quantities
    worth = value(flow.closing, flow.cost, flow.currency)
    totals.add(quantities, flow.currency, worth)
    return [
        guarded(flow.sku), guarded(flow.name), guarded(flow.category), *map(format_quantity, quantities),
        "" if flow.cost is None else f"{flow.cost:f}", "" if worth is None else f"{worth:f}", flow.currency,
    ]  # fmt: skip
