"""What one accepted stretch of an origin's records means for the hub's tables, purely.

`plan` never argues with the shelf: every movement is written and folded; what is odd is
written *and* listed in `oddities`; what cannot be read is listed in `quarantined`. The
service writes a Plan in the transaction that moves the mark. Rows are tuples in the order
of MOVEMENT_COLUMNS, made for COPY: this is the hot path of the hub.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sync_protocol.batch import UNREADABLE
from sync_protocol.chain import movement_id
from sync_protocol.errors import Malformed
from sync_protocol.facts import FACTS, AnyFact, parse_fact
from sync_protocol.receiver import Accepted
from sync_protocol.records import Fact, Item, Movement, Unknown

MOVEMENT_COLUMNS = (
    "site_id", "origin_id", "sequence", "recorded_at", "movement_id", "occurred_at",
    "corrected_at", "item_ref", "product_id", "quantity", "from_location", "to_location",
    "reason", "document", "lot", "expiry", "actor", "key", "command_id", "adopted", "note",
)  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_9999_MS = 253_402_300_799_000


class KnownItem(NamedTuple):
    """An item definition of this origin, with the id in the form that the driver wants."""

    product_id: UUID
    item: Item
    is_placeholder: bool = False


class Oddity(NamedTuple):
    """Something stored as it came that a person should look at."""

    sequence: int
    kind: str
    detail: str


class StoredFact(NamedTuple):
    """A fact with its place; `body` is None when it does not fit its kind."""

    sequence: int
    fact: Fact
    body: AnyFact | None


class Unread(NamedTuple):
    """A record that this version cannot read, as it came: a later one will try."""

    sequence: int
    encoded: bytes
    chain_hash: bytes


class KeyUse(NamedTuple):
    """A caller's idempotency key and the position it was used at; where the hub has answered it, what to what."""

    key: str
    sequence: int
    body_hash: bytes | None = None
    answer: dict[str, Any] | None = None


class CommandDone(NamedTuple):
    """A movement that carries the id of the command that made it."""

    command_id: str
    sequence: int


@dataclass(slots=True)
class Plan:
    """Everything that one transaction writes besides the mark."""

    mark: int
    mark_hash: bytes
    movements: list[tuple[Any, ...]] = field(default_factory=list)
    items: dict[int, KnownItem] = field(default_factory=dict)
    levels: dict[tuple[UUID, str], int] = field(default_factory=lambda: defaultdict(int))
    facts: list[StoredFact] = field(default_factory=list)
    unknown: list[Unread] = field(default_factory=list)
    quarantined: list[Unread] = field(default_factory=list)
    keys: list[KeyUse] = field(default_factory=list)
    commands: list[CommandDone] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)


def plan(
    accepted: Accepted, *, site_id: UUID, origin_id: UUID, items: Mapping[int, KnownItem], recorded_at: datetime
) -> Plan:
    """Sort an accepted stretch into rows. `items` are this origin's definitions so far (unchanged)."""
    made = Plan(accepted.mark, accepted.hashes[-1])
    head = (site_id, origin_id)
    sequence = accepted.first
    for (encoded, record), chain_hash in zip(accepted.rows, accepted.hashes, strict=True):
        if type(record) is Movement:
            known = made.items.get(record.item) or items.get(record.item)
            if known is None:
                known = _placeholder(made, origin_id, record.item, sequence)
            _add_movement(made, head, sequence, recorded_at, record, known.product_id, chain_hash)
        elif type(record) is Item:
            _add_item(made, items, record, origin_id, sequence)
        elif type(record) is Fact:
            if record.kind in FACTS:
                _add_fact(made, record, sequence)
            else:
                made.unknown.append(Unread(sequence, encoded, chain_hash))
        elif type(record) is Unknown:
            target = made.quarantined if record.kind == UNREADABLE else made.unknown
            target.append(Unread(sequence, encoded, chain_hash))
        sequence += 1
    return made


def _add_movement(
    made: Plan, head: tuple[UUID, UUID], sequence: int, recorded_at: datetime,
    record: Movement, product_id: UUID, chain_hash: bytes,
) -> None:  # fmt: skip
    (_, quantity, source, target, reason, occurred, offset, actor, document, lot, expiry, key, command, *rest) = record
    occurred_at = corrected_at = at(occurred)
    if offset:
        corrected_at = at(occurred + offset)
    made.movements.append(
        (
            *head, sequence, recorded_at, movement_id(chain_hash), occurred_at, corrected_at,
            record.item, product_id, quantity, source, target, reason, document, lot,
            _day(made, sequence, expiry) if expiry else None, actor, key, command, *rest,
        )
    )  # fmt: skip
    levels = made.levels
    levels[product_id, source] -= quantity
    levels[product_id, target] += quantity
    if key is not None:
        made.keys.append(KeyUse(key, sequence))
    if command is not None:
        made.commands.append(CommandDone(command, sequence))


def _add_item(made: Plan, items: Mapping[int, KnownItem], item: Item, origin_id: UUID, sequence: int) -> None:
    if item.ref in made.items or item.ref in items:
        made.oddities.append(Oddity(sequence, "item_redefined", f"item {item.ref} was defined before"))
        return
    made.items[item.ref] = known = known_item(origin_id, item)
    if known.is_placeholder:
        made.oddities.append(Oddity(sequence, "bad_product_id", f"item {item.ref}: {item.product_id[:60]!r}"))


def known_item(origin_id: UUID, item: Item) -> KnownItem:
    """An item with its product's id; one whose id cannot be read stands for a product made for it."""
    try:
        return KnownItem(UUID(item.product_id), item)
    except ValueError:
        return KnownItem(placeholder_id(origin_id, item.ref), item, is_placeholder=True)


def _placeholder(made: Plan, origin_id: UUID, ref: int, sequence: int) -> KnownItem:
    """A movement whose item cannot be known still moves stock: of a product made for it."""
    made.oddities.append(Oddity(sequence, "unknown_item", f"item {ref} was never defined"))
    product_id = placeholder_id(origin_id, ref)
    known = KnownItem(product_id, Item(ref, str(product_id)))
    made.items[ref] = known
    return known


def placeholder_id(origin_id: UUID, ref: int) -> UUID:
    """The product that stands for an item whose definition cannot be read."""
    return uuid5(origin_id, f"item:{ref}")


def _add_fact(made: Plan, fact: Fact, sequence: int) -> None:
    body = None
    try:
        body = parse_fact(fact)
    except Malformed as error:
        made.oddities.append(Oddity(sequence, "malformed_fact", error.detail))
    made.facts.append(StoredFact(sequence, fact, body))


def at(ms: int) -> datetime:
    """A moment from milliseconds of UTC; a clock beyond what a database can hold is clamped."""
    if not 0 <= ms <= _YEAR_9999_MS:
        ms = 0 if ms < 0 else _YEAR_9999_MS
    return _EPOCH + timedelta(0, 0, 0, ms)  # two for each movement; by its name, milliseconds take half as long again


def _day(made: Plan, sequence: int, text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        made.oddities.append(Oddity(sequence, "bad_expiry", f"expected YYYY-MM-DD, got {text[:20]!r}"))
        return None
