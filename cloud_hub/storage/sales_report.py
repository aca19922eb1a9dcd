"""SQL of the sales report: rollups added up by period and by product, category or site.

Whole months come from the monthly rollup, days at the ends are added or taken off, sums of all sites
and of all products from the rows that hold them, so a year of a large chain is some thousand
rows. One statement per shape of the question, compiled once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.domain.periods import Days, Period, by_days, pieces
from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.folding import ALL, MEASURES
from cloud_hub.storage.listing import page, paged
from cloud_hub.storage.schema import moved_days, moved_hours, moved_months, products, sites

By = Literal["product", "category", "site"]
Sort = Literal["period", "-revenue", "-quantity"]


class Shape(NamedTuple):
    """What decides which statement answers a question."""

    period: Period | None
    by: By | None
    is_of_category: bool
    is_of_product: bool
    is_everywhere: bool
    sort: Sort


class Asked(NamedTuple):
    """Which sales, added up how."""

    days: Days
    sites: list[str] | None
    period: Period | None = None
    by: By | None = None
    product_id: str | None = None
    category: str | None = None
    sort: Sort = "period"

    @property
    def shape(self) -> Shape:
        return Shape(
            self.period, self.by, self.category is not None, self.product_id is not None, self.sites is None, self.sort
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sales of one period and thing in one currency. Money is in minor units."""

    period: str
    """Its first day, or the hour."""
    of: str
    """Id of the product or site, name of the category; empty: all."""
    label: str | None
    currency: str
    sales: int
    sold: int
    returned: int
    gross: int
    refunds: int
    cost: int
    rank: int

    @property
    def sort_key(self) -> tuple[str, int, str, str]:
        return (self.period, self.rank, self.of, self.currency)


_SALE: sa.ColumnElement[str] = sa.literal_column("'sale'")
_RETURN: sa.ColumnElement[str] = sa.literal_column("'return'")
_ZERO: sa.ColumnElement[Any] = sa.literal_column("0")
_NOTHING: sa.ColumnElement[str] = sa.literal_column("''::text", sa.Text())
_RANK_MAX: sa.ColumnElement[Any] = sa.literal_column(str(2**62))
_SITES = sa.bindparam("sites", type_=sa.ARRAY(sa.Uuid))
_CATEGORY = sa.bindparam("category", type_=sa.Text)
_PRODUCT = sa.bindparam("product_id", type_=sa.Uuid)
_DAY = {name: sa.bindparam(name, type_=sa.Date) for name in ("first", "until")}
_STRETCHES = ("months", "more_before", "more_after", "less_before", "less_after")


_KEYS: dict[By, str] = {"product": "product_id", "site": "site_id", "category": "category"}


def _total(name: str, reason: sa.ColumnElement[str]) -> Callable[[sa.Subquery], sa.ColumnElement[Any]]:
    return lambda cells: sa.func.coalesce(sa.func.sum(cells.c[name]).filter(cells.c.reason == reason), _ZERO)


_SUMS: dict[str, Callable[[sa.Subquery], sa.ColumnElement[Any]]] = {
    "sales": _total("movements", _SALE), "sold": _total("taken", _SALE), "returned": _total("added", _RETURN),
    "gross": _total("amount", _SALE), "refunds": _total("amount", _RETURN),
    "cost": lambda cells: _total("cost", _SALE)(cells) - _total("cost", _RETURN)(cells),
}  # fmt: skip


async def list_figures(
    connection: Connection, asked: Asked, after: tuple[str, int, str, str] | None, skip: int, limit: int
) -> list[Figures]:
    """A page of the report, by period, then as asked for, then by what it is of. Raises ValueError: no such key."""
    key = None if after is None else _key(asked.shape, *after)
    rows = await _page_of(asked.shape).fetch(connection, **_arguments(asked), **page(key, skip, limit))
    return [_figures(row) for row in rows]


async def list_totals(connection: Connection, asked: Asked) -> list[Figures]:
    """The whole of what is asked for, by currency."""
    return await list_figures(connection, asked._replace(period=None, by=None, sort="period"), None, 0, 100)


async def allow_memory(connection: Connection) -> None:
    """Room to add up the products of a year without a disk, until this transaction ends."""
    await connection.execute("SET LOCAL work_mem = '64MB'")


def _arguments(asked: Asked) -> dict[str, Any]:
    # Only what is shown by months, or in one, may come from whole months.
    made = pieces(asked.days) if asked.period in (None, Period.MONTH) else by_days(asked.days)
    stretches = dict(zip(_STRETCHES, (made.months, *made.more, *made.less), strict=True))
    bounds = {f"{name}_{end}": day for name, each in stretches.items() for end, day in each._asdict().items()}
    return {
        "sites": asked.sites, "category": asked.category, "product_id": asked.product_id, "first": asked.days.first,
        "until": asked.days.until, **bounds,
    }  # fmt: skip


def _key(shape: Shape, period: str, rank: int, of: str, currency: str) -> tuple[Any, ...]:
    """The sort key of a row, as the database has it."""
    begin = datetime.fromisoformat(period) if shape.period is Period.HOUR else date.fromisoformat(period)
    return begin, rank, UUID(of) if shape.by in ("product", "site") else of, currency


