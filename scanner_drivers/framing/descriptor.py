"""Where in a HID POS report the scan stands, read from the device's own report descriptor.

Vendors put the same fields at different places, with or without report id, byte count and AIM
identifier, so no offset is known beforehand (USB HID 1.11, section 6.2.2; HID POS Usage Tables
1.02, page 0x8C). Any bytes are accepted; without a place for decoded data it is BadConfig.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from scanner_drivers.errors import BadConfig

SCANNER_PAGE = 0x8C
DESCRIPTOR_BYTES_MAX = 4_096
_SCANNER = (SCANNER_PAGE, 0x02)
_SYMBOLOGY = tuple((SCANNER_PAGE, usage) for usage in (0xFB, 0xFC, 0xFD))
_DATA, _CONTINUED = (SCANNER_PAGE, 0xFE), (SCANNER_PAGE, 0xFF)
_BYTE_COUNT = (0x01, 0x3B)

_MAIN, _GLOBAL, _LOCAL = 0, 1, 2
_INPUT, _COLLECTION = 8, 10
_USAGE_PAGE, _REPORT_SIZE, _REPORT_ID, _REPORT_COUNT, _PUSH, _POP = 0, 7, 8, 9, 10, 11
_USAGE, _USAGE_MINIMUM, _USAGE_MAXIMUM = 0, 1, 2
_CONSTANT = 0x01
_FIELDS_MAX = 65_536
_REPORT_ID_MAX = 255

Usage = tuple[int, int]


class Field(NamedTuple):
    """One element of an input report; `bit` counts from the report's first byte, its id included."""

    report_id: int
    usage: Usage | None
    bit: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLayout:
    """One input report with a scan; all places are bytes."""

    report_id: int
    """0: this device's reports have no id."""
    size: int
    data: slice
    symbology: slice | None
    count: int | None
    """Where the number of data bytes stands; without it the data is padded with NUL."""
    continued: tuple[int, int] | None
    """Byte and mask of the mark that more reports of this scan follow."""


def report_layout(descriptor: bytes) -> ReportLayout:
    """The layout of the report with decoded data. Raises BadConfig."""
    reports: dict[int, list[Field]] = {}
    for field in _input_fields(descriptor[:DESCRIPTOR_BYTES_MAX]):
        reports.setdefault(field.report_id, []).append(field)
    for report_id, fields in reports.items():
        if report_id > _REPORT_ID_MAX:
            continue
        data = [field for field in fields if field.usage == _DATA and field.size == 8]
        if data and data[0].bit % 8 == 0 and data[-1].bit - data[0].bit == 8 * (len(data) - 1):
            return _layout(report_id, fields, data)
    raise BadConfig("no decoded data in this device's reports: is it a scanner, and in HID POS mode?")


def is_scanner(descriptor: bytes) -> bool:
    """Whether this is a HID POS scanner at all."""
    return any(
        kind == _MAIN and tag == _COLLECTION and _SCANNER in usages
        for kind, tag, _, usages, _ in _items(descriptor[:DESCRIPTOR_BYTES_MAX])
    )


def _layout(report_id: int, fields: list[Field], data: list[Field]) -> ReportLayout:
    first = data[0].bit // 8
    symbology = [field for field in fields if field.usage in _SYMBOLOGY and field.size == 8 and field.bit % 8 == 0]
    continued = next((field for field in fields if field.usage == _CONTINUED), None)
    return ReportLayout(
        report_id=report_id,
        size=(max(field.bit + field.size for field in fields) + 7) // 8,
        data=slice(first, first + len(data)),
        symbology=slice(symbology[0].bit // 8, symbology[0].bit // 8 + 3) if len(symbology) == 3 else None,
        count=_count_of(fields, data[0].bit),
        continued=None if continued is None else (continued.bit // 8, 1 << continued.bit % 8),
    )


def _count_of(fields: list[Field], before: int) -> int | None:
    """The Byte Count; some vendors give it a usage of their own, then it is the one odd byte before the data."""
    counts = [field for field in fields if field.usage == _BYTE_COUNT]
    odd = [field for field in fields if field.bit < before and field.usage and field.usage not in _SYMBOLOGY]
    for field in counts or (odd if len(odd) == 1 else []):
        if field.size == 8 and field.bit % 8 == 0:
            return field.bit // 8
    return None


def _input_fields(descriptor: bytes) -> Iterator[Field]:
    at: dict[int, int] = {}
    made = 0
    for kind, tag, value, usages, state in _items(descriptor):
        if kind != _MAIN or tag != _INPUT:
            continue
        report_id, size = state.get(_REPORT_ID, 0), state.get(_REPORT_SIZE, 0)
        bit = at.get(report_id, 8 if report_id else 0)
        for index in range(min(state.get(_REPORT_COUNT, 0), _FIELDS_MAX - made)):
            usage = usages[min(index, len(usages) - 1)] if usages and not value & _CONSTANT else None
            yield Field(report_id, usage, bit, size)
            bit += size
            made += 1
        at[report_id] = bit


def _items(descriptor: bytes) -> Iterator[tuple[int, int, int, list[Usage], dict[int, int]]]:
    """Kind, tag and value of each item, the usages named before it, and the global state at it."""
    state: dict[int, int] = {}
    stack: list[dict[int, int]] = []
    usages: list[Usage] = []
    minimum = 0
    index = 0
    while index < len(descriptor):
        prefix = descriptor[index]
        size = (0, 1, 2, 4)[prefix & 3]
        kind, tag = prefix >> 2 & 3, prefix >> 4
        value = int.from_bytes(descriptor[index + 1 : index + 1 + size], "little")
        index += 1 + size
        if prefix == 0xFE:  # a long item: its length stands in the next byte
            index += value & 0xFF
            continue
        yield kind, tag, value, usages, state
        if kind == _MAIN:
            usages = []
        elif kind == _GLOBAL and tag == _PUSH:
            stack = [*stack[-15:], dict(state)]
        elif kind == _GLOBAL and tag == _POP:
            state = stack.pop() if stack else state
        elif kind == _GLOBAL:
            state = {**state, tag: value}
        elif kind == _LOCAL and tag in (_USAGE, _USAGE_MINIMUM, _USAGE_MAXIMUM):
            usage = (value >> 16, value & 0xFFFF) if size == 4 else (state.get(_USAGE_PAGE, 0), value)
            if tag == _USAGE_MINIMUM:
                minimum = usage[1]
            elif tag == _USAGE_MAXIMUM:
                usages += [(usage[0], number) for number in range(minimum, min(usage[1], minimum + 255) + 1)]
            else:
                usages.append(usage)
