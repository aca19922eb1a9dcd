"""Taking back a scan that was a mistake: a movement the other way, with the same frozen facts; history stays.

    sale -> return   return -> sale   receipt -> supplier return   transfer out <-> transfer in

Good for as long as the store's rules say, once per movement. What came under an order's number is
not taken back here: head office has counted it for the order, and a return to the vendor says so.
"""

import sqlite3
from typing import NamedTuple

from edge_agent.domain.movement import Draft
from edge_agent.domain.people import STOCK_APPROVE, Caller
from edge_agent.errors import Conflict, NotFound
from edge_agent.services import transferring
from edge_agent.services.posting import Move, Posted, post
from edge_agent.services.ruling import rules_of
from edge_agent.storage import catalogue, history, ledger, purchase_orders, scans
from edge_agent.storage.catalogue import Product
from edge_agent.storage.history import Line
from sync_protocol.vocabulary import Reason

_BACK = {
    Reason.SALE: Reason.RETURN, Reason.RETURN: Reason.SALE, Reason.RECEIPT: Reason.SUPPLIER_RETURN,
    Reason.TRANSFER_OUT: Reason.TRANSFER_IN, Reason.TRANSFER_IN: Reason.TRANSFER_OUT,
}  # fmt: skip
MINUTE_MS = 60_000
KEY_PREFIX = "undo/"


class Undone(NamedTuple):
    """The movement that was taken back, and the one that did it."""

    line: Line
    posted: Posted


def last_of(connection: sqlite3.Connection, device: str) -> int:
    """The position of the last scan of a device that moved something. Raises NotFound."""
    found = scans.last_position_of(connection, device)
    if found is None:
        raise NotFound("nothing_to_undo", f"no scan of {device[:60]!r} has moved anything lately")
    return found


def undo(connection: sqlite3.Connection, position: int, caller: Caller, now_ms: int) -> Undone:
    """Take the movement at this position back. Raises NotFound, Conflict (`undo_too_late`, `no_undo`)."""
    line = history.movement_at(connection, position)
    if line is None:
        raise NotFound("movement", f"there is no movement at position {position}")
    _check(connection, line, caller, now_ms)
    product = catalogue.find_product(connection, line.product_id) or Product(line.product_id, "", "gone")
    draft = Draft(
        ledger.goods_at(connection, position), line.quantity, line.to_location, line.from_location,
        _BACK[Reason(line.reason)], now_ms, None, caller.name, line.document, line.lot, line.expiry,
        key_of(line.movement_id), note=f"undo of {line.movement_id}",
    )  # fmt: skip
    posted = post(connection, [Move(draft, product)], now_ms, on_negative="record")
    if draft.reason in (Reason.TRANSFER_IN, Reason.TRANSFER_OUT):
        transferring.forget_scanned(connection, line.document or "", line.reason, line.product_id, line.quantity)
    return Undone(line, posted)


def key_of(movement_id: str) -> str:
    """Once per movement, for ever: the key of the movement that takes it back."""
    return KEY_PREFIX + movement_id


def _check(connection: sqlite3.Connection, line: Line, caller: Caller, now_ms: int) -> None:
    if line.reason not in _BACK or line.command_id is not None or (line.key or "").startswith(KEY_PREFIX):
        raise Conflict("no_undo", f"expected a scan that was sold, returned, received or sent, got {line.reason}",
                       remedy="count it, or adjust it with a reason")  # fmt: skip
    if line.reason == Reason.RECEIPT and line.document and purchase_orders.find_by_number(connection, line.document):
        raise Conflict("no_undo", f"it came under {line.document}, which head office has counted",
                       remedy="return it to the supplier")  # fmt: skip
    if line.reason in (Reason.TRANSFER_OUT, Reason.TRANSFER_IN):
        transferring.check_scannable(connection, line.document or "", is_outgoing=line.reason == Reason.TRANSFER_OUT)
    minutes = rules_of(connection).undo_minutes
    if abs(now_ms - line.occurred_at) > minutes * MINUTE_MS and not caller.may(STOCK_APPROVE):
        raise Conflict("undo_too_late", f"expected a scan of the last {minutes} minutes",
                       remedy="a manager can still take it back")  # fmt: skip
