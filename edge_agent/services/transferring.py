"""Goods between sites: dispatched here, received, refused or closed short there, taken back.

In transit is one location per transfer. After dispatch only the destination may receive,
refuse or close short; the source takes goods back only against a refusal. All of it works
with the WAN down: a receipt may come before the notice of its dispatch.
"""

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

import uuid_utils

from edge_agent.domain.movement import Draft
from edge_agent.errors import Conflict, Invalid, NotFound
from edge_agent.services import tasks
from edge_agent.services.posting import Move, Posted, goods_of, post
from edge_agent.storage import catalogue, identity, ledger, transfers
from edge_agent.storage.catalogue import Product
from edge_agent.storage.transfers import Line, Transfer
from sync_protocol import facts
from sync_protocol.quantity import format_quantity
from sync_protocol.vocabulary import Location, Reason, transit

ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
Step = Literal["dispatched", "received", "refused", "closed_short", "taken_back"]

ALLOWED: dict[Step, tuple[tuple[str, ...], bool]] = {
    "received": (("dispatched", "received"), False),
    "refused": (("dispatched",), False),
    "closed_short": (("dispatched", "received"), False),
    "taken_back": (("refused",), True),
}
"""Step -> the states it may follow, and whether the source (else the destination) takes it."""


TRANSFER_SHORT = "transfer_short"


class Wanted(NamedTuple):
    """Units of one product, in thousandths."""

    product: Product
    quantity: int


class Why(NamedTuple):
    """What a person says of goods that were refused or did not come."""

    reason: str | None = None
    fault: facts.Fault | None = None

    @property
    def note(self) -> str | None:
        """As the movements keep it."""
        return ": ".join(filter(None, (self.fault, self.reason))) or None


NO_WORD = Why()


class Moved(NamedTuple):
    """A transfer after a step, and what was posted for it."""

    transfer: Transfer
    posted: Posted | None
    position: int


def dispatch(
    connection: sqlite3.Connection, to_site: str, lines: Sequence[Wanted], now_ms: int, *,
    actor: str | None = None, key: str | None = None, location: str = Location.SHELF,
    transfer_id: str | None = None, command_id: str | None = None,
) -> Moved:  # fmt: skip
    """Send goods off. Raises Invalid, Conflict (`insufficient_stock`)."""
    who = identity.get(connection)
    if to_site == who.site_id:
        raise Invalid("to_site", "expected another site, got this one", pointer="/to_site")
    made = Transfer(transfer_id or str(uuid_utils.uuid7()), who.site_id, to_site, "dispatched", now_ms, now_ms)
    moves = [
        Move(
            Draft(
                goods_of(wanted.product), wanted.quantity, location, transit(made.transfer_id),
                Reason.TRANSFER_OUT, now_ms, None, actor, made.transfer_id,
                key=_row_key(key, number), command=command_id,
            ),
            wanted.product,
        )
        for number, wanted in enumerate(lines)
    ]  # fmt: skip
    posted = post(connection, moves, now_ms, on_negative="block") if moves else None
    transfers.save(connection, made)
    for wanted in lines:
        transfers.add_to_line(connection, made.transfer_id, wanted.product.product_id, dispatched=wanted.quantity)
    return Moved(made, posted, _tell(connection, made, "dispatched", actor, now_ms))


def take_step(
    connection: sqlite3.Connection, transfer_id: str, step: Step, now_ms: int, *,
    quantities: Mapping[str, int] | None = None, actor: str | None = None, key: str | None = None,
    location: str = Location.SHELF, why: Why = NO_WORD,
) -> Moved:  # fmt: skip
    """Receive, refuse, close short or take back. `quantities` (product -> units) defaults to all that is left.

    Raises NotFound, Invalid, Conflict (`transfer_state`, `not_yours`).
    """
    found = _get(connection, transfer_id)
    _check(connection, found, step)
    lines = {line.product_id: line for line in transfers.lines_of(connection, transfer_id)}
    if step == "closed_short" and why.fault is None:
        why = why._replace(fault="unknown")
    moves = _moves(connection, found, step, lines, quantities, now_ms, actor, key, location, why.note)
    posted = post(connection, moves, now_ms, on_negative="allow") if moves else None
    if step == "closed_short":
        for product_id in lines:
            tasks.finish_about(connection, (TRANSFER_SHORT,), product_id, actor, now_ms)
    for move in moves:
        if step == "received":
            transfers.add_to_line(connection, transfer_id, move.product.product_id, received=move.draft.quantity)
    moved = found._replace(state=step, changed_at=now_ms)
    transfers.save(connection, moved)
    if step == "received":
        _ask_about_shortage(connection, transfer_id, now_ms)
    return Moved(moved, posted, _tell(connection, moved, step, actor, now_ms, why))


def _ask_about_shortage(connection: sqlite3.Connection, transfer_id: str, now_ms: int) -> None:
    """What was sent and is not here is in transit until somebody says that it does not come, and whose fault it was."""
    for line in transfers.lines_of(connection, transfer_id):
        product = catalogue.find_product(connection, line.product_id)
        missing = line.dispatched - line.received
        if missing <= 0 or product is None:
            tasks.finish_about(connection, (TRANSFER_SHORT,), line.product_id, None, now_ms)
            continue
        detail = (
            f"{product.name}: {format_quantity(missing)} of transfer {transfer_id} did not come; "
            "wait for the rest, or close it short"
        )
        tasks.raise_task(connection, TRANSFER_SHORT, line.product_id, now_ms, detail)


