"""Counting while selling: a line asserts how many there were at a position; the variance is posted.

Nothing is frozen and nothing is set: a movement of the difference is written, so sales before
and after the count stay right. Events that handhelds hand in late are placed before or
after each count (domain/stocktake.py); one before a count revises its variance, and the
level after the count stays what was counted.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import uuid_utils

from edge_agent.domain import stocktake as rules
from edge_agent.domain.movement import OWN, Draft, signed
from edge_agent.domain.stock import position_of
from edge_agent.domain.stocktake import Count, Span, Witness
from edge_agent.errors import Conflict, Invalid, NotFound
from edge_agent.services import tasks
from edge_agent.services.handhelds import Handheld, Placed, witness_of
from edge_agent.services.posting import Move, Posted, goods_of, post
from edge_agent.storage import catalogue, counts, history, identity, ledger, levels
from edge_agent.storage.catalogue import Product
from edge_agent.storage.counts import Event, Line, Stocktake
from edge_agent.storage.zones import ZoneLine
from sync_protocol import facts
from sync_protocol.limits import QUANTITY_MAX
from sync_protocol.quantity import format_quantity
from sync_protocol.vocabulary import Location, Reason

ASKED_BY = ("negative_stock", "recount", "count_request", "cycle_count")
"""Tasks that a posted count of their product answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCommand:
    """There are `counted` units of this product here."""

    stocktake_id: str
    product: Product
    counted: int
    location: str = Location.SHELF
    actor: str | None = None
    key: str | None = None
    handheld: Handheld | None = None
    command_id: str | None = None
    adopted: str | None = None


class Recorded(NamedTuple):
    """A count line as decided; an ambiguous one posted nothing and asks for a recount."""

    line_id: str
    counted: int
    expected: int
    variance: int
    status: str
    position: int
    movement_id: str | None
    warnings: tuple[str, ...] = ()


def get_stocktake(connection: sqlite3.Connection, stocktake_id: str) -> Stocktake:
    """Raises NotFound."""
    found = counts.find_stocktake(connection, stocktake_id)
    if found is None:
        raise NotFound("stocktake", f"there is no stocktake {stocktake_id[:60]!r}")
    return found


def record_line(connection: sqlite3.Connection, command: LineCommand, now_ms: int) -> Recorded:
    """Decide one line. Raises Invalid, NotFound, or Conflict (`stocktake_closed`)."""
    check(command)
    handheld = command.handheld
    if get_stocktake(connection, command.stocktake_id).state == "closed" and handheld is None:
        # A handheld may hand in what it counted before the closing.
        raise Conflict("stocktake_closed", f"stocktake {command.stocktake_id} is closed")
    if handheld is not None and counts.find_line_of(connection, handheld.device, handheld.counter) is not None:
        raise Conflict("already_recorded", f"event {handheld.counter} of {handheld.device} was handed in before")
    warnings = counted_before(_earlier_in_it(connection, command), command)
    recorded = assert_at(connection, command, placed_at(connection, handheld, now_ms), now_ms)
    return recorded._replace(warnings=warnings)


def _earlier_in_it(connection: sqlite3.Connection, command: LineCommand) -> list[Line]:
    return counts.standing_in(connection, command.stocktake_id, command.product.product_id, command.location)


def counted_before(lines: Iterable[Line | ZoneLine], command: LineCommand) -> tuple[str, ...]:
    """A warning when somebody else has counted the same here; blind counters are not told how many."""
    return ("counted_before",) if any(line.actor != command.actor for line in lines) else ()


def assert_at(connection: sqlite3.Connection, command: LineCommand, placed: Placed, now_ms: int) -> Recorded:
    """At this moment of the ledger there were so many: post the variance of then, or ask for a recount."""
    product_id, location = command.product.product_id, command.location
    head = ledger.last_position(connection)
    decided = rules.decide(
        levels.at(connection, product_id, location),
        *_recorded_since(connection, product_id, location, placed.after),
        placed.witness,
        head + 1,
    )
    status = "ambiguous" if decided.is_ambiguous else "posted"
    line = Line(
        str(uuid_utils.uuid7()), command.stocktake_id, product_id, location, command.counted, decided.expected,
        0 if decided.is_ambiguous else command.counted - decided.expected, placed.after, placed.until,
        *placed.witness.span, status, 0, placed.witness.device, placed.witness.counter,
        placed.witness.occurred_at, command.actor,
    )  # fmt: skip
    is_late = command.handheld is not None or placed.after < head
    recorded = _write(connection, command, line, placed.witness, now_ms, is_late=is_late)
    if decided.is_ambiguous:
        tasks.raise_task(
            connection, "recount", product_id, now_ms,
            f"{command.product.name}: stock moved while it was counted; count {location} again",
        )  # fmt: skip
    else:
        tasks.finish_about(connection, ASKED_BY, product_id, command.actor, now_ms)
    return recorded


