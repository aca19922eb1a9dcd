"""What was sold, moved and lost, as figures: read from the rollups, with how far these are counted.

One snapshot for the page, the totals and the as-of, so that they fit each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloud_hub.domain.periods import Days, Period
from cloud_hub.errors import Invalid, NotFound
from cloud_hub.services.stock import known_as_of
from cloud_hub.storage import movement_report, rollups, sales_report
from cloud_hub.storage.as_of import AsOf
from cloud_hub.storage.database import Connection
from cloud_hub.storage.movement_report import Done, Lost, LostAsked, MovementsAsked, key_types
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sales_report import Asked, By, Figures, Sort

__all__ = [
    "Asked", "By", "Done", "Figures", "Lost", "LostAsked", "MovementsAsked", "Reporting", "SalesReport", "Sort",
    "key_types",
]  # fmt: skip
HOURS_DAYS_MAX = 92
EACH_DAYS_MAX = 31
"""Of days or weeks of each product or category; months may be many."""
DAYS_MAX = 3_660


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Up to where figures of some sites are counted."""

    as_of: Sequence[tuple[AsOf, bool]]
    """Per site: the position that is counted, and whether its box is heard now."""
    uncounted: int
    counted_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesReport:
    """A page of figures, and what all of it comes to."""

    rows: Sequence[Figures]
    totals: Sequence[Figures]
    counted: Counted


class Reporting:
    """The use cases of those who read figures."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def sales(
        self, asked: Asked, after: tuple[str, int, str, str] | None, skip: int, limit: int, now_ms: int
    ) -> SalesReport:
        """The sales report. Raises Invalid for what it cannot show, NotFound for a key that is none."""
        _require_bounded(asked)
        try:
            return await self._reads.run(_sales, asked, after, skip, limit, now_ms)
        except ValueError as error:
            raise NotFound("cursor", "expected a cursor of this list") from error

    async def movements(
        self, asked: MovementsAsked, after: tuple[str, str] | None, skip: int, limit: int, now_ms: int
    ) -> tuple[Sequence[Done], Done, Counted]:
        """Who moved how much for which reason, and all of it together. Raises Invalid."""
        require_days(asked.days, DAYS_MAX)
        return await self._reads.run(_movements, asked, after, skip, limit, now_ms)

    async def shrinkage(
        self, asked: LostAsked, after: tuple[Any, ...] | None, skip: int, limit: int, now_ms: int
    ) -> tuple[Sequence[Lost], Counted]:
        """What was lost, by reason and by what was asked for. Raises Invalid."""
        require_days(asked.days, DAYS_MAX)
        return await self._reads.run(_shrinkage, asked, after, skip, limit, now_ms)


async def _movements(
    connection: Connection, asked: MovementsAsked, after: tuple[str, str] | None, skip: int, limit: int, now_ms: int
) -> tuple[Sequence[Done], Done, Counted]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await movement_report.list_done(connection, asked, after, skip, limit)
        total = await movement_report.total_done(connection, asked)
        return rows, total, await read_counted(connection, asked.sites, now_ms)


async def _shrinkage(
    connection: Connection, asked: LostAsked, after: tuple[Any, ...] | None, skip: int, limit: int, now_ms: int
) -> tuple[Sequence[Lost], Counted]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await movement_report.list_lost(connection, asked, after, skip, limit)
        return rows, await read_counted(connection, asked.sites, now_ms)


def require_days(days: Days, most: int) -> None:
    """Raises Invalid."""
    if not 0 < days.length <= most:
        expected = f"expected start_date to end_date to be 1 to {most} days, got {days.length}"
        raise Invalid("range", expected, pointer="/query/end_date")


def _require_bounded(asked: Asked) -> None:
    is_of_each = asked.category is not None or asked.by in ("product", "category")
    if asked.period is Period.HOUR and (is_of_each or asked.product_id is not None):
        raise Invalid("period", "expected a day or longer for products and categories", pointer="/query/period")
    most = DAYS_MAX
    if asked.period is Period.HOUR:
        most = HOURS_DAYS_MAX
    elif asked.period in (Period.DAY, Period.WEEK) and is_of_each and asked.product_id is None:
        most = EACH_DAYS_MAX
    require_days(asked.days, most)


async def _sales(
    connection: Connection, asked: Asked, after: tuple[str, int, str, str] | None, skip: int, limit: int, now_ms: int
) -> SalesReport:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await sales_report.allow_memory(connection)
        return SalesReport(
            rows=await sales_report.list_figures(connection, asked, after, skip, limit),
            totals=await sales_report.list_totals(connection, asked),
            counted=await read_counted(connection, asked.sites, now_ms),
        )


async def read_counted(connection: Connection, site_ids: list[str] | None, now_ms: int) -> Counted:
    """Up to where the rollups of these sites (None: all) are counted."""
    progress = await rollups.read_progress(connection, site_ids)
    known = await known_as_of(connection, site_ids, now_ms)
    return Counted(
        as_of=[(replace(each, position=progress.positions.get(each.origin_id or "", 0)), live) for each, live in known],
        uncounted=progress.uncounted,
        counted_at_ms=progress.counted_at_ms,
    )
