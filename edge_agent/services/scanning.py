"""THE use case: one scan becomes a movement and a level, or says why not, in one transaction.

    scanned code -> product and pack (catalogue) -> amount (resolve) -> movement (posting)

The raw bytes are kept whatever happens, but for a badge's. A scan that cannot be acted on is an
answer, not an exception, so that what the device sent is committed with it.
"""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from edge_agent.domain.movement import Draft
from edge_agent.domain.people import Caller
from edge_agent.domain.resolve import Reading, amount_of
from edge_agent.domain.stock import Position, position_of
from edge_agent.errors import BadgeScanned, Conflict, EdgeError, Invalid, NotFound, UnknownCode
from edge_agent.services import counting, people, shelf_life, transferring
from edge_agent.services.handhelds import Handheld
from edge_agent.services.posting import Move, goods_of, post
from edge_agent.services.ruling import rules_of
from edge_agent.services.shelf_life import UNSAID, Life
from edge_agent.storage import catalogue, levels, scans
from edge_agent.storage.catalogue import Found, Product
from edge_agent.storage.scans import Seen
from scanner_drivers.scan import Scan
from sync_protocol.lots import named
from sync_protocol.vocabulary import Location, Reason, transit


class Mode(StrEnum):
    """What a beep means on this device."""

    SELL = "sell"
    RECEIVE = "receive"
    LOOKUP = "lookup"
    COUNT = "count"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCommand:
    """A scan that is to act."""

    scan: Scan
    mode: Mode
    packs: int | None = None
    """How many packs a person said, in thousandths; in count mode: how many base units there are."""
    location: str = Location.SHELF
    document: str | None = None
    """The sale, delivery, transfer or stocktake it belongs to."""
    actor: str | None = None
    key: str | None = None
    handheld: Handheld | None = None
    caller: Caller | None = None
    """Who asks by the API: an approval that came along lifts a block."""


class Outcome(NamedTuple):
    """What a scan did. `movement_id` is None when it moved nothing."""

    product: Product | None
    quantity: int
    stock: Position | None
    movement_id: str | None = None
    position: int | None = None
    warnings: tuple[str, ...] = ()
    problem: EdgeError | None = None
    """Why nothing was done; the raw bytes are kept all the same, unless they are a badge's."""
    count_status: str | None = None
    life: Life = UNSAID
    """What is known of the lot."""


_ROUTES = {
    Mode.SELL: (Reason.SALE, None, Location.CUSTOMER),
    Mode.RECEIVE: (Reason.RECEIPT, Location.SUPPLIER, None),
}
"""Mode -> reason, from, to; None is the device's own location."""
_REFUSALS = {"invalid_check": "check_digit", "too_long": "too_long", "overlong": "too_long"}
"""What is wrong with a code, where that says what to do about it."""
_LOT_LOST = frozenset(("missing_fnc1", "degraded"))
"""The article is certain; what stood behind it (lot, last good day) is not."""


def record_scan(connection: sqlite3.Connection, command: ScanCommand, now_ms: int) -> Outcome:
    """Do what the scan means here."""
    outcome = _act(connection, command, now_ms)
    scan = command.scan
    raw = b"" if isinstance(outcome.problem, BadgeScanned) else scan.raw
    scans.add(
        connection,
        Seen(now_ms, scan.device, command.mode, raw, outcome.position,
             outcome.problem.code if outcome.problem else "done"),
    )  # fmt: skip
    return outcome


def look_up(connection: sqlite3.Connection, command: ScanCommand, now_ms: int) -> Outcome:
    """What the scan names and how much of it; writes nothing. Raises Invalid, NotFound."""
    return _act_on(connection, command, find_scanned(connection, command.scan), now_ms)


def find_scanned(connection: sqlite3.Connection, scan: Scan) -> Found:
    """The product and pack that a scan names.

    Raises Invalid (`unreadable`, `check_digit`, `too_long`, `badge`), NotFound (`unknown_barcode`).
    """
    try:
        return _named_by(connection, scan)
    except EdgeError:
        people.refuse_badge(connection, scan.text)
        raise


def _named_by(connection: sqlite3.Connection, scan: Scan) -> Found:
    if scan.gtin is None and scan.sku is None:
        flags = ", ".join(sorted(scan.flags)) or "no code"
        why = next((code for flag, code in _REFUSALS.items() if flag in scan.flags), "unreadable")
        raise Invalid(why, f"expected a product code, got {scan.text[:80]!r} ({flags})", pointer="/code")
    for code in (scan.gtin, scan.sku):
        found = catalogue.find_by_code(connection, code) if code else None
        if found is not None:
            return found
    product = catalogue.find_by_sku(connection, scan.sku or scan.text)
    if product is None:
        raise UnknownCode(scan.gtin or scan.sku or scan.text)
    return Found(product, 1000)


