"""A stocktake from its opening to its end: who counts where, what stands, and posting it.

Without zones each line is posted as it is counted. In zones several people count one place in
parts: a part says nothing of the whole, so all of a product are put together when the stocktake
is closed, as one count that happened between its first and its last part. If the product
moved in between, nothing is posted and a recount is asked for. A stocktake is closed
bit by bit, so that no sale waits for a whole store.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import uuid_utils

from edge_agent.domain.stocktake import Span, Witness
from edge_agent.errors import Conflict, Invalid, NotFound
from edge_agent.services import counting, tasks
from edge_agent.services.counting import LineCommand, get_stocktake, product_of
from edge_agent.services.handhelds import Placed
from edge_agent.storage import counts, identity, ledger, levels, zones
from edge_agent.storage.counts import Stocktake
from edge_agent.storage.zones import Zone, ZoneLine
from sync_protocol import facts

POSTED_AT_ONCE = 100
"""Products posted in one transaction of a closing."""
COUNTED_MAX = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a stocktake is to be."""

    name: str = ""
    is_blind: bool = True
    kind: str = "full"
    """full; cycle: of the products that are named."""
    zones: Sequence[str] = ()
    product_ids: Sequence[str] = ()
    actor: str | None = None


class ZoneCounted(NamedTuple):
    """A line of a zone as it stands; it is posted with the others of its product."""

    line: ZoneLine
    position: int
    warnings: tuple[str, ...] = ()


class Progress(NamedTuple):
    """How far a closing is."""

    stocktake: Stocktake
    left: int
    """Products that are still to be posted; 0: it is closed."""


def open_stocktake(connection: sqlite3.Connection, wanted: Opening, now_ms: int) -> Stocktake:
    """Begin to count. Raises NotFound for a product that there is not."""
    made = Stocktake(
        str(uuid_utils.uuid7()), wanted.name, "open", int(wanted.is_blind), now_ms, None, wanted.actor, wanted.kind
    )
    counts.add_stocktake(connection, made)
    for zone in dict.fromkeys(wanted.zones):
        zones.save_zone(connection, Zone(made.stocktake_id, zone, "open", None, now_ms))
    for product_id in wanted.product_ids:
        product_of(connection, product_id)
    zones.add_products(connection, made.stocktake_id, wanted.product_ids)
    _tell(connection, made, now_ms)
    return made


def take_zone(
    connection: sqlite3.Connection, stocktake_id: str, zone: str, actor: str, now_ms: int, *, take_over: bool = False
) -> Zone:
    """Somebody counts this zone from now on; a new name is another zone. Raises Conflict (`zone_taken`)."""
    _require_open(connection, stocktake_id)
    known = _zone(connection, stocktake_id, zone)
    if known is not None and known.actor not in (None, actor) and known.state == "open" and not take_over:
        raise Conflict("zone_taken", f"{zone} is being counted by {known.actor}", remedy="take it over")
    taken = Zone(stocktake_id, zone, "open", actor, now_ms)
    zones.save_zone(connection, taken)
    return taken


def finish_zone(connection: sqlite3.Connection, stocktake_id: str, zone: str, actor: str, now_ms: int) -> Zone:
    """All of the zone is counted. Raises NotFound."""
    _require_open(connection, stocktake_id)
    known = _zone(connection, stocktake_id, zone)
    if known is None:
        raise NotFound("zone", f"there is no zone {zone[:60]!r} in this stocktake")
    done = known._replace(state="done", actor=known.actor or actor, changed_at=now_ms)
    zones.save_zone(connection, done)
    return done


def require_zone(connection: sqlite3.Connection, stocktake_id: str, zone: str | None) -> str:
    """A stocktake is counted in zones altogether or not at all. Raises Invalid, NotFound."""
    known = zones.zones_of(connection, stocktake_id)
    if zone is None:
        raise Invalid("zone_needed", "expected the zone in which it was counted", pointer="/zone",
                      expected=", ".join(each.zone for each in known)[:200])  # fmt: skip
    if not known and counts.lines_of(connection, stocktake_id):
        raise Invalid("zone", "expected no zone: this stocktake has lines without one", pointer="/zone")
    return zone


