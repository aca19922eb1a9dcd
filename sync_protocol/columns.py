"""Rows of a batch as columns, so that a backlog costs a few bytes a movement.

A batch's records are grouped by kind; the positional kinds become one column per field
(a constant, deltas of integers, or indexes into the column's own list of values), all
others stay rows. The form is JSON, so it compresses well and anybody can read it.
What `pack` accepts, `unpack` gives back to the byte; records that are not canonical, or hold
anything but texts, integers and nulls in a column, it refuses: they travel as raw frames.

What is read here is signed but not believed: every length is compared with the batch's
count before anything is built from it, and columns are checked as a whole, not per row.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import accumulate, islice, repeat, zip_longest
from operator import eq, sub
from typing import Any, NamedTuple, TypeVar

import orjson

from sync_protocol.errors import Malformed
from sync_protocol.limits import BATCH_RECORDS_MAX, PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX
from sync_protocol.records import (
    ITEM,
    ITEM_TYPES,
    MOVEMENT,
    MOVEMENT_TYPES,
    WHOLE_MAX,
    Decoded,
    Item,
    Movement,
    from_row,
)

COLUMNS_MAX = 64
"""A later version's movements may have more fields than ours, but not any number."""

_WIDTHS = {MOVEMENT: len(Movement._fields), ITEM: len(Item._fields)}
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, RuntimeError)

_PLAIN = {str, int, type(None)}
_canonical = partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)

Row = tuple[bytes, Decoded]
_T = TypeVar("_T")


_Column = tuple[list[Any], list[Any]]
"""A column's value in each row, and the few values that a check has to look at."""


class _Packed(NamedTuple):
    runs: list[tuple[str, int]]
    tables: dict[str, list[_Column]]
    lengths: dict[str, int]
    others: list[Any]


def pack(encoded: list[bytes]) -> bytes:
    """Canonical records as one columnar JSON text, not yet compressed. Raises Malformed, ValueError or TypeError."""
    rows = orjson.loads(b"[" + b",".join(encoded) + b"]")
    if list(map(_canonical, rows)) != encoded:
        raise Malformed("batch: expected records in canonical bytes")
    runs: list[list[Any]] = []
    tables: dict[str, list[list[Any]]] = {}
    others = []
    for row in rows:
        kind = row[0] if 0 < len(row) <= _WIDTHS.get(row[0], 0) + 1 else ""
        if runs and runs[-1][0] == kind:
            runs[-1][1] += 1
        else:
            runs.append([kind, 1])
        if kind:
            if row[-1] is None:
                raise Malformed("batch: expected records without trailing nulls")
            tables.setdefault(kind, []).append(row)
        else:
            others.append(row)
    packed = {kind: _to_columns(rows) for kind, rows in tables.items()}
    return orjson.dumps([runs, packed, others])


def unpack(text: bytes, count: int) -> list[Row]:
    """Each record with its canonical bytes, in order. Raises Malformed; never trusts a length."""
    try:
        packed = _read(text, count)
        encoded = _texts_of(packed)
        rows = {kind: zip(encoded[kind], _records(kind, packed), strict=True) for kind in packed.tables}
        others = ((own, from_row(row, own)) for own, row in zip(encoded[""], packed.others, strict=True))
        return _in_order(packed, {**rows, "": others})
    except _UNREADABLE as error:
        raise Malformed(f"batch: columns cannot be read: {error}") from error


# --- to columns -----------------------------------------------------------------------


def _to_columns(rows: list[list[Any]]) -> list[Any]:
    # As many as the longest row has fields: it does not end in a null.
    return [_to_column(column) for column in islice(zip_longest(*rows), 1, None)]


def _to_column(values: tuple[Any, ...]) -> Any:
    types = set(map(type, values))
    if not types <= _PLAIN:
        # True equals 1 and 1.0 does too: as equal values they would become one word.
        raise Malformed("batch: expected texts, integers and nulls in a column")
    if values.count(values[0]) == len(values):
        return values[0]
    if types == {int}:
        return ["+", values[0], *map(sub, values[1:], values)]
    index = {word: number for number, word in enumerate(dict.fromkeys(values))}
    return ["#", list(index), list(map(index.__getitem__, values))]


# --- from columns ---------------------------------------------------------------------


def _read(text: bytes, count: int) -> _Packed:
    """The packed form with every length checked, before a row is made."""
    runs, tables, others = orjson.loads(text)
    lengths = dict.fromkeys((MOVEMENT, ITEM, ""), 0)
    for kind, length in runs:
        if type(length) is not int or not 0 < length <= count <= BATCH_RECORDS_MAX:
            raise Malformed(f"batch: expected runs of 1 to {count} records, got {str(length)[:20]}")
        lengths[kind] += length
    if sum(lengths.values()) != count or lengths[""] != len(others) or type(others) is not list:
        raise Malformed(f"batch: expected {count} records, its runs and rows hold others")
    if any(kind not in _WIDTHS or not lengths[kind] for kind in tables):
        raise Malformed("batch: columns of an unknown kind, or without rows")
    read = {kind: _from_columns(columns, lengths[kind], len(text)) for kind, columns in tables.items()}
    return _Packed(runs, read, lengths, others)


