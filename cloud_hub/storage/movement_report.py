"""SQL of movements as figures: by who did them and why, and what was lost; read from the rollups."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.domain.periods import Days
from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.folding import ALL
from cloud_hub.storage.listing import of_sites, optional, page, paged
from cloud_hub.storage.schema import moved_actors, moved_days, products, sites
from cloud_hub.storage.stock_flow import LOST

By = Literal["product", "site", "reason"]


class MovementsAsked(NamedTuple):
    """Which movements, added up by who did them."""

    days: Days
    sites: list[str] | None
    actor: str | None
    reason: str | None


class LostAsked(NamedTuple):
    """Which losses, added up by what."""

    days: Days
    sites: list[str] | None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What somebody moved for one reason."""

    actor: str
    reason: str
    movements: int
    added: int
    taken: int

    @property
    def sort_key(self) -> tuple[str, str]:
        return (self.actor, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What was lost of something. Money is in minor units."""

    of: str
    label: str | None
    reason: str
    currency: str
    movements: int
    quantity: int
    cost: int | None

    @property
    def sort_key(self) -> tuple[str, str, str]:
        return (self.of, self.reason, self.currency)


_COUNT: sa.ColumnElement[str] = sa.literal_column("'count'")
_FIRST, _UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("first", "until"))
_ACTOR, _REASON = (sa.bindparam(name, type_=sa.Text) for name in ("actor", "reason"))


def _sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column), sa.literal_column("0")), sa.BigInteger)


_done = (
    sa.select(
        moved_actors.c.actor, moved_actors.c.reason,
        *(_sum(moved_actors.c[name]).label(name) for name in ("movements", "added", "taken")),
    )
    .where(
        moved_actors.c.day >= _FIRST, moved_actors.c.day < _UNTIL, of_sites(moved_actors.c.site_id),
        optional(_ACTOR, moved_actors.c.actor == _ACTOR), optional(_REASON, moved_actors.c.reason == _REASON),
    )
    .group_by(moved_actors.c.actor, moved_actors.c.reason)
    .subquery("done")
)  # fmt: skip
_DONE = Query(paged(sa.select(_done), _done.c.actor, _done.c.reason))
_TOTALS = Query(sa.select(*(_sum(_done.c[name]).label(name) for name in ("movements", "added", "taken"))))


async def list_done(
    connection: Connection, asked: MovementsAsked, after: tuple[str, str] | None, skip: int, limit: int
) -> list[Done]:
    """Who moved how much for which reason, by name."""
    rows = await _DONE.fetch(connection, **_arguments(asked), **page(after, skip, limit))
    return [Done(**row) for row in rows]


async def total_done(connection: Connection, asked: MovementsAsked) -> Done:
    """All of it together."""
    row = await _TOTALS.fetchrow(connection, **_arguments(asked))
    assert row is not None
    return Done(actor="", reason="", **row)


def _arguments(asked: MovementsAsked) -> dict[str, Any]:
    return {**asked._asdict(), "first": asked.days.first, "until": asked.days.until}


async def list_lost(
    connection: Connection, asked: LostAsked, after: tuple[Any, ...] | None, skip: int, limit: int
) -> list[Lost]:
    """What was lost, by what was asked for, reason and currency."""
    days = asked.days
    rows = await _lost_by(asked.by).fetch(
        connection, sites=asked.sites, first=days.first, until=days.until, **page(after, skip, limit)
    )
    return [_lost(row) for row in rows]


def key_types(by: By) -> tuple[type, ...]:
    """What a row of `list_lost` is sorted by."""
    return (str if by == "reason" else UUID, str, str)


@cache
def _lost_by(by: By) -> Query:
    of: Any = {"product": moved_days.c.product_id, "site": moved_days.c.site_id, "reason": moved_days.c.reason}[by]
    product = moved_days.c.product_id != ALL if by == "product" else moved_days.c.product_id == ALL
    lost = (
        sa.select(
            of.label("of"), moved_days.c.reason, moved_days.c.currency, _sum(moved_days.c.movements).label("movements"),
            _sum(moved_days.c.taken - moved_days.c.added).label("quantity"),
            sa.case((moved_days.c.reason != _COUNT, sa.func.sum(moved_days.c.cost))).label("cost"),
        )
        .where(
            moved_days.c.day >= _FIRST, moved_days.c.day < _UNTIL, product, moved_days.c.site_id != ALL,
            of_sites(moved_days.c.site_id),
            moved_days.c.reason.in_([sa.literal_column(f"'{reason}'") for reason in LOST] + [_COUNT]),
        )
        .group_by(*dict.fromkeys((of, moved_days.c.reason, moved_days.c.currency)))
        .subquery("lost")
    )  # fmt: skip
    key = (lost.c.of, lost.c.reason, lost.c.currency)
    listed = paged(sa.select(lost), *key).subquery("listed")
    named = {"product": products, "site": sites}.get(by)
    order = (listed.c.of, listed.c.reason, listed.c.currency)
    if named is None:
        return Query(sa.select(listed, sa.null().label("label")).order_by(*order))
    rows = listed.outerjoin(named, named.c.id == listed.c.of)
    return Query(sa.select(listed, named.c.name.label("label")).select_from(rows).order_by(*order))


def _lost(row: Row) -> Lost:
    return Lost(
        of=str(row["of"]), label=row["label"], reason=row["reason"], currency=row["currency"],
        movements=row["movements"], quantity=row["quantity"], cost=None if row["cost"] is None else int(row["cost"]),
    )  # fmt: skip
