"""Sums that prove two sides' levels equal, and say where they are not.

Levels are put in buckets by the product id; a bucket's sum is the sum modulo 2**64 of one
hash per non-zero level, so its order does not matter and two sides that read their levels
in any order agree. The sums are compared as of one position; a bucket that differs is
drilled down to its products. Pure; SPEC.md, "Digest", is normative.
"""

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

from sync_protocol.errors import Malformed
from sync_protocol.limits import DIGEST_BUCKETS
from sync_protocol.messages import BucketLevels

_SUM_BYTES = 8
_MODULUS = 2 ** (8 * _SUM_BYTES)
_SUMS = Struct(f">{DIGEST_BUCKETS}Q")
DIGEST_BYTES = DIGEST_BUCKETS * _SUM_BYTES

Level = tuple[str, str, int]
"""(product_id, location, quantity)"""
Place = tuple[str, str]
"""(product_id, location)"""


def bucket_of(product_id: str) -> int:
    """The bucket of a product, 0 to DIGEST_BUCKETS - 1, the same for ever."""
    return sha256(product_id.encode()).digest()[0]


def bucket_sums(levels: Iterable[Level]) -> bytes:
    """The sums over (product_id, location, quantity); virtual locations count, zero levels do not."""
    sums: dict[str, int] = {}
    for product_id, location, quantity in levels:
        if quantity:
            text = f"{product_id}|{location}|{quantity}".encode()
            own = int.from_bytes(sha256(text).digest()[:_SUM_BYTES], "big")
            sums[product_id] = sums.get(product_id, 0) + own
    buckets = [0] * DIGEST_BUCKETS
    for product_id, total in sums.items():
        bucket = bucket_of(product_id)
        buckets[bucket] = (buckets[bucket] + total) % _MODULUS
    return _SUMS.pack(*buckets)


def differing(ours: bytes, theirs: bytes) -> list[int]:
    """The buckets whose sums differ. Raises Malformed unless both are whole digests."""
    for sums in (ours, theirs):
        if len(sums) != DIGEST_BYTES:
            raise Malformed(f"digest: expected {DIGEST_BYTES} bytes, got {len(sums)}")
    if ours == theirs:
        return []
    return [number for number in range(DIGEST_BUCKETS) if _sum(ours, number) != _sum(theirs, number)]


def _sum(sums: bytes, number: int) -> bytes:
    return sums[number * _SUM_BYTES : (number + 1) * _SUM_BYTES]


def compare(ours: Iterable[Level], told: BucketLevels) -> dict[Place, tuple[int, int]]:
    """Where the two sides differ in what a drill-down covers: (product, location) -> (ours, told)."""
    buckets = {bucket_of(row[0]) for row in told.levels} if told.buckets is None else set(told.buckets)
    there = {(product, place): quantity for product, place, quantity in told.levels if quantity}
    here = {
        (product, place): quantity
        for product, place, quantity in ours
        if quantity
        and (told.after is None or product > told.after)
        and (told.until is None or product <= told.until)
        and bucket_of(product) in buckets
    }
    places = sorted({*here, *there})
    return {at: (here.get(at, 0), there.get(at, 0)) for at in places if here.get(at, 0) != there.get(at, 0)}
