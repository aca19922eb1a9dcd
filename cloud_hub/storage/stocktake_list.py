"""SQL of stocktakes as people read them: the counts of all stores, and their lines."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import count_lines, stocktakes


class StocktakeFilter(NamedTuple):
    """Which stocktakes a list wants; None: all."""

    sites: list[str] | None
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stocktake:
    """A count of a store, of some or of all of its products."""

    id: str
    site_id: str
    name: str
    state: str
    lines: int
    differing: int
    ambiguous: int
    opened_at_ms: int
    updated_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLine:
    """So many units were counted. An ambiguous line was not posted: nobody can say what it found."""

    id: str
    product_id: str
    location: str
    counted: int
    expected: int
    variance: int
    status: str
    revisions: int
    counted_at_ms: int


_OF_IT = (count_lines.c.site_id == stocktakes.c.site_id, count_lines.c.stocktake_id == stocktakes.c.stocktake_id)
_LINES = (
    sa.select(
        sa.func.count().label("lines"),
        sa.func.count().filter(count_lines.c.variance != 0).label("differing"),
        sa.func.count().filter(count_lines.c.status == "ambiguous").label("ambiguous"),
    )
    .where(*_OF_IT)
    .lateral()
)
_SELECT = sa.select(stocktakes, _LINES).select_from(stocktakes.join(_LINES, sa.true()))
_LIST = Query(
    newest_first(
        _SELECT.where(of_sites(stocktakes.c.site_id), equals(stocktakes.c.state)),
        stocktakes.c.opened_at,
        stocktakes.c.stocktake_id,
    )
)
_FIND = Query(_SELECT.where(stocktakes.c.stocktake_id == bound(stocktakes.c.stocktake_id)))
_LIST_LINES = Query(
    newest_first(
        sa.select(count_lines).where(
            count_lines.c.site_id == bound(count_lines.c.site_id),
            count_lines.c.stocktake_id == bound(count_lines.c.stocktake_id),
            equals(count_lines.c.product_id, count_lines.c.status),
        ),
        count_lines.c.occurred_at,
        count_lines.c.line_id,
    )
)


async def list_newest(
    connection: Connection, wanted: StocktakeFilter, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Stocktake]:
    """Stocktakes, newest first."""
    return [_made(row) for row in await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit))]


async def find(connection: Connection, stocktake_id: str) -> Stocktake | None:
    row = await _FIND.fetchrow(connection, stocktake_id=stocktake_id)
    return None if row is None else _made(row)


async def list_lines(
    connection: Connection, of: Stocktake, filters: dict[str, Any], before: tuple[int, str] | None, skip: int,
    limit: int,
) -> list[CountLine]:  # fmt: skip
    """Lines of a stocktake, the last counted first; filters by product_id and status."""
    rows = await _LIST_LINES.fetch(
        connection, site_id=of.site_id, stocktake_id=of.id, **filters, **page(before, skip, limit)
    )
    return [
        CountLine(
            id=str(row["line_id"]), product_id=str(row["product_id"]), location=row["location"],
            counted=row["counted"], expected=row["expected"], variance=row["variance"], status=row["status"],
            revisions=row["revisions"], counted_at_ms=row["occurred_at"],
        )
        for row in rows
    ]  # fmt: skip


def _made(row: Row) -> Stocktake:
    return Stocktake(
        id=str(row["stocktake_id"]), site_id=str(row["site_id"]), name=row["name"], state=row["state"],
        lines=row["lines"], differing=row["differing"], ambiguous=row["ambiguous"], opened_at_ms=row["opened_at"],
        updated_at_ms=row["updated_at"],
    )  # fmt: skip