def _from_columns(columns: list[Any], length: int, size: int) -> list[_Column]:
    if type(columns) is not list or not 0 < len(columns) <= COLUMNS_MAX:
        raise Malformed(f"batch: expected 1 to {COLUMNS_MAX} columns")
    read = [_from_column(column, length) for column in columns]
    # Each word stands in the text, so the longest ones together are no longer than its `size`.
    if size * length > PAYLOAD_BYTES_MAX and sum(map(_longest, read)) * length > PAYLOAD_BYTES_MAX:
        raise Malformed("batch: its words repeat to more than a payload may hold")
    return read


def _longest(column: _Column) -> int:
    return max((len(word) for word in column[1] if type(word) is str), default=0)


def _from_column(column: Any, length: int) -> _Column:
    if type(column) is not list:
        return [_scalar(column)] * length, [column]
    form, values = column[0], column[1:] if column[0] == "+" else column[2]
    if len(values) != length or set(map(type, values)) != {int}:
        raise Malformed(f"batch: expected a column of {length} integers")
    if form == "+":
        totals = list(accumulate(values))
        return totals, [min(totals), max(totals)]
    if form != "#" or min(values) < 0:
        raise Malformed(f"batch: expected a column of words, got form {str(form)[:10]!r}")
    words = [_scalar(word) for word in column[1]]
    return list(map(words.__getitem__, values)), words


def _scalar(value: Any) -> Any:
    if type(value) is str and len(value) > RECORD_BYTES_MAX:
        raise Malformed(f"batch: expected words of at most {RECORD_BYTES_MAX} characters, got {len(value)}")
    if value is not None and type(value) not in (str, int, bool):
        raise Malformed(f"batch: expected a text, an integer or null in a column, got {type(value).__name__}")
    return value


def _texts_of(packed: _Packed) -> dict[str, list[bytes]]:
    encoded = {kind: _encode_rows(kind, columns) for kind, columns in packed.tables.items()}
    encoded[""] = list(map(_canonical, packed.others))
    if any(len(own) > RECORD_BYTES_MAX for own in encoded[""]):
        raise Malformed(f"batch: expected records of at most {RECORD_BYTES_MAX} bytes")
    return encoded


def _encode_rows(kind: str, columns: list[_Column]) -> list[bytes]:
    encoded = map(orjson.dumps, zip(repeat(kind), *[values for values, _ in columns]))
    if None not in columns[-1][1]:
        return list(encoded)
    # A scalar before the trailing nulls ends in a digit, a quote or an e: none of these letters.
    return [text.rstrip(b",nul]") + b"]" for text in encoded]


def _records(kind: str, packed: _Packed) -> Iterable[Decoded]:
    """All rows of a positional kind at once; the same rules as parse_movement and parse_item."""
    if kind == MOVEMENT:
        columns = _checked(packed.tables[kind], MOVEMENT_TYPES, Movement._field_defaults, 6)
        _check_movements(columns)
        return map(partial(tuple.__new__, Movement), zip(*[values for values, _ in columns], strict=True))
    columns = _checked(packed.tables[kind], ITEM_TYPES, Item._field_defaults, 2)
    return map(partial(tuple.__new__, Item), zip(*[values for values, _ in columns], strict=True))


def _checked(
    columns: list[_Column], types: tuple[tuple[type, ...], ...], defaults: dict[str, Any], least: int
) -> list[_Column]:
    if len(columns) < least:
        raise Malformed(f"batch: expected at least {least} columns, got {len(columns)}")
    for (_, distinct), allowed in zip(columns, types, strict=False):
        if not set(map(type, distinct)).issubset(allowed):
            raise Malformed(f"batch: expected a column of {allowed[0].__name__}")
        if int in allowed and any(value is not None and abs(value) >= WHOLE_MAX for value in distinct):
            raise Malformed("batch: expected 64-bit integers")
    length = len(columns[0][0])
    missing = list(defaults.values())[len(columns) - least :]
    return columns[: len(types)] + [([value] * length, [value]) for value in missing]


def _check_movements(columns: list[_Column]) -> None:
    _, (_, quantities), (sources, _), (targets, _) = columns[:4]
    if min(quantities) <= 0:
        raise Malformed("movement: expected positive quantities")
    if any(map(eq, sources, targets)):
        raise Malformed("movement: expected two locations")


def _in_order(packed: _Packed, sources: Mapping[str, Iterable[_T]]) -> list[_T]:
    iterators = {kind: iter(rows) for kind, rows in sources.items()}
    ordered: list[_T] = []
    for kind, length in packed.runs:
        ordered.extend(islice(iterators[kind], length))
    return ordered
