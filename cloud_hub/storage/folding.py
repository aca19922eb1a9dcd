"""SQL of how movements add up: the one definition of a rollup's rows, for counting and for verifying.

A day is the site's own, by the corrected time. `added` and `taken` are what came to and
left the site's own places; what moves between two of them, or between two others, changes
no level and is counted for its actor only.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from cloud_hub.storage.amounts import amount
from cloud_hub.storage.holding import is_own
from cloud_hub.storage.schema import (
    EVERYWHERE,
    items,
    moved_actors,
    moved_days,
    moved_hours,
    moved_months,
    movements,
    rollup_sites,
)

MEASURES = ("movements", "added", "taken", "amount", "cost")
ALL: sa.ColumnElement[Any] = sa.literal_column(f"'{EVERYWHERE}'::uuid", sa.Uuid())
"""As a site: the whole chain; as a product: all of them."""
_ZERO: sa.ColumnElement[Any] = sa.literal_column("0")
_LAST_DAY: sa.ColumnElement[Any] = sa.literal_column("DATE '9999-12-31'")
"""What a driver can read; a box's clock may be anywhere."""
_KEY_CHARS: sa.ColumnElement[int] = sa.literal_column("200")
"""A key has room for this much of a text."""


def rows(source: sa.FromClause, *where: sa.ColumnElement[bool], moved: sa.FromClause = movements) -> sa.CTE:
    """The movements to add up, each with its local hour, its value and how it changed the site.

    `moved` is the part of `source` that has the movements' columns.
    """
    local = sa.func.timezone(rollup_sites.c.timezone, moved.c.corrected_at)
    comes, goes = is_own(moved.c.to_location), is_own(moved.c.from_location)
    item = _item(moved)
    joined = source.join(rollup_sites, rollup_sites.c.site_id == moved.c.site_id).outerjoin(item, sa.true())
    return (
        sa.select(
            moved.c.site_id, moved.c.product_id,
            sa.func.least(sa.cast(local, sa.Date), _LAST_DAY).label("day"),
            sa.cast(sa.extract("hour", local), sa.BigInteger).label("hour"),
            _short(moved.c.reason).label("reason"),
            _short(sa.func.coalesce(item.c.currency, rollup_sites.c.currency)).label("currency"),
            _short(sa.func.coalesce(moved.c.actor, sa.literal_column("''"))).label("actor"),
            (comes != goes).label("is_crossing"),
            sa.case((sa.and_(comes, ~goes), moved.c.quantity), else_=_ZERO).label("added"),
            sa.case((sa.and_(goes, ~comes), moved.c.quantity), else_=_ZERO).label("taken"),
            sa.func.coalesce(amount(moved.c.quantity, item.c.price), _ZERO).label("amount"),
            sa.func.coalesce(amount(moved.c.quantity, item.c.cost), _ZERO).label("cost"),
            sa.literal_column("1").label("movements"),
        )
        .select_from(joined)
        .where(moved.c.product_id != ALL, *where)
        .cte("rows")
    )  # fmt: skip


def _item(moved: sa.FromClause) -> sa.FromClause:
    """What a movement is of, looked up by its whole key.

    With a plain join PostgreSQL, until it had statistics of a new ledger's items, read all of them for each movement.
    """
    return (
        sa.select(items.c.price, items.c.cost, items.c.currency)
        .where(
            items.c.site_id == moved.c.site_id, items.c.origin_id == moved.c.origin_id,
            items.c.ref == moved.c.item_ref,
        )
        .limit(sa.literal_column("1"))
        .correlate(moved)
        .lateral("item")
    )  # fmt: skip


def cells(found: sa.CTE) -> dict[sa.Table, sa.Select[Any]]:
    """What these movements add to each table of rollups."""
    crossing = found.c.is_crossing
    of_sites = _summed(found, found.c.site_id, found.c.product_id, found.c.day, found.c.reason, found.c.currency,
                       where=crossing).cte("of_sites")  # fmt: skip
    days = _summed(of_sites, _or_all(of_sites.c.site_id), _or_all(of_sites.c.product_id), of_sites.c.day,
                   of_sites.c.reason, of_sites.c.currency).cte("days")  # fmt: skip
    month = sa.cast(sa.func.date_trunc(sa.literal_column("'month'"), days.c.day), sa.Date).label("day")
    return {
        moved_days: sa.select(days),
        moved_months: _summed(days, days.c.site_id, days.c.product_id, month, days.c.reason, days.c.currency),
        moved_hours: _summed(found, found.c.site_id, found.c.day, found.c.hour, found.c.reason, found.c.currency,
                             where=crossing),
        moved_actors: _summed(found, found.c.site_id, found.c.day, found.c.actor, found.c.reason),
    }  # fmt: skip


def _or_all(column: sa.ColumnElement[Any]) -> sa.Label[Any]:
    """Every row twice: as its own, and as part of all."""
    is_part = sa.func.unnest(array([sa.true(), sa.false()])).column_valued(f"{column.key}_is_part")
    return sa.case((is_part, ALL), else_=column).label(column.key)


def keys(table: sa.Table) -> tuple[str, ...]:
    """What a rollup's row is of."""
    return tuple(column.name for column in table.primary_key)


def _summed(found: sa.CTE, *key: sa.ColumnElement[Any], where: sa.ColumnElement[bool] | None = None) -> sa.Select[Any]:
    sums = (
        sa.cast(sa.func.sum(found.c[name]), sa.Numeric if name in ("amount", "cost") else sa.BigInteger).label(name)
        for name in MEASURES
    )
    statement = sa.select(*key, *sums).group_by(*(getattr(each, "element", each) for each in key))
    return statement if where is None else statement.where(where)


def _short(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.left(text, _KEY_CHARS)
