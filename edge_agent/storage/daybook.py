"""Sums of what was written in a stretch of the ledger: what a day's report is made of.

`but` names positions that are left out: what was taken back, and what took it back.
"""

import json
import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select

from edge_agent.storage.schema import alerts, count_lines, items, ledger, products, receipts, tasks
from edge_agent.storage.statement import Statement
from sync_protocol.vocabulary import Reason


class Sum(NamedTuple):
    """Movements of one reason between two kinds of places, in one currency."""

    reason: str
    to_location: str
    currency: str | None
    movements: int
    quantity: int
    value: int
    """At the prices frozen then, in minor units."""
    cost: int


class Sold(NamedTuple):
    product_id: str
    name: str | None
    quantity: int
    value: int


_L = ledger.c
_BUT = func.json_each(bindparam("but")).table_valued("value")
_STANDING = (
    _L.sequence > bindparam("after"), _L.sequence <= bindparam("until"),
    _L.product_id.is_not(None), _L.sequence.not_in(select(_BUT.c.value)),
)  # fmt: skip
_PRICE, _COST, _CURRENCY = (func.json_extract(items.c.facts, f"$[{at}]") for at in (4, 5, 6))


def _money(of: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(_L.quantity * of // 1000), 0)


_SUMS = Statement(
    select(
        _L.reason, _L.to_location, _CURRENCY, func.count(), func.sum(_L.quantity), _money(_PRICE), _money(_COST),
    )
    .join_from(ledger, items, items.c.ref == _L.item_ref)
    .where(*_STANDING)
    .group_by(_L.reason, _L.to_location, _CURRENCY)
)  # fmt: skip
_SELLING = Statement(
    select(_L.product_id, products.c.name, func.sum(_L.quantity), _money(_PRICE))
    .select_from(
        ledger.join(items, items.c.ref == _L.item_ref).outerjoin(products, products.c.product_id == _L.product_id)
    )
    .where(*_STANDING, _L.reason == Reason.SALE.value)
    .group_by(_L.product_id)
    .order_by(func.sum(_L.quantity).desc(), _L.product_id)
    .limit(bindparam("most"))
)
_ACTORS = Statement(
    select(_L.actor, _L.reason, func.count())
    .where(*_STANDING)
    .group_by(_L.actor, _L.reason)
    .order_by(_L.actor, _L.reason)
)
_BACK = ledger.alias("back")
_OPPOSITES = Statement(
    select(_BACK.c.key, _BACK.c.sequence, _L.sequence, _L.chain_hash)
    .join_from(_BACK, ledger, _L.product_id == _BACK.c.product_id)
    .where(
        _BACK.c.sequence > bindparam("after"), _BACK.c.sequence <= bindparam("until"),
        func.substr(_BACK.c.key, 1, func.length(bindparam("prefix"))) == bindparam("prefix"),
        _L.sequence > bindparam("after"), _L.sequence < _BACK.c.sequence, _L.quantity == _BACK.c.quantity,
        _L.from_location == _BACK.c.to_location, _L.to_location == _BACK.c.from_location,
    )
)  # fmt: skip
_COUNTED = Statement(
    select(
        count_lines.c.status, func.count(), func.count(count_lines.c.product_id.distinct()),
        func.coalesce(func.sum(count_lines.c.variance), 0),
    )
    .where(count_lines.c.position > bindparam("after"), count_lines.c.position <= bindparam("until"))
    .group_by(count_lines.c.status)
)  # fmt: skip
_RECEIPTS = Statement(
    select(func.count())
    .select_from(receipts)
    .where(receipts.c.position > bindparam("after"), receipts.c.position <= bindparam("until"))
)
_ALERTS = Statement(
    select(alerts.c.rule, alerts.c.state, func.count())
    .where(alerts.c.opened_at_position > bindparam("after"), alerts.c.opened_at_position <= bindparam("until"))
    .group_by(alerts.c.rule, alerts.c.state)
)
_OPEN_TASKS = Statement(
    select(tasks.c.rule, func.count()).where(tasks.c.state == "open").group_by(tasks.c.rule).order_by(tasks.c.rule)
)


class Opposite(NamedTuple):
    """A movement under a key that takes something back, and one before it that it may have taken back."""

    key: str
    position: int
    of_position: int
    of_hash: bytes


def opposites(connection: sqlite3.Connection, after: int, until: int, prefix: str) -> list[Opposite]:
    """What was moved under keys that begin so, with whatever it is the opposite of."""
    return [Opposite(*row) for row in _OPPOSITES.run(connection, after=after, until=until, prefix=prefix)]


def sums(connection: sqlite3.Connection, after: int, until: int, but: Collection[int]) -> list[Sum]:
    """By reason, target and currency."""
    return [Sum(*row) for row in _SUMS.run(connection, after=after, until=until, but=_listed(but))]


def best_selling(
    connection: sqlite3.Connection, after: int, until: int, but: Collection[int], limit: int
) -> list[Sold]:
    """The products that were sold most."""
    rows = _SELLING.run(connection, after=after, until=until, but=_listed(but), most=limit)
    return [Sold(*row) for row in rows]


def by_actor(
    connection: sqlite3.Connection, after: int, until: int, but: Collection[int]
) -> list[tuple[str | None, str, int]]:
    """(actor, reason, movements)."""
    return _ACTORS.run(connection, after=after, until=until, but=_listed(but)).fetchall()


def _listed(positions: Collection[int]) -> str:
    return json.dumps(list(positions))


def counted(connection: sqlite3.Connection, after: int, until: int) -> list[tuple[str, int, int, int]]:
    """(status, lines, products, variance) of what was counted."""
    return _COUNTED.run(connection, after=after, until=until).fetchall()


def deliveries(connection: sqlite3.Connection, after: int, until: int) -> int:
    """How many were taken in."""
    found: int = _RECEIPTS.value(connection, after=after, until=until)
    return found


def raised(connection: sqlite3.Connection, after: int, until: int) -> list[tuple[str, str, int]]:
    """(rule, state now, how many) of the alerts that were opened."""
    return _ALERTS.run(connection, after=after, until=until).fetchall()


def open_tasks(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """(rule, how many) of the tasks that wait now."""
    return _OPEN_TASKS.run(connection).fetchall()