def count_in_zone(
    connection: sqlite3.Connection, command: LineCommand, zone: str, now_ms: int, *, is_more: bool = False
) -> ZoneCounted:
    """There are so many in this zone; `is_more`: so many besides those that were counted there before.

    Raises Invalid, NotFound, Conflict (`already_recorded`).
    """
    stocktake, handheld = get_stocktake(connection, command.stocktake_id), command.handheld
    counting.check(command)
    if handheld is not None and zones.find_line_of(connection, handheld.device, handheld.counter) is not None:
        raise Conflict("already_recorded", f"event {handheld.counter} of {handheld.device} was handed in before")
    if stocktake.state != "open" and handheld is None:
        raise Conflict("stocktake_closed", f"stocktake {command.stocktake_id} is {stocktake.state}")
    if _zone(connection, command.stocktake_id, zone) is None:
        zones.save_zone(connection, Zone(command.stocktake_id, zone, "open", command.actor, now_ms))
    placed = counting.placed_at(connection, handheld, now_ms)
    before = [line for line in _standing(connection, command) if line.zone == zone]
    line = _zone_line(command, zone, placed, before if is_more else [])
    if handheld is not None and any(each.begins >= line.ends for each in before):
        # A handheld brings what it counted before somebody counted here anew.
        line = line._replace(state="replaced")
    else:
        for each in before:
            zones.set_state(connection, each.line_id, "replaced")
    if stocktake.state != "open":
        line = _too_late(connection, command, line, now_ms)
    zones.add_line(connection, line)
    return ZoneCounted(line, ledger.last_position(connection), counting.counted_before(before, command))


def withdraw(connection: sqlite3.Connection, stocktake_id: str, line_id: str, actor: str | None, now_ms: int) -> None:
    """Take a line back: it was a mistake. Doing so twice is fine. Raises NotFound."""
    in_zone = zones.find_line(connection, line_id)
    if in_zone is not None and in_zone.stocktake_id == stocktake_id and in_zone.state != "posted":
        zones.set_state(connection, line_id, "withdrawn")
        return
    line = counts.find_line(connection, line_id)
    if line is None or line.stocktake_id != stocktake_id:
        raise NotFound("line", f"there is no such line in stocktake {stocktake_id}")
    if line.status == "withdrawn":
        return
    if line.variance:
        product = product_of(connection, line.product_id)
        counting.revise(connection, product, line, line.variance, now_ms, cause=line_id, actor=actor)
    counts.set_status(connection, line_id, "withdrawn")


def post_some(
    connection: sqlite3.Connection, stocktake_id: str, actor: str | None, now_ms: int, *, with_open_zones: bool = False,
    are_uncounted_gone: bool = False,
) -> Progress:  # fmt: skip
    """Post the next products of a stocktake that is being closed; to be called until none are left.

    `are_uncounted_gone`: what nobody counted is not there. Raises NotFound, Conflict (`zones_open`).
    """
    found = get_stocktake(connection, stocktake_id)
    if found.state == "closed":
        return Progress(found, 0)
    still = [each.zone for each in zones.zones_of(connection, stocktake_id) if each.state == "open"]
    if still and not with_open_zones and found.state == "open":
        raise Conflict("zones_open", f"expected every zone to be done; still open: {', '.join(still)[:300]}")
    counts.set_state(connection, stocktake_id, "closing", None)
    counted = zones.waiting(connection, stocktake_id, COUNTED_MAX)
    for product_id, location in counted[:POSTED_AT_ONCE]:
        _post_together(connection, stocktake_id, product_id, location, now_ms)
    gone = _uncounted(connection, stocktake_id) if are_uncounted_gone and not counted else []
    for product_id, location in gone[:POSTED_AT_ONCE]:
        _post_nothing(connection, stocktake_id, product_id, location, actor, now_ms)
    left = max(0, len(counted) - POSTED_AT_ONCE) + max(0, len(gone) - POSTED_AT_ONCE)
    if left or (counted and are_uncounted_gone):
        return Progress(found._replace(state="closing"), max(1, left))
    return Progress(close_stocktake(connection, stocktake_id, now_ms), 0)


def close_stocktake(connection: sqlite3.Connection, stocktake_id: str, now_ms: int) -> Stocktake:
    """No more lines. Closing twice is fine. Raises NotFound."""
    found = get_stocktake(connection, stocktake_id)
    if found.state == "closed":
        return found
    counts.set_state(connection, stocktake_id, "closed", now_ms)
    closed = found._replace(state="closed", closed_at=now_ms)
    _tell(connection, closed, now_ms)
    return closed


