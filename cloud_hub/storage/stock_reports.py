"""SQL of inventory reports as they are stored: one per site, kind and period, made again as a new revision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.periods import Days
from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.listing import equals, newest_first, of_sites, optional, page
from cloud_hub.storage.schema import rollup_sites, sites, stock_reports


class ReportFilter(NamedTuple):
    """Which reports a list wants."""

    sites: list[str] | None
    kind: str
    start_date: date | None
    end_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReport:
    """A report without its lines."""

    id: str
    site_id: str
    kind: str
    first: date
    until: date
    revision: int
    is_final: bool
    made_at_ms: int
    origin_id: str | None
    position: int
    lines: int
    totals: Mapping[str, Any]

    @property
    def days(self) -> Days:
        return Days(self.first, self.until)

    @property
    def sort_key(self) -> tuple[date, str]:
        return (self.first, self.site_id)


_HEAD = sa.select(*(column for column in stock_reports.c if column.name != "content"))
_FIRST, _LAST = (sa.bindparam(name, type_=sa.Date) for name in ("start_date", "end_date"))
_LIST = Query(
    newest_first(
        _HEAD.where(
            equals(stock_reports.c.kind), of_sites(stock_reports.c.site_id),
            optional(_FIRST, stock_reports.c.until > _FIRST), optional(_LAST, stock_reports.c.first <= _LAST),
        ),
        stock_reports.c.first,
        stock_reports.c.site_id,
    )
)  # fmt: skip
_ID = stock_reports.c.id == bound(stock_reports.c.id)
_FIND = Query(_HEAD.where(_ID))
_CONTENT = Query(sa.select(stock_reports.c.content).where(_ID))
_OF = Query(
    _HEAD.where(
        stock_reports.c.site_id == bound(stock_reports.c.site_id), stock_reports.c.kind == bound(stock_reports.c.kind),
        stock_reports.c.first == bound(stock_reports.c.first),
    )
)  # fmt: skip
_COLUMNS = (
    "site_id", "kind", "first", "until", "id", "is_final", "made_at", "origin_id", "position", "lines", "totals",
    "content",
)  # fmt: skip
_made = insert(stock_reports).values(given(stock_reports, *_COLUMNS))
_SAVE = Query(
    _made.on_conflict_do_update(
        index_elements=[stock_reports.c.site_id, stock_reports.c.kind, stock_reports.c.first],
        set_={name: _made.excluded[name] for name in _COLUMNS[5:]} | {"revision": stock_reports.c.revision + 1},
    ).returning(stock_reports.c.id)
)
_PLACES = Query(
    sa.select(sites.c.id, rollup_sites.c.timezone)
    .select_from(sites.join(rollup_sites, rollup_sites.c.site_id == sites.c.id))
    .where(sites.c.archived_at.is_(None))
    .order_by(sites.c.id)
)
_PROVISIONAL = Query(
    sa.select(stock_reports.c.site_id, stock_reports.c.kind, stock_reports.c.first, stock_reports.c.position).where(
        ~stock_reports.c.is_final, stock_reports.c.until >= bound(stock_reports.c.until, "since")
    )
)
_SINCE, _UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("since", "until"))
_STOCK_OUTS = Query(
    sa.select(
        *(sa.func.coalesce(sa.func.sum(stock_reports.c.totals[name].as_integer()), sa.literal_column("0")).label(name)
          for name in ("stocked", "out_of_stock"))
    ).where(
        stock_reports.c.kind == sa.literal_column("'daily'"), stock_reports.c.first >= _SINCE,
        stock_reports.c.first < _UNTIL, of_sites(stock_reports.c.site_id),
    )
)  # fmt: skip
_PRUNE = Query(
    stock_reports.delete().where(
        stock_reports.c.kind == bound(stock_reports.c.kind), stock_reports.c.made_at < bound(stock_reports.c.made_at)
    )
)


async def list_newest(
    connection: Connection, wanted: ReportFilter, after: tuple[date, UUID] | None, skip: int, limit: int
) -> list[StockReport]:
    """Reports of one kind, the newest period first."""
    return [_report(row) for row in await _LIST.fetch(connection, **wanted._asdict(), **page(after, skip, limit))]


async def find(connection: Connection, report_id: str) -> StockReport | None:
    row = await _FIND.fetchrow(connection, id=report_id)
    return None if row is None else _report(row)


async def find_of(connection: Connection, site_id: str, kind: str, first: date) -> StockReport | None:
    """The report of a site's period, if it was made."""
    row = await _OF.fetchrow(connection, site_id=site_id, kind=kind, first=first)
    return None if row is None else _report(row)


async def read_content(connection: Connection, report_id: str) -> bytes:
    """The lines as they are stored."""
    content: bytes = await _CONTENT.fetchval(connection, id=report_id)
    return content


async def save(connection: Connection, fields: Mapping[str, Any]) -> str:
    """Store a report, or the next revision of the one there is; its id, which stays."""
    return str(await _SAVE.fetchval(connection, **fields))


async def list_places(connection: Connection) -> list[tuple[str, str]]:
    """The sites whose ledgers are counted, each with the zone of its days."""
    return [(str(row["id"]), row["timezone"]) for row in await _PLACES.fetch(connection)]


async def list_provisional(connection: Connection, since: date) -> list[tuple[str, str, date, int]]:
    """(site, kind, first day, position) of reports that are not final."""
    return [(str(row["site_id"]), *tuple(row)[1:]) for row in await _PROVISIONAL.fetch(connection, since=since)]


async def read_stock_outs(connection: Connection, days: Days, site_ids: list[str] | None) -> tuple[int, int]:
    """Over the daily reports of these days: products that sites were to have, and those of which nothing was there."""
    row = await _STOCK_OUTS.fetchrow(connection, since=days.first, until=days.until, sites=site_ids)
    assert row is not None
    return row["stocked"], row["out_of_stock"]


async def prune(connection: Connection, kind: str, before_ms: int) -> int:
    """Forget reports of a kind that were last made before this; how many."""
    return await _PRUNE.execute(connection, kind=kind, made_at=before_ms)


def _report(row: Row) -> StockReport:
    return StockReport(
        id=str(row["id"]), site_id=str(row["site_id"]), kind=row["kind"], first=row["first"], until=row["until"],
        revision=row["revision"], is_final=row["is_final"], made_at_ms=row["made_at"],
        origin_id=None if row["origin_id"] is None else str(row["origin_id"]), position=row["position"],
        lines=row["lines"], totals=row["totals"],
    )  # fmt: skip
