"""The two values of this package: what a scanner sent, and what it means.

`RawScan` is the truth: one frame, byte for byte, and where and when it came in.
`Scan` is a reading of it, made by the pure `decode`, and can be made again from the raw
bytes at any time. An unreadable frame still becomes a `Scan`: without an identity, with flags.
"""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["suffix", "etx", "packet", "gap", "unterminated", "overlong", "damaged"]
"""Why a frame ended: its terminator, its ETX, the device said so, a silence where a silence is the rule,
a silence where a terminator was due, the size limit (the rest was dropped), or whatever ended a frame of
which a part is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawScan:
    """One frame of one device; (device, session, sequence) is unique while the agent runs."""

    raw: bytes
    device: str
    session: int
    sequence: int
    received_ns: int
    reason: Reason = "suffix"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a frame means to a shop. Without `gtin` and `sku` it names nothing: see `flags`.

    `quantity` is in thousandths of `weight_unit` (of pieces when that is None);
    `expiry` is YYYY-MM-DD; `text` is safe to show: control characters are made visible.
    """

    raw: bytes
    aim: str | None
    symbology: str
    text: str
    gtin: str | None
    sku: str | None
    lot: str | None
    expiry: str | None
    serial: str | None
    quantity: int | None
    weight_unit: str | None
    price_minor: int | None
    flags: frozenset[str]
    device: str
    session: int
    sequence: int
    received_ns: int