def record_late(connection: sqlite3.Connection, move: Move, handheld: Handheld, now_ms: int) -> Posted:
    """Post a movement that a handheld hands in after the fact, before or after the counts it belongs to.

    Raises Conflict (`already_recorded`) when this device's event came before.
    """
    if counts.find_event(connection, handheld.device, handheld.counter) is not None:
        raise Conflict("already_recorded", f"event {handheld.counter} of {handheld.device} was handed in before")
    witness = witness_of(connection, handheld, now_ms).witness
    posted = post(connection, [move], now_ms, on_negative="record")
    draft = move.draft
    for location, delta in ((draft.from_location, -draft.quantity), (draft.to_location, draft.quantity)):
        if location in OWN:
            event = Event(
                handheld.device, handheld.counter, move.product.product_id, location, delta,
                *witness.span, posted.positions[0], witness.occurred_at,
            )  # fmt: skip
            counts.add_event(connection, event)
            _revise(connection, move.product, location, delta, witness, now_ms, cause=posted.movement_ids[0])
    stock = position_of(*levels.held(connection, move.product.product_id))
    return posted._replace(stock={move.product.product_id: stock})


def check(command: LineCommand) -> None:
    """Raises Invalid unless it is of a place that can be counted and of a sane quantity."""
    if command.location not in OWN:
        raise Invalid("location", f"expected one of {', '.join(sorted(OWN))}, got {command.location[:40]!r}",
                      pointer="/location")  # fmt: skip
    if not 0 <= command.counted <= QUANTITY_MAX:
        raise Invalid("counted", f"expected 0 or more, got {format_quantity(command.counted)}", pointer="/counted")


def placed_at(connection: sqlite3.Connection, handheld: Handheld | None, now_ms: int) -> Placed:
    """The moment of a count: now, or as far as a handheld that comes later can say."""
    if handheld is not None:
        return witness_of(connection, handheld, now_ms)
    head, _ = ledger.head(connection)
    return Placed(head, head, Witness(rules.counted_now(head), now_ms))


def _recorded_since(
    connection: sqlite3.Connection, product_id: str, location: str, after: int
) -> tuple[list[tuple[int, int]], list[tuple[Witness, int]]]:
    """Changes above a position: those that happened where they stand, and those handed in late."""
    late = counts.events_recorded_after(connection, product_id, location, after)
    positions = {event.position for event in late}
    live = history.changes_since(connection, product_id, location, after)
    return (
        [(position, change) for position, change in live if position not in positions],
        [(_witness_of_event(event), event.delta) for event in late],
    )


def _write(
    connection: sqlite3.Connection, command: LineCommand, line: Line, witness: Witness, now_ms: int, *, is_late: bool
) -> Recorded:
    offset = identity.clock_offset(connection)
    fact = facts.fact(
        facts.CountLine(
            occurred_at=now_ms, clock_offset=offset, actor=command.actor, line_id=line.line_id,
            stocktake_id=line.stocktake_id, product_id=line.product_id, location=line.location,
            counted=line.counted, expected=line.expected, after=line.after, until=line.until,
            status="posted" if line.status == "posted" else "ambiguous", key=command.key,
        )
    )  # fmt: skip
    # Of a count made now none is later: only what comes afterwards may have to be placed before others.
    is_late = is_late and line.status == "posted"
    earlier = counts.posted_at(connection, line.product_id, line.location) if is_late else []
    written = ledger.append(connection, [fact])
    position, movement_id = written.last, None
    if line.variance:
        draft = _variance(command, line, now_ms)
        posted = post(connection, [Move(draft, command.product)], now_ms, on_negative="record")
        movement_id = posted.movement_ids[0]
        if is_late:
            _remember(connection, line, witness, posted.positions[0])
    counts.add_line(connection, line._replace(position=position))
    if line.variance and is_late:
        later = [_count_of(other) for other in earlier]
        _revise_among(connection, command.product, line.location, line.variance, witness, later, now_ms,
                      cause=line.line_id)  # fmt: skip
    return Recorded(line.line_id, line.counted, line.expected, line.variance, line.status, position, movement_id)


