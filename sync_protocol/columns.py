"""Rows of a batch as columns, so that a backlog costs a few bytes a movement.

A batch's records are grouped by kind; the positional kinds become one column per field
(a constant, deltas of integers, or indexes into the column's own list of values), all
others stay rows. The form is JSON, so it compresses well and anybody can read it.
`unpack(pack(rows)) == rows` for rows that this version fully understands; the sender
checks that before it trusts it (see batch.py) and sends raw frames otherwise.
"""

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

import orjson

from sync_protocol.errors import Malformed
from sync_protocol.limits import BATCH_RECORDS_MAX
from sync_protocol.records import (
    ITEM,
    MOVEMENT,
    Decoded,
    Fact,
    Item,
    Movement,
    Unknown,
    encode_row,
    parse_item,
    parse_movement,
)

_WIDTHS = {MOVEMENT: len(Movement._fields), ITEM: len(Item._fields)}
_PARSERS: dict[str, Callable[[list[Any]], Movement | Item]] = {
    MOVEMENT: parse_movement,
    ITEM: parse_item,
}

Row = tuple[bytes, Decoded]


def pack(encoded: list[bytes]) -> bytes:
    """Canonical records as one columnar JSON text, not yet compressed."""
    runs: list[list[Any]] = []
    tables: dict[str, list[list[Any]]] = {}
    others = []
    for text in encoded:
        row = orjson.loads(text)
        kind = row[0] if row[0] in _WIDTHS else ""
        if runs and runs[-1][0] == kind:
            runs[-1][1] += 1
        else:
            runs.append([kind, 1])
        if kind:
            row.extend([None] * (_WIDTHS[kind] + 1 - len(row)))
            tables.setdefault(kind, []).append(row)
        else:
            others.append(row)
    packed = {kind: _to_columns(rows) for kind, rows in tables.items()}
    return orjson.dumps([runs, packed, others])


def unpack(text: bytes, count: int) -> list[Row]:
    """Each record with its canonical bytes, in order. Raises Malformed; never trusts a length."""
    try:
        runs, packed, others = orjson.loads(text)
        total = sum(length for _, length in runs)
        if total != count or count > BATCH_RECORDS_MAX:
            raise Malformed(f"batch: expected {count} records, its runs hold {total}")
        lengths = {kind: sum(n for k, n in runs if k == kind) for kind in packed}
        sources = {kind: iter(_rows(kind, cols, lengths[kind])) for kind, cols in packed.items()}
        sources[""] = iter([_other(row) for row in others])
        return [next(sources[kind]) for kind, length in runs for _ in range(length)]
    except (ValueError, TypeError, KeyError, IndexError, RuntimeError, StopIteration) as error:
        raise Malformed(f"batch: columns cannot be read: {error}") from error


def _to_columns(rows: list[list[Any]]) -> list[Any]:
    columns = [_to_column(column) for column in list(zip(*rows, strict=True))[1:]]
    while columns and columns[-1] is None:
        columns.pop()
    return columns


def _to_column(values: tuple[Any, ...]) -> Any:
    distinct = set(values)
    if len(distinct) == 1:
        return None if values[0] is None else values[0]
    if all(type(value) is int for value in distinct):
        return ["+", values[0], *[after - before for before, after in pairwise(values)]]
    words = list(dict.fromkeys(values))
    index = {word: number for number, word in enumerate(words)}
    return ["#", words, [index[value] for value in values]]


def _from_column(column: Any, length: int) -> Any:
    if type(column) is not list:
        return (column,) * length
    if column[0] == "+":
        values = list(accumulate(column[1:]))
    elif column[0] == "#":
        words = column[1]
        values = [words[index] for index in column[2] if index >= 0]
    else:
        raise Malformed(f"batch: unknown column form {str(column[0])[:10]!r}")
    if len(values) != length:
        raise Malformed(f"batch: expected a column of {length}, got {len(values)}")
    return values


def _rows(kind: str, columns: list[Any], length: int) -> list[Row]:
    if kind not in _PARSERS or len(columns) > _WIDTHS[kind]:
        raise Malformed(f"batch: cannot read columns of kind {str(kind)[:10]!r}")
    parse = _PARSERS[kind]
    rows: list[Row] = []
    for fields in zip(*[_from_column(column, length) for column in columns], strict=True):
        rows.append((encode_row(kind, fields), parse(list(fields))))
    return rows


def _other(row: Any) -> Row:
    encoded = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    if len(row) == 2 and type(row[0]) is str and type(row[1]) is dict:
        return encoded, Fact(row[0], row[1])
    return encoded, Unknown(str(row[0]), encoded)
