"""The hash chain over an origin's records, and the ids that follow from it.

`hash(0)` depends on the site and the origin, `hash(n) = SHA-256(hash(n-1) + record n)`,
so a hash at a position proves every record up to it and their order. A movement's public
id is a name-based UUID (RFC 9562 version 8 over SHA-256) of the hash at its position: it
costs nothing on the wire, and two facts never share one, even when a restored box uses a
sequence again.
"""

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID


def genesis(site_id: str, origin_id: str) -> bytes:
    """The hash at position 0 of an origin."""
    return sha256(f"backstock/v1/{site_id}/{origin_id}".encode()).digest()


def extend(previous: bytes, encoded: bytes) -> bytes:
    """The hash after one more record."""
    return sha256(previous + encoded).digest()


def extend_each(previous: bytes, records: Iterable[bytes]) -> list[bytes]:
    """The hash at each of the following positions."""
    hashes = []
    for encoded in records:
        previous = sha256(previous + encoded).digest()
        hashes.append(previous)
    return hashes


_CLEAR = ~((0xF << 76) | (0x3 << 62))
_SET = (0x8 << 76) | (0x2 << 62)


def movement_id(chain_hash: bytes) -> UUID:
    """The public id of the record that this hash ends at."""
    return UUID(int=(int.from_bytes(chain_hash[:16], "big") & _CLEAR) | _SET)
