"""Records made fit for a database, without changing what they mean.

A text with NUL cannot be stored by PostgreSQL: NUL becomes U+FFFD. A movement beyond what
any shelf holds, or with a location longer than a key may be, is no movement of this
protocol (limits.py): its bytes go to quarantine and the mark moves on. Pure; most
stretches pass with one look per row.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sync_protocol.batch import UNREADABLE
from sync_protocol.columns import Row
from sync_protocol.limits import KEY_CHARS_MAX, QUANTITY_MAX, TEXT_CHARS_MAX
from sync_protocol.receiver import Accepted
from sync_protocol.records import Decoded, Fact, Movement, Unknown

_NUL = b"\\u0000"


def storable(accepted: Accepted) -> Accepted:
    """The same stretch; rows that cannot be stored stand as unreadable."""
    odd = [index for index, row in enumerate(accepted.rows) if _is_odd(row)]
    if not odd:
        return accepted
    rows = list(accepted.rows)
    for index in odd:
        encoded, record = rows[index]
        rows[index] = encoded, _fit(encoded, record)
    return refuse(replace(accepted, rows=rows), ())


def refuse(accepted: Accepted, bad: Sequence[int]) -> Accepted:
    """The same stretch with the rows at these indexes unreadable; `rejected` lists all such positions."""
    rows = list(accepted.rows)
    for index in bad:
        encoded = rows[index][0]
        rows[index] = encoded, Unknown(UNREADABLE, encoded)
    rejected = [accepted.first + i for i, (_, record) in enumerate(rows) if _is_unreadable(record)]
    return Accepted(accepted.first, rows, accepted.hashes, rejected)


def _is_odd(row: Row) -> bool:
    encoded, record = row
    if _NUL in encoded:
        return True
    if type(record) is not Movement:
        return False
    if record.quantity > QUANTITY_MAX or len(encoded) > TEXT_CHARS_MAX:
        return True
    return record.key is not None and len(record.key) > KEY_CHARS_MAX


def _fit(encoded: bytes, record: Decoded) -> Decoded:
    if type(record) is Unknown:
        return record
    if type(record) is Fact:
        return Fact(str(_without_nul(record.kind)), _without_nul(record.body))
    if type(record) is Movement and not _is_within_limits(record):
        return Unknown(UNREADABLE, encoded)
    return type(record)(*(_without_nul(value) for value in record))


def _is_within_limits(record: Movement) -> bool:
    places = max(len(record.from_location), len(record.to_location))
    return record.quantity <= QUANTITY_MAX and places <= TEXT_CHARS_MAX and len(record.key or "") <= KEY_CHARS_MAX


def _without_nul(value: Any) -> Any:
    if type(value) is str:
        return value.replace("\0", "\ufffd")
    if type(value) is list:
        return [_without_nul(each) for each in value]
    if type(value) is dict:
        return {_without_nul(key): _without_nul(each) for key, each in value.items()}
    return value


def _is_unreadable(record: object) -> bool:
    return type(record) is Unknown and record.kind == UNREADABLE
