"""Builders for scanner tests: frames, scans, and how many fuzz inputs this run affords."""

import os

from scanner_drivers import RawScan, Scan, StoreProfile, decode
from scanner_drivers.scan import Reason

FUZZ_INPUTS = int(os.environ.get("FUZZ_INPUTS", "1500"))
"""Inputs per fuzz target; `make soak` raises it."""

GTIN_13 = "4006381333931"
GTIN = "04006381333931"
GS = "\x1d"
PLAIN = StoreProfile()


def frame(data: str | bytes, reason: Reason = "suffix") -> RawScan:
    raw = data.encode() if isinstance(data, str) else data
    return RawScan(raw=raw, device="till-1", session=1, sequence=1, received_ns=7, reason=reason)


def read(data: str | bytes, profile: StoreProfile = PLAIN, reason: Reason = "suffix") -> Scan:
    return decode(frame(data, reason), profile)


def identity(scan: Scan) -> dict[str, object]:
    """What the scan claims; empty when it names nothing and says nothing."""
    names = ("gtin", "sku", "lot", "expiry", "serial", "quantity", "weight_unit", "price_minor")
    return {name: getattr(scan, name) for name in names if getattr(scan, name) is not None}