def expect(
    connection: sqlite3.Connection, transfer_id: str, from_site: str, product_ids: Collection[str], now_ms: int
) -> None:
    """The goods are here before the notice of their dispatch: take their transfer down. Raises Invalid."""
    if transfers.find(connection, transfer_id) is not None:
        return
    if not ID.match(transfer_id):
        raise Invalid("transfer", f"expected a transfer id, got {transfer_id[:60]!r}", pointer="/id")
    here = identity.get(connection).site_id
    if from_site == here:
        raise Invalid("from_site", "expected another site, got this one", pointer="/from_site")
    transfers.save(connection, Transfer(transfer_id, from_site, here, "dispatched", now_ms, now_ms))
    for product_id in product_ids:
        transfers.add_to_line(connection, transfer_id, product_id)


def check_scannable(connection: sqlite3.Connection, transfer_id: str, *, is_outgoing: bool) -> None:
    """Whether a beep may add to this transfer. Raises NotFound, Conflict."""
    found = _get(connection, transfer_id)
    is_ours = (found.from_site if is_outgoing else found.to_site) == identity.get(connection).site_id
    if not is_ours:
        raise Conflict("not_yours", f"transfer {transfer_id} does not {'start' if is_outgoing else 'end'} here")
    if found.state not in ("dispatched", "received") or (is_outgoing and found.state != "dispatched"):
        raise Conflict("transfer_state", f"transfer {transfer_id} is {found.state}")


def note_scanned(connection: sqlite3.Connection, transfer_id: str, draft: Draft) -> None:
    """Count a scanned unit up on its transfer's line."""
    if draft.reason == Reason.TRANSFER_OUT:
        transfers.add_to_line(connection, transfer_id, draft.goods.product_id, dispatched=draft.quantity)
    else:
        transfers.add_to_line(connection, transfer_id, draft.goods.product_id, received=draft.quantity)


def forget_scanned(
    connection: sqlite3.Connection, transfer_id: str, reason: str, product_id: str, quantity: int
) -> None:
    """A scanned unit was taken back: count it down."""
    if reason == Reason.TRANSFER_OUT:
        transfers.add_to_line(connection, transfer_id, product_id, dispatched=-quantity)
    else:
        transfers.add_to_line(connection, transfer_id, product_id, received=-quantity)


def _moves(
    connection: sqlite3.Connection, found: Transfer, step: Step, lines: Mapping[str, Line],
    quantities: Mapping[str, int] | None, now_ms: int, actor: str | None, key: str | None, location: str,
    note: str | None,
) -> list[Move]:  # fmt: skip
    if step == "refused":
        # Refused goods stay in transit until the source takes them back.
        return []
    left = {product_id: line.dispatched - line.received for product_id, line in lines.items()}
    wanted = left if quantities is None or step != "received" else dict(quantities)
    target = Location.SHRINKAGE if step == "closed_short" else location
    moves = []
    for number, (product_id, quantity) in enumerate(wanted.items()):
        if quantity <= 0:
            continue
        product = catalogue.find_product(connection, product_id)
        if product is None:
            raise NotFound("product", f"there is no product {product_id[:60]!r}")
        draft = Draft(
            goods_of(product), quantity, transit(found.transfer_id), str(target), Reason.TRANSFER_IN, now_ms,
            None, actor, found.transfer_id, key=_row_key(key, number), note=note,
        )  # fmt: skip
        moves.append(Move(draft, product))
    return moves


def _check(connection: sqlite3.Connection, found: Transfer, step: Step) -> None:
    states, is_by_source = ALLOWED[step]
    here = identity.get(connection).site_id
    if here != (found.from_site if is_by_source else found.to_site):
        raise Conflict("not_yours", f"only its {'source' if is_by_source else 'destination'} may do that")
    if found.state not in states:
        raise Conflict("transfer_state", f"expected a transfer that is {' or '.join(states)}, got {found.state}")


def _get(connection: sqlite3.Connection, transfer_id: str) -> Transfer:
    found = transfers.find(connection, transfer_id)
    if found is None:
        raise NotFound("transfer", f"there is no transfer {transfer_id[:60]!r}")
    return found


def _tell(
    connection: sqlite3.Connection, found: Transfer, step: Step, actor: str | None, now_ms: int, why: Why = NO_WORD
) -> int:
    body = facts.Transfer(
        occurred_at=now_ms, clock_offset=identity.clock_offset(connection), actor=actor,
        transfer_id=found.transfer_id, from_site=found.from_site, to_site=found.to_site, step=step,
        reason=why.reason, fault=why.fault,
    )  # fmt: skip
    return ledger.append(connection, [facts.fact(body)]).last


def _row_key(key: str | None, number: int) -> str | None:
    """The caller's key on the first record, numbered ones on the others: keys are unique per site."""
    return key if key is None or number == 0 else f"{key}/{number}"
