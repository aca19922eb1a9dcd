"""Adjustments by a person or an integration, and batches of movements.

An adjustment is a signed change at one of the store's own locations with a mandatory
reason; `set_to` posts the difference to what there is now, compare-and-set inside the
transaction. A batch is written whole or, with `reject_failed`, without its bad rows.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from edge_agent.domain.movement import OWN, ROUTES, Draft, check, signed
from edge_agent.domain.people import Caller
from edge_agent.domain.stock import position_of
from edge_agent.errors import Conflict, Invalid
from edge_agent.services import counting, shelf_life
from edge_agent.services.handhelds import Handheld
from edge_agent.services.posting import Move, OnNegative, Posted, goods_of, post
from edge_agent.storage import levels
from edge_agent.storage.catalogue import Product
from sync_protocol.limits import QUANTITY_MAX
from sync_protocol.lots import named
from sync_protocol.quantity import format_quantity
from sync_protocol.vocabulary import Location, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Change this stock by `delta`, or to `set_to`."""

    product: Product
    delta: int | None = None
    set_to: int | None = None
    location: str = Location.SHELF
    reason: str = Reason.CORRECTION
    note: str | None = None
    document: str | None = None
    lot: str | None = None
    expiry: str | None = None
    actor: str | None = None
    key: str | None = None
    command_id: str | None = None
    adopted: str | None = None
    expected_quantity: int | None = None
    """Available stock as the caller saw it; another one is a conflict."""


class Row(NamedTuple):
    """One movement of a batch."""

    move: Move
    handheld: Handheld | None = None


def record_adjustment(
    connection: sqlite3.Connection, wanted: Adjustment, now_ms: int, *, on_negative: OnNegative = "block",
    caller: Caller | None = None,
) -> Posted | None:  # fmt: skip
    """Post it; None when there is nothing to change. Raises Invalid, Conflict."""
    _check(connection, wanted)
    delta = wanted.delta
    if wanted.set_to is not None:
        delta = wanted.set_to - levels.at(connection, wanted.product.product_id, wanted.location)
    if not delta:
        return None
    quantity, source, target = signed(delta, wanted.location, wanted.reason)
    draft = Draft(
        goods_of(wanted.product), quantity, source, target, wanted.reason, now_ms, None, wanted.actor,
        wanted.document, wanted.lot, wanted.expiry, wanted.key, wanted.command_id, wanted.adopted, wanted.note,
    )  # fmt: skip
    return post(connection, [Move(draft, wanted.product)], now_ms, on_negative=on_negative, caller=caller)


def record_all(
    connection: sqlite3.Connection, rows: Sequence[Row], now_ms: int, caller: Caller | None = None
) -> list[Posted]:
    """Post all rows or none. Raises what the first bad row raises; an approval that came along lifts a block."""
    for row in rows:
        if row.handheld is None and row.move.draft.reason == Reason.SALE:
            _require_good(connection, row.move, caller, now_ms)
    plain = [row.move for row in rows if row.handheld is None]
    if len(plain) == len(rows):
        return [post(connection, plain, now_ms, on_negative="block", caller=caller)]
    return [_record_row(connection, row, now_ms, caller) for row in rows]


def reason_of(text: str) -> tuple[str, str | None]:
    """A reason we know, or `correction` with the free text as its note."""
    return (text, None) if text in ROUTES else (str(Reason.CORRECTION), text)


def _require_good(connection: sqlite3.Connection, move: Move, caller: Caller | None, now_ms: int) -> None:
    asked = named(move.draft.lot, move.draft.expiry)
    life = shelf_life.life_of(connection, move.product.product_id, asked, now_ms, is_leaving=False)
    shelf_life.require_good(connection, move.product, life, caller, now_ms)


def _record_row(connection: sqlite3.Connection, row: Row, now_ms: int, caller: Caller | None) -> Posted:
    if row.handheld is None:
        return post(connection, [row.move], now_ms, on_negative="block", caller=caller)
    check(row.move.draft)
    return counting.record_late(connection, row.move, row.handheld, now_ms)


def _check(connection: sqlite3.Connection, wanted: Adjustment) -> None:
    if (wanted.delta is None) == (wanted.set_to is None):
        raise Invalid("delta", "expected either delta or set_to", pointer="/delta")
    if wanted.location not in OWN:
        raise Invalid("location", f"expected one of {', '.join(sorted(OWN))}, got {wanted.location[:40]!r}",
                      pointer="/location")  # fmt: skip
    for name in ("delta", "set_to"):
        value = getattr(wanted, name)
        if value is not None and abs(value) > QUANTITY_MAX:
            raise Invalid("quantity", f"expected at most {QUANTITY_MAX} thousandths", pointer=f"/{name}")
    if wanted.expected_quantity is not None:
        has = available(connection, wanted.product.product_id)
        if has != wanted.expected_quantity:
            raise Conflict(
                "expected_quantity",
                f"expected {format_quantity(wanted.expected_quantity)} available, there are {format_quantity(has)}",
            )


def available(connection: sqlite3.Connection, product_id: str) -> int:
    """What can be sold of a product now."""
    return position_of(*levels.held(connection, product_id)).available
