"""What travels: records, and the one canonical byte form that the hash chain runs over.

A record is a JSON array whose first element names its kind. The two kinds of the hot
path are positional: an `Item` freezes what a movement must never lose (product, code,
pack, price, cost) once per origin under a small number, and a `Movement` refers to it.
All others are `[kind, {body}]` (see facts.py for what stores say, changes.py for what
the hub says). A kind that this version does not know is an `Unknown` and keeps its bytes.

Canonical bytes are JSON with keys sorted by code point and no floats (SPEC.md, 2), trailing nulls cut
off; `encode` is the only maker of them, and stored bytes are never made again.
"""

import re
from operator import contains
from typing import Any, NamedTuple

import orjson

from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.limits import RECORD_BYTES_MAX


class Item(NamedTuple):
    """What the movements of one origin refer to by `ref`: facts as they were, frozen."""

    ref: int
    product_id: str
    code: str | None = None
    pack_quantity: int = 1000
    unit: str = "each"
    price: int | None = None
    cost: int | None = None
    currency: str | None = None


class Movement(NamedTuple):
    """A positive quantity of one item from one location to another. Immutable."""

    item: int
    quantity: int
    from_location: str
    to_location: str
    reason: str
    occurred_at: int
    clock_offset: int | None = None
    actor: str | None = None
    document: str | None = None
    lot: str | None = None
    expiry: str | None = None
    key: str | None = None
    command: str | None = None
    adopted: str | None = None
    note: str | None = None


class Fact(NamedTuple):
    """Any other record: a kind and a JSON object."""

    kind: str
    body: dict[str, Any]


class Unknown(NamedTuple):
    """A record of a kind from a later version; its bytes are kept and read after an upgrade."""

    kind: str
    encoded: bytes


ITEM = "i"
MOVEMENT = "m"

Record = Item | Movement | Fact
Decoded = Item | Movement | Fact | Unknown

_SORTED = orjson.OPT_SORT_KEYS
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


def encode(record: Record) -> bytes:
    """The canonical bytes of a record. Raises Malformed for what no reader may accept, TooLarge."""
    try:
        encoded = _encode(record)
    except orjson.JSONEncodeError as error:
        raise Malformed(f"record: cannot be written as JSON: {error}") from error
    if len(encoded) > RECORD_BYTES_MAX:
        raise TooLarge(f"record: expected at most {RECORD_BYTES_MAX} bytes, got {len(encoded)}")
    return encoded


def _encode(record: Record) -> bytes:
    if isinstance(record, Movement):
        _check_movement(record)
        return encode_row(MOVEMENT, record)
    if isinstance(record, Item):
        _check(record, ITEM_TYPES, "item")
        return encode_row(ITEM, record)
    if record.kind in (MOVEMENT, ITEM) or not _KIND.fullmatch(record.kind):
        raise Malformed(f"record: expected a kind of lower-case letters, got {record.kind[:40]!r}")
    _refuse_floats(record.body)
    return orjson.dumps([record.kind, record.body], option=_SORTED)


def _refuse_floats(value: Any) -> None:
    """Two languages write one float in two ways; quantities and money are integers here."""
    if isinstance(value, float):
        raise Malformed(f"record: expected no floats, got {value!r}")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        if type(inner) not in _FLAT:
            _refuse_floats(inner)


_FLAT = frozenset((str, int, bool, type(None)))
"""What holds no float and is no container."""


def encode_row(kind: str, fields: tuple[Any, ...]) -> bytes:
    """Canonical bytes of a positional record: kind, fields, trailing nulls cut off."""
    row: list[Any] = [kind, *fields]
    while row[-1] is None:
        row.pop()
    return orjson.dumps(row)


def decode(encoded: bytes) -> Decoded:
    """The record in canonical bytes. Raises Malformed; later minor versions' extra fields are cut."""
    if len(encoded) > RECORD_BYTES_MAX:
        raise TooLarge(f"record: expected at most {RECORD_BYTES_MAX} bytes, got {len(encoded)}")
    try:
        row = orjson.loads(encoded)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"record: not JSON: {error}") from error
    return from_row(row, encoded)


def from_row(row: Any, encoded: bytes) -> Decoded:
    """A parsed JSON array as a record; `encoded` is what an Unknown keeps."""
    if type(row) is not list or not row or type(row[0]) is not str:
        raise Malformed("record: expected a JSON array that begins with its kind")
    kind = row[0]
    if kind == MOVEMENT:
        return parse_movement(row[1:])
    if kind == ITEM:
        return parse_item(row[1:])
    if not _KIND.fullmatch(kind):
        raise Malformed(f"record: expected a kind of lower-case letters, got {kind[:40]!r}")
    if len(row) == 2 and type(row[1]) is dict:
        return Fact(kind, row[1])
    return Unknown(kind, encoded)


def parse_movement(fields: list[Any]) -> Movement:
    """Positional fields as a Movement; types are checked, meaning is not (see DESIGN, "Poison")."""
    if not len(fields) >= 6:
        raise Malformed(f"movement: expected at least 6 fields, got {len(fields)}")
    movement = Movement(*fields[: len(Movement._fields)])
    _check_movement(movement)
    return movement


def _check_movement(movement: Movement) -> None:
    _check(movement, MOVEMENT_TYPES, "movement")
    if movement.quantity <= 0:
        raise Malformed(f"movement: expected a positive quantity, got {movement.quantity}")
    if movement.from_location == movement.to_location:
        raise Malformed(f"movement: expected two locations, got {movement.from_location!r} twice")


def parse_item(fields: list[Any]) -> Item:
    """Positional fields as an Item."""
    if not len(fields) >= 2:
        raise Malformed(f"item: expected at least 2 fields, got {len(fields)}")
    item = Item(*fields[: len(Item._fields)])
    _check(item, ITEM_TYPES, "item")
    return item


_TEXT = (str, type(None))
_WHOLE = (int, type(None))
MOVEMENT_TYPES: tuple[tuple[type, ...], ...] = (
    (int,), (int,), (str,), (str,), (str,), (int,), _WHOLE,
    _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT,
)  # fmt: skip
ITEM_TYPES: tuple[tuple[type, ...], ...] = (
    (int,), (str,), _TEXT, (int,), (str,), _WHOLE, _WHOLE, _TEXT,
)  # fmt: skip
WHOLE_MAX = 2**63


def _check(record: tuple[Any, ...], types: tuple[tuple[type, ...], ...], what: str) -> None:
    # Most records are right, and that is seen without a step of Python per field.
    if not all(map(contains, types, map(type, record))):
        value, allowed = next(pair for pair in zip(record, types, strict=True) if type(pair[0]) not in pair[1])
        raise Malformed(f"{what}: expected {allowed[0].__name__}, got {str(value)[:40]!r}")
    for value in record:
        if type(value) is int and not -WHOLE_MAX < value < WHOLE_MAX:
            raise Malformed(f"{what}: expected a 64-bit integer, got {str(value)[:40]}")