def _variance(command: LineCommand, line: Line, now_ms: int) -> Draft:
    quantity, source, target = signed(line.variance, line.location, Reason.COUNT)
    return Draft(
        goods_of(command.product), quantity, source, target, Reason.COUNT, now_ms, actor=command.actor,
        document=line.line_id, command=command.command_id, adopted=command.adopted,
    )  # fmt: skip


def _remember(connection: sqlite3.Connection, line: Line, witness: Witness, position: int) -> None:
    """A variance that belongs to an earlier time is a late event to the counts after it."""
    counts.add_event(
        connection,
        Event(f"count/{line.line_id}", position, line.product_id, line.location, line.variance,
              *witness.span, position, witness.occurred_at),
    )  # fmt: skip


def _revise(
    connection: sqlite3.Connection, product: Product, location: str, delta: int, event: Witness, now_ms: int,
    *, cause: str,
) -> None:  # fmt: skip
    posted = counts.posted_at(connection, product.product_id, location)
    _revise_among(
        connection, product, location, delta, event, [_count_of(line) for line in posted], now_ms, cause=cause
    )


def _revise_among(
    connection: sqlite3.Connection, product: Product, location: str, delta: int, event: Witness,
    counted: list[Count], now_ms: int, *, cause: str,
) -> None:  # fmt: skip
    """An event before a count has been in what was counted: its change is taken out of the variance."""
    placement = rules.place(event, counted)
    if not placement.is_certain:
        tasks.raise_task(
            connection, "ambiguous_sale", product.product_id, now_ms,
            f"{product.name}: it is not certain whether {format_quantity(delta)} lay before a count of "
            f"{location}; placed by time",
        )  # fmt: skip
    if placement.before is None:
        return
    line = counts.find_line(connection, placement.before.line_id)
    assert line is not None
    revise(connection, product, line, delta, now_ms, cause=cause)


def revise(
    connection: sqlite3.Connection, product: Product, line: Line, delta: int, now_ms: int, *, cause: str,
    actor: str | None = None,
) -> Posted:  # fmt: skip
    """Take so much out of a count's variance, in the ledger as well; the counted quantity stays."""
    variance = line.variance - delta
    quantity, source, target = signed(-delta, line.location, Reason.COUNT)
    draft = Draft(
        goods_of(product), quantity, source, target, Reason.COUNT, now_ms, actor=actor, document=line.line_id,
        note="revision",
    )  # fmt: skip
    revision = facts.CountRevision(
        occurred_at=now_ms, clock_offset=identity.clock_offset(connection), actor=actor, line_id=line.line_id,
        stocktake_id=line.stocktake_id, product_id=product.product_id, variance=variance, cause=cause,
    )  # fmt: skip
    posted = post(connection, [Move(draft, product)], now_ms, on_negative="record", facts=[facts.fact(revision)])
    counts.save_variance(connection, line.line_id, variance)
    # The revision belongs to the moment of its count, so that an even later count sees it there.
    counts.add_event(
        connection,
        Event(f"revision/{line.line_id}", posted.positions[0], product.product_id, line.location, -delta,
              line.begins, line.ends, posted.positions[0], line.occurred_at),
    )  # fmt: skip
    return posted


def _count_of(line: Line) -> Count:
    witness = Witness(Span(line.begins, line.ends), line.occurred_at, line.device, line.counter)
    return Count(line.line_id, witness, line.position)


def _witness_of_event(event: Event) -> Witness:
    return Witness(Span(event.begins, event.ends), event.occurred_at, event.device, event.counter)


def product_of(connection: sqlite3.Connection, product_id: str) -> Product:
    """Raises NotFound."""
    found = catalogue.find_product(connection, product_id)
    if found is None:
        raise NotFound("product", f"there is no product {product_id[:60]!r}")
    return found
