"""Reading the ledger back: history per product, levels as they were, what a product did since.

Levels at an earlier position are today's minus the movements above it, so a digest or a
count needs only the recent end of the ledger.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, null, or_, select

from edge_agent.domain.stock import fold
from edge_agent.storage import ledger as records
from edge_agent.storage import levels
from edge_agent.storage.schema import ledger
from edge_agent.storage.statement import Statement
from sync_protocol import chain
from sync_protocol.records import ITEM, Item, decode
from sync_protocol.vocabulary import Location, Reason


class Line(NamedTuple):
    """One movement as history shows it."""

    sequence: int
    chain_hash: bytes
    product_id: str
    quantity: int
    from_location: str
    to_location: str
    reason: str
    occurred_at: int
    document: str | None
    lot: str | None
    expiry: str | None
    actor: str | None
    key: str | None
    command_id: str | None

    @property
    def movement_id(self) -> str:
        """Its public id."""
        return str(chain.movement_id(self.chain_hash))


_LINE = [ledger.c[name] for name in Line._fields]
_ABOVE = Statement(
    select(ledger.c.product_id, ledger.c.quantity, ledger.c.from_location, ledger.c.to_location).where(
        ledger.c.sequence > bindparam("position"), ledger.c.product_id.is_not(None)
    )
)
_PRODUCT_ABOVE = Statement(
    select(ledger.c.sequence, ledger.c.quantity, ledger.c.from_location, ledger.c.to_location)
    .where(
        ledger.c.product_id == bindparam("product_id"),
        ledger.c.sequence > bindparam("position"),
        or_(ledger.c.from_location == bindparam("location"), ledger.c.to_location == bindparam("location")),
    )
    .order_by(ledger.c.sequence)
)
_NEWER = Statement(
    select(*_LINE)
    .where(ledger.c.sequence > bindparam("after"), ledger.c.product_id.is_not(None))
    .order_by(ledger.c.sequence)
    .limit(bindparam("most"))
)
_NEWER_OF_PRODUCT = Statement(
    select(*_LINE)
    .where(ledger.c.product_id == bindparam("product_id"), ledger.c.sequence > bindparam("after"))
    .order_by(ledger.c.sequence)
    .limit(bindparam("most"))
)
_AT = Statement(select(*_LINE).where(ledger.c.sequence == bindparam("position"), ledger.c.product_id.is_not(None)))
_RECEIPTS = Statement(
    select(*_LINE)
    .where(
        ledger.c.reason == Reason.RECEIPT.value,
        ledger.c.sequence > bindparam("after"),
        or_(bindparam("product_id") == null(), ledger.c.product_id == bindparam("product_id")),
    )
    .order_by(ledger.c.sequence)
    .limit(bindparam("most"))
)
_CAME_ABOVE = Statement(
    select(ledger.c.document, ledger.c.product_id, func.sum(ledger.c.quantity))
    .where(
        ledger.c.reason == Reason.RECEIPT.value,
        ledger.c.to_location != Location.HOLD.value,
        ledger.c.sequence > bindparam("position"),
        ledger.c.document.is_not(None),
    )
    .group_by(ledger.c.document, ledger.c.product_id)
)
_OLDEST_UNACKED = Statement(
    select(ledger.c.occurred_at)
    .where(ledger.c.sequence > bindparam("acked"), ledger.c.occurred_at.is_not(None))
    .order_by(ledger.c.sequence)
    .limit(1)
)
_KEY = Statement(select(ledger.c.sequence).where(ledger.c.key == bindparam("key")).limit(1))
_HASH = Statement(select(ledger.c.sequence).where(ledger.c.chain_hash == bindparam("hash")).limit(1))
_ITEM_ABOVE = Statement(
    select(ledger.c.encoded)
    .where(ledger.c.kind == ITEM, ledger.c.sequence > bindparam("position"))
    .order_by(ledger.c.sequence)
    .limit(1)
)


def position_of_key(connection: sqlite3.Connection, key: str) -> int | None:
    """Where a caller's key was used, among the records that are retained (a scan: for rare questions)."""
    found: int | None = _KEY.value(connection, key=key)
    return found


def position_of_hash(connection: sqlite3.Connection, chain_hash: bytes) -> int | None:
    """Where this very record stands in the ledger, if it is retained there (a scan, as above)."""
    found: int | None = _HASH.value(connection, hash=chain_hash)
    return found


def levels_as_of(connection: sqlite3.Connection, position: int) -> Iterator[levels.Row]:
    """Every level as it was after `position`: today's minus the movements above it, row by row."""
    since = fold(_ABOVE.run(connection, position=position))
    for product_id, at, quantity in levels.each(connection):
        yield product_id, at, quantity - since.pop((product_id, at), 0)
    for (product_id, at), change in since.items():
        yield product_id, at, -change


def items_up_to(connection: sqlite3.Connection, position: int) -> list[Item]:
    """The items that were defined at or below a position, by number: numbers are given one after the other."""
    next_one = _ITEM_ABOVE.value(connection, position=position)
    above = decode(next_one) if next_one is not None else None
    return [
        item for ref, item in sorted(records.list_items(connection).items())
        if not isinstance(above, Item) or ref < above.ref
    ]  # fmt: skip


def changes_since(
    connection: sqlite3.Connection, product_id: str, location: str, position: int
) -> list[tuple[int, int]]:
    """(position, signed change) of one product at one location above `position`, in order."""
    rows: Iterable[tuple[int, int, str, str]] = _PRODUCT_ABOVE.run(
        connection, product_id=product_id, location=location, position=position
    )
    return [(at, quantity if target == location else -quantity) for at, quantity, _, target in rows]


def movements(
    connection: sqlite3.Connection, *, product_id: str | None = None, after: int = 0, limit: int = 100
) -> list[Line]:
    """Movements above a position, oldest first; of one product if it is given."""
    values: dict[str, Any] = {"after": after, "most": limit}
    if product_id is None:
        rows = _NEWER.run(connection, **values)
    else:
        rows = _NEWER_OF_PRODUCT.run(connection, product_id=product_id, **values)
    return [Line(*row) for row in rows]


def movement_at(connection: sqlite3.Connection, position: int) -> Line | None:
    """The movement at a position, if there is one and it is retained."""
    found = _AT.row(connection, position=position)
    return None if found is None else Line(*found)


def receipts(connection: sqlite3.Connection, *, product_id: str | None, after: int, limit: int) -> list[Line]:
    """Goods that came, above a position, oldest first (a scan, as above)."""
    return [Line(*row) for row in _RECEIPTS.run(connection, product_id=product_id, after=after, most=limit)]


def came_above(connection: sqlite3.Connection, position: int) -> dict[tuple[str, str], int]:
    """Good units that came above a position, by document and product."""
    return {(document, product): came for document, product, came in _CAME_ABOVE.run(connection, position=position)}


def oldest_unacked_at(connection: sqlite3.Connection, acked: int) -> int | None:
    """When the first movement that the hub does not have happened, by the local clock."""
    found: int | None = _OLDEST_UNACKED.value(connection, acked=acked)
    return found