def _act(connection: sqlite3.Connection, command: ScanCommand, now_ms: int) -> Outcome:
    try:
        found = find_scanned(connection, command.scan)
    except EdgeError as problem:
        return Outcome(None, 0, None, problem=problem)
    try:
        return _act_on(connection, command, found, now_ms)
    except (Conflict, Invalid, NotFound) as problem:
        # Nothing was written yet: every check comes before the first append.
        if command.mode is Mode.COUNT:
            return Outcome(found.product, 0, None, problem=problem)
        life = _life(connection, command, found.product, now_ms)
        return Outcome(found.product, 0, _stock(connection, found.product), problem=problem, life=life)


def _act_on(connection: sqlite3.Connection, command: ScanCommand, found: Found, now_ms: int) -> Outcome:
    scan, product = command.scan, found.product
    if command.mode is Mode.COUNT:
        return _count(connection, command, product, now_ms)
    reading = Reading(scan.lot, scan.expiry, scan.quantity, scan.weight_unit, scan.price_minor)
    amount = amount_of(
        reading, pack_quantity=found.pack_quantity, unit=product.unit, price=product.price, packs=command.packs
    )
    life = _life(connection, command, product, now_ms)
    warnings = amount.warnings + _warnings(connection, command, product, life, now_ms)
    if command.mode is Mode.LOOKUP:
        return Outcome(product, amount.quantity, _stock(connection, product), warnings=warnings, life=life)
    reason, source, target = _route(connection, command)
    draft = Draft(
        goods_of(product, code=scan.gtin or scan.sku, pack_quantity=found.pack_quantity),
        amount.quantity, source, target, reason, now_ms, None, command.actor, command.document,
        life.lot.lot or None, life.lot.expiry or None, command.key,
    )  # fmt: skip
    move = Move(draft, product)
    if command.handheld is not None:
        posted = counting.record_late(connection, move, command.handheld, now_ms)
    else:
        posted = post(connection, [move], now_ms, on_negative="allow", caller=command.caller)
    if command.mode in (Mode.TRANSFER_OUT, Mode.TRANSFER_IN):
        transferring.note_scanned(connection, command.document or "", draft)
    return Outcome(
        product, amount.quantity, posted.stock[product.product_id], posted.movement_ids[0],
        posted.positions[0], (*warnings, *posted.warnings), life=life,
    )  # fmt: skip


def _count(connection: sqlite3.Connection, command: ScanCommand, product: Product, now_ms: int) -> Outcome:
    if command.packs is None:
        raise Invalid("quantity_needed", "expected the counted quantity", pointer="/quantity",
                      expected="how many units there are")  # fmt: skip
    line = counting.record_line(
        connection,
        counting.LineCommand(
            stocktake_id=command.document or "", product=product, location=command.location,
            counted=command.packs, actor=command.actor, key=command.key, handheld=command.handheld,
        ),
        now_ms,
    )  # fmt: skip
    # Neither stock nor variance: whoever counts blind must not be told what is expected.
    return Outcome(product, line.counted, None, position=line.position, count_status=line.status)


def _route(connection: sqlite3.Connection, command: ScanCommand) -> tuple[str, str, str]:
    if command.mode in _ROUTES:
        reason, source, target = _ROUTES[command.mode]
        return reason, source or command.location, target or command.location
    transfer_id = command.document or ""
    transferring.check_scannable(connection, transfer_id, is_outgoing=command.mode is Mode.TRANSFER_OUT)
    if command.mode is Mode.TRANSFER_OUT:
        return Reason.TRANSFER_OUT, command.location, transit(transfer_id)
    return Reason.TRANSFER_IN, transit(transfer_id), command.location


def _life(connection: sqlite3.Connection, command: ScanCommand, product: Product, now_ms: int) -> Life:
    is_leaving = command.mode not in (Mode.RECEIVE, Mode.TRANSFER_IN)
    asked = named(command.scan.lot, command.scan.expiry)
    return shelf_life.life_of(connection, product.product_id, asked, now_ms, is_leaving=is_leaving)


def _warnings(
    connection: sqlite3.Connection, command: ScanCommand, product: Product, life: Life, now_ms: int
) -> tuple[str, ...]:
    """What is odd about these goods. Raises Conflict (`expired_sale`) for what may not be sold."""
    found = ["archived_product"] if product.lifecycle == "archived" else []
    if command.scan.flags & _LOT_LOST:
        found.append("lot_unread")
    if life.is_expired:
        if command.mode is Mode.SELL and command.handheld is None:
            shelf_life.require_good(connection, product, life, command.caller, now_ms)
        if command.mode is not Mode.SELL or rules_of(connection).expired_sale != "allow":
            found.append("expired")
    return tuple(found)


def _stock(connection: sqlite3.Connection, product: Product) -> Position:
    return position_of(*levels.held(connection, product.product_id))
