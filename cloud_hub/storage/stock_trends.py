"""SQL of what dashboards show: stock and its movements over time, and how right records and shelves are."""

from datetime import date
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from cloud_hub.domain.periods import Days
from cloud_hub.domain.trends import Day
from cloud_hub.storage import holding, shelves
from cloud_hub.storage.database import Connection, Query
from cloud_hub.storage.folding import ALL
from cloud_hub.storage.held import HELD
from cloud_hub.storage.listing import of_sites, optional
from cloud_hub.storage.schema import count_lines, levels, moved_days, rollup_sites, site_products
from cloud_hub.storage.stock_flow import LOST


class Accuracy(NamedTuple):
    """How many lines were counted, and how many of them were right on record."""

    lines: int
    exact: int


class Filled(NamedTuple):
    """How many products sites have a place for, and how many of those places are empty."""

    places: int
    empty: int


_SITES = sa.bindparam("sites", type_=sa.ARRAY(sa.Uuid))
_PRODUCT = sa.bindparam("product_id", type_=sa.Uuid)
_FIRST = sa.bindparam("first", type_=sa.Date)
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")


def _sum(value: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    total = sa.func.sum(value).filter(*where) if where else sa.func.sum(value)
    return sa.cast(sa.func.coalesce(total, _ZERO), sa.BigInteger)


def _is(reason: str) -> sa.ColumnElement[bool]:
    return moved_days.c.reason == sa.literal_column(f"'{reason}'")


@cache
def _moved(*, is_everywhere: bool, is_of_product: bool) -> Query:
    lost = moved_days.c.reason.in_([sa.literal_column(f"'{reason}'") for reason in LOST])
    return Query(
        sa.select(
            moved_days.c.day, _sum(moved_days.c.added).label("added"), _sum(moved_days.c.taken).label("taken"),
            _sum(moved_days.c.taken, _is("sale")).label("sold"),
            _sum(moved_days.c.added, _is("return")).label("returned"),
            _sum(moved_days.c.taken - moved_days.c.added, lost).label("lost"),
        )
        .where(
            moved_days.c.site_id == ALL if is_everywhere else moved_days.c.site_id == sa.any_(_SITES),
            moved_days.c.product_id == (_PRODUCT if is_of_product else ALL),
            moved_days.c.day >= _FIRST,
        )
        .group_by(moved_days.c.day)
    )  # fmt: skip


_HELD = Query(
    sa.select(_sum(HELD.c.quantity)).where(of_sites(HELD.c.site_id), optional(_PRODUCT, HELD.c.product_id == _PRODUCT))
)
_UNTIL = sa.bindparam("until", type_=sa.Date)
_counted_on = sa.cast(
    sa.func.timezone(
        sa.func.coalesce(rollup_sites.c.timezone, sa.literal_column("'UTC'")),
        sa.func.to_timestamp(count_lines.c.occurred_at / sa.literal_column("1000.0")),
    ),
    sa.Date,
)
_ACCURACY = Query(
    sa.select(sa.func.count().label("lines"), sa.func.count().filter(count_lines.c.variance == _ZERO).label("exact"))
    .select_from(count_lines.outerjoin(rollup_sites, rollup_sites.c.site_id == count_lines.c.site_id))
    .where(
        of_sites(count_lines.c.site_id), count_lines.c.status == sa.literal_column("'posted'"),
        _counted_on >= _FIRST, _counted_on < _UNTIL,
    )
)  # fmt: skip
_there = sa.select(levels.c.site_id, levels.c.product_id, levels.c.quantity).where(holding.is_own(levels.c.location))
_expected = _there.union_all(shelves.ASSORTMENT).subquery("expected")
_places = (
    sa.select(_expected.c.site_id, _expected.c.product_id, _sum(_expected.c.quantity).label("held"))
    .where(of_sites(_expected.c.site_id))
    .group_by(_expected.c.site_id, _expected.c.product_id)
    .subquery("places")
)
_FILLED = Query(
    sa.select(sa.func.count().label("places"), sa.func.count().filter(_places.c.held <= _ZERO).label("empty"))
    .select_from(_places)
    .where(shelves.is_missed(site_products.c.site_id == _places.c.site_id, _places.c.product_id))
)


async def read_moved(
    connection: Connection, days: Days, site_ids: list[str] | None, product_id: str | None
) -> dict[date, Day]:
    """What moved on each day since the first one."""
    query = _moved(is_everywhere=site_ids is None, is_of_product=product_id is not None)
    rows = await query.fetch(connection, sites=site_ids, product_id=product_id, first=days.first)
    return {
        row["day"]: Day(added=row["added"], taken=row["taken"], sold=row["sold"], returned=row["returned"],
                        lost=row["lost"])
        for row in rows
    }  # fmt: skip


async def read_held(connection: Connection, site_ids: list[str] | None, product_id: str | None) -> int:
    """What lies there as of what is counted."""
    held: int = await _HELD.fetchval(connection, sites=site_ids, product_id=product_id)
    return held


async def read_accuracy(connection: Connection, days: Days, site_ids: list[str] | None) -> Accuracy:
    """Lines counted on some days, and those whose record was right."""
    row = await _ACCURACY.fetchrow(connection, sites=site_ids, first=days.first, until=days.until)
    assert row is not None
    return Accuracy(*row)


async def read_filled(connection: Connection, site_ids: list[str] | None) -> Filled:
    """Products that sites are to have, and those of which nothing is there now."""
    row = await _FILLED.fetchrow(connection, sites=site_ids)
    assert row is not None
    return Filled(*row)
