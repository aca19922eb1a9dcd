"""From what a device or a person sent to a Scan, by this store's rules for codes.

The rules (in-store codes, separators) come down with the policy's settings; a broken rule
does not stop the shop: the plain profile is used until head office mends it.
"""

import sqlite3
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson
import structlog

from edge_agent.storage import catalogue
from scanner_drivers.decode import StoreProfile, decode
from scanner_drivers.errors import BadConfig
from scanner_drivers.scan import RawScan, Scan

log = structlog.get_logger(__name__)

CODE_BYTES_MAX = 1_024
DEFAULT_RULES = tuple(f"{prefix}:PPPPPCVVVV/price/2" for prefix in ("02", *range(20, 30)))
"""Where head office has set none: five digits of the article, a price with its check digit (GenSpecs 7.9.3)."""
_SETTINGS = ("instore_rules", "eight_digits", "gs_substitutes", "gs_trusted", "code_page", "currency", "minor_digits")
_YEAR_MS = 31_556_952_000


def read(connection: sqlite3.Connection, raw: RawScan, now_ms: int) -> Scan:
    """What the frame means in this store."""
    year = 1970 + max(0, now_ms) // _YEAR_MS
    profile = _profile(catalogue.get_policy(connection).settings, max(2020, min(year, 2120)))
    scan = decode(raw, profile)
    if "instore_unknown" in scan.flags and not profile.instore_rules:
        return _by_default(connection, raw, scan, _with_default_rules(profile))
    return scan


def raw_of(code: bytes, device: str, now_ms: int) -> RawScan:
    """A code that came by the API, as if a scanner had sent it whole."""
    return RawScan(raw=code, device=device, session=0, sequence=0, received_ns=now_ms * 1_000_000)


def _by_default(connection: sqlite3.Connection, raw: RawScan, scan: Scan, profile: StoreProfile) -> Scan:
    """A price is taken from an in-store code that no rule is for only where its own check digit is right, and the
    article is known by the number without the price, and the printed number is no article itself."""
    if scan.gtin is not None and catalogue.find_by_code(connection, scan.gtin) is not None:
        return scan
    priced = decode(raw, profile)
    is_known = priced.gtin is not None and catalogue.find_by_code(connection, priced.gtin) is not None
    return priced if is_known and priced.price_minor is not None else scan


@lru_cache(maxsize=4)
def _with_default_rules(profile: StoreProfile) -> StoreProfile:
    return replace(profile, instore_rules=DEFAULT_RULES)


@lru_cache(maxsize=4)
def _profile(settings: str, year: int) -> StoreProfile:
    found: Any = {} if settings == "{}" else orjson.loads(settings).get("scanner", {})
    wanted = {name: found[name] for name in _SETTINGS if name in found} if isinstance(found, dict) else {}
    if "instore_rules" in wanted:
        wanted["instore_rules"] = tuple(wanted["instore_rules"])
    try:
        return StoreProfile(**wanted, year=year)
    except (BadConfig, TypeError, ValueError) as error:
        log.error("scanner rules of the policy cannot be used", detail=str(error))
        return StoreProfile(year=year)