@cache
def _page_of(shape: Shape) -> Query:
    """Only the rows of the page get names and texts."""
    cells = _hours(shape) if shape.period is Period.HOUR else _days(shape)
    figures = _ranked(shape, _grouped(shape, cells).subquery("grouped")).subquery("figures")
    listed = paged(sa.select(figures), *_order(figures)).subquery("listed")
    return Query(_shown(shape, listed).order_by(*_order(listed)))


def _order(rows: sa.Subquery) -> tuple[sa.ColumnElement[Any], ...]:
    return rows.c.begin, rows.c.rank, rows.c.of, rows.c.currency


def _ranked(shape: Shape, grouped: sa.Subquery) -> sa.Select[Any]:
    net = {"-revenue": grouped.c.gross - grouped.c.refunds, "-quantity": grouped.c.sold - grouped.c.returned}
    rank = -sa.func.least(sa.func.greatest(net[shape.sort], -_RANK_MAX), _RANK_MAX) if shape.sort in net else _ZERO
    return sa.select(grouped, sa.cast(rank, sa.BigInteger).label("rank"))


def _grouped(shape: Shape, cells: sa.Subquery) -> sa.Select[Any]:
    begin = _begin(shape.period, cells)
    of = None if shape.by is None else cells.c[_KEYS[shape.by]]
    key = [*([] if shape.period is None else [begin]), *([] if of is None else [of]), cells.c.currency]
    return sa.select(
        begin.label("begin"), (_NOTHING if of is None else of).label("of"), cells.c.currency,
        *(total(cells).label(name) for name, total in _SUMS.items()),
    ).group_by(*key).having(sa.func.sum(cells.c.movements) != _ZERO)  # fmt: skip


def _days(shape: Shape) -> sa.Subquery:
    """Rows of whole months, of days to add to them, and of days to take off."""
    parts = [
        _part(shape, moved_months if name == "months" else moved_days, name, -1 if name.startswith("less") else 1)
        for name in _STRETCHES
    ]
    return sa.union_all(*parts).subquery("cells")


def _part(shape: Shape, table: sa.Table, stretch: str, sign: int) -> sa.Select[Any]:
    first, until = (sa.bindparam(f"{stretch}_{end}", type_=sa.Date) for end in ("first", "until"))
    when = (table.c.day >= first, table.c.day < until)
    columns = [
        *(table.c[name] for name in ("site_id", "product_id", "day", "reason", "currency")),
        *((table.c[name] if sign > 0 else -table.c[name]).label(name) for name in MEASURES),
    ]
    where = [*when, table.c.reason.in_([_SALE, _RETURN]), _of_sites(shape, table)]
    is_of_each = shape.by in ("product", "category") or shape.is_of_category
    if shape.is_of_product:
        where.append(table.c.product_id == _PRODUCT)
    elif is_of_each:
        where.append(table.c.product_id != ALL)
    else:
        where.append(table.c.product_id == ALL)
    if shape.by != "category" and not shape.is_of_category:
        return sa.select(*columns).where(*where)
    statement = sa.select(*columns, sa.func.coalesce(products.c.category, sa.literal_column("''")).label("category"))
    if shape.is_of_category:
        where.append(products.c.category == _CATEGORY)
    return statement.select_from(table.outerjoin(products, products.c.id == table.c.product_id)).where(*where)


def _hours(shape: Shape) -> sa.Subquery:
    hours = moved_hours
    every = hours.c.site_id.in_(sa.select(sites.c.id))
    return (
        sa.select(hours)
        .where(
            hours.c.day >= _DAY["first"], hours.c.day < _DAY["until"], hours.c.reason.in_([_SALE, _RETURN]),
            every if shape.is_everywhere else hours.c.site_id == sa.any_(_SITES),
        )
        .subquery("cells")
    )  # fmt: skip


def _of_sites(shape: Shape, table: sa.Table) -> sa.ColumnElement[bool]:
    """The sites asked for; all of them are one row where each is not shown for itself."""
    if not shape.is_everywhere:
        return table.c.site_id == sa.any_(_SITES)
    return table.c.site_id.in_(sa.select(sites.c.id)) if shape.by == "site" else table.c.site_id == ALL


def _begin(period: Period | None, cells: sa.Subquery) -> sa.ColumnElement[Any]:
    if period is None:
        return _DAY["first"]
    if period is Period.HOUR:
        return sa.cast(cells.c.day + cells.c.hour * sa.literal_column("INTERVAL '1 hour'"), sa.DateTime)
    if period is Period.DAY:
        return cells.c.day
    return sa.cast(sa.func.date_trunc(sa.literal_column(f"'{period}'"), cells.c.day), sa.Date)


def _shown(shape: Shape, listed: sa.Subquery) -> sa.Select[Any]:
    """With the name that a person knows it by."""
    form = 'YYYY-MM-DD"T"HH24:00' if shape.period is Period.HOUR else "YYYY-MM-DD"
    period = sa.func.to_char(listed.c.begin, sa.literal_column(f"'{form}'"), type_=sa.Text).label("period")
    of = sa.cast(listed.c.of, sa.Text).label("key")
    named = {"product": products, "site": sites}.get(shape.by or "")
    if named is None:
        return sa.select(listed, period, of, sa.null().label("label"))
    rows = listed.outerjoin(named, named.c.id == listed.c.of)
    return sa.select(listed, period, of, named.c.name.label("label")).select_from(rows)


def _figures(row: Row) -> Figures:
    whole = {name: int(row[name]) for name in (*_SUMS, "rank")}
    return Figures(period=row["period"], of=row["key"], label=row["label"], currency=row["currency"], **whole)