def _require_open(connection: sqlite3.Connection, stocktake_id: str) -> None:
    found = get_stocktake(connection, stocktake_id)
    if found.state != "open":
        raise Conflict("stocktake_closed", f"stocktake {stocktake_id} is {found.state}")


def _zone(connection: sqlite3.Connection, stocktake_id: str, zone: str) -> Zone | None:
    return next((each for each in zones.zones_of(connection, stocktake_id) if each.zone == zone), None)


def _standing(connection: sqlite3.Connection, command: LineCommand) -> list[ZoneLine]:
    return zones.counted_of(connection, command.stocktake_id, command.product.product_id, command.location)


def _zone_line(command: LineCommand, zone: str, placed: Placed, before: Sequence[ZoneLine]) -> ZoneLine:
    """A new line; with those before it, it is one count that took from the first of them until now."""
    witness, after = placed.witness, min([placed.after, *(line.after for line in before)])
    begins = after if before else witness.span.begins
    return ZoneLine(
        str(uuid_utils.uuid7()), command.stocktake_id, zone, command.product.product_id, command.location,
        command.counted + sum(line.counted for line in before), after, placed.until, begins, witness.span.ends,
        min([witness.seen, *(line.seen for line in before)]), witness.device, witness.counter, witness.occurred_at,
        command.actor,
    )  # fmt: skip


def _too_late(connection: sqlite3.Connection, command: LineCommand, line: ZoneLine, now_ms: int) -> ZoneLine:
    """A part that nobody waited for: kept, and the product is to be counted again."""
    detail = f"{command.product.name}: a part of {command.location} was handed in after the stocktake was closed"
    tasks.raise_task(connection, "recount", line.product_id, now_ms, detail)
    return line._replace(state="too_late")


def _post_together(
    connection: sqlite3.Connection, stocktake_id: str, product_id: str, location: str, now_ms: int
) -> None:
    parts = zones.counted_of(connection, stocktake_id, product_id, location)
    last = parts[-1]
    after, ends = min(part.after for part in parts), max(part.ends for part in parts)
    # Of one part the moment is known as it was told; several took from the head of the first until the last.
    is_one = len(parts) == 1
    witness = Witness(
        Span(last.begins if is_one else after, ends), last.occurred_at, last.device if is_one else None,
        last.counter if is_one else None, min(part.seen for part in parts),
    )  # fmt: skip
    placed = Placed(after, max(part.until for part in parts), witness)
    command = LineCommand(
        stocktake_id=stocktake_id, product=product_of(connection, product_id), location=location,
        counted=sum(part.counted for part in parts), actor=last.actor,
    )  # fmt: skip
    counting.assert_at(connection, command, placed, now_ms)
    for part in parts:
        zones.set_state(connection, part.line_id, "posted")


def _post_nothing(
    connection: sqlite3.Connection, stocktake_id: str, product_id: str, location: str, actor: str | None, now_ms: int
) -> None:
    command = LineCommand(
        stocktake_id=stocktake_id, product=product_of(connection, product_id), location=location, counted=0,
        actor=actor,
    )  # fmt: skip
    counting.assert_at(connection, command, counting.placed_at(connection, None, now_ms), now_ms)


def _uncounted(connection: sqlite3.Connection, stocktake_id: str) -> list[tuple[str, str]]:
    """(product, location) where there is something on record and nobody counted, where anything was counted."""
    lines = counts.lines_of(connection, stocktake_id)
    counted = {(line.product_id, line.location) for line in lines if line.status != "withdrawn"}
    locations = sorted({line.location for line in lines})
    only = {product_id for product_id, _, _ in zones.products_of(connection, stocktake_id)}
    on_record = [place for location in locations for place in levels.not_zero_at(connection, location, COUNTED_MAX)]
    return [place for place in on_record if place not in counted and (not only or place[0] in only)]


def _tell(connection: sqlite3.Connection, found: Stocktake, now_ms: int) -> None:
    body = facts.Stocktake(
        occurred_at=now_ms, clock_offset=identity.clock_offset(connection), actor=found.actor,
        stocktake_id=found.stocktake_id, state="closed" if found.state == "closed" else "open", name=found.name,
    )  # fmt: skip
    ledger.append(connection, [facts.fact(body)])
