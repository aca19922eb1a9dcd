"""What a successor's snapshot carries besides reference data: levels, lots, keys, former records.

Lines of a `successor` manifest's chunks are canonical records: those of changes.py and
these four. Levels are as of the predecessor's last position and include the virtual
locations; lots are what they consist of in the site's own places, where any is known; keys
are all that were ever used at the site; former records are what the predecessor had sent
above the safe mark, so that a restored hub can be told again.
"""

from collections.abc import Iterable, Iterator

from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.limits import TEXT_CHARS_MAX
from sync_protocol.lots import Lot
from sync_protocol.records import Fact, encode

LEVEL = "level"
LOT = "lot"
KEY = "key"
FORMER = "former"

_PART_BYTES = 7_000
"""As hex, with the names around it, below RECORD_BYTES_MAX."""

Level = tuple[str, str, int]
"""(product_id, location, quantity)"""
LotHeld = tuple[str, str, Lot, int]
"""(product_id, location, lot, quantity)"""
UsedKey = tuple[str, bytes]
"""(key, hash of the request's body)"""
Former = tuple[str, int, bytes, bytes]
"""(origin_id, sequence, encoded record, chain hash)"""


def level(product_id: str, location: str, quantity: int) -> Fact:
    """One level, zero ones left out."""
    return Fact(LEVEL, {"product_id": product_id, "location": location, "quantity": quantity})


def lot(product_id: str, location: str, lot: Lot, quantity: int) -> Fact:
    """What a place holds of one lot; empty words: what nobody can name of a product of which lots are known."""
    body = {"product_id": product_id, "location": location, "lot": lot.lot, "expiry": lot.expiry, "quantity": quantity}
    return Fact(LOT, body)


def used_key(key: str, body_hash: bytes) -> Fact:
    """One idempotency key."""
    return Fact(KEY, {"key": key, "body_hash": body_hash.hex()})


def former(origin_id: str, sequence: int, encoded: bytes, chain_hash: bytes) -> list[Fact]:
    """One record of the predecessor, as it was stored: as text, or in parts when that is no text or too long."""
    body = {"origin_id": origin_id, "sequence": sequence, "hash": chain_hash.hex()}
    try:
        whole = Fact(FORMER, body | {"encoded": encoded.decode()})
        encode(whole)
        return [whole]
    except (UnicodeDecodeError, TooLarge):
        parts = [encoded[at : at + _PART_BYTES].hex() for at in range(0, len(encoded), _PART_BYTES)]
        return [Fact(FORMER, body | {"part": part, "left": len(parts) - i - 1}) for i, part in enumerate(parts)]


def parse_level(record: Fact) -> Level:
    """Raises Malformed."""
    body = record.body
    found = (body.get("product_id"), body.get("location"), body.get("quantity"))
    if type(found[0]) is not str or type(found[1]) is not str or type(found[2]) is not int:
        raise Malformed(f"level: expected product, location and quantity, got {str(body)[:80]}")
    return found[0], found[1], found[2]


def parse_lot(record: Fact) -> LotHeld:
    """Raises Malformed."""
    product_id, location, quantity = parse_level(record)
    name, expiry = record.body.get("lot"), record.body.get("expiry")
    if type(name) is not str or type(expiry) is not str or len(name) + len(expiry) > TEXT_CHARS_MAX:
        raise Malformed(f"lot: expected a lot and its last good day, got {str(record.body)[:80]}")
    return product_id, location, Lot(name, expiry), quantity


def parse_used_key(record: Fact) -> UsedKey:
    """Raises Malformed."""
    try:
        return str(record.body["key"]), bytes.fromhex(record.body["body_hash"])
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"key: expected a key and a hash, got {str(record.body)[:80]}") from error


def parse_formers(records: Iterable[Fact]) -> Iterator[Former]:
    """The predecessor's records; parts of one follow each other. Raises Malformed."""
    parts: list[str] = []
    for record in records:
        body = record.body
        try:
            origin_id, sequence, chain_hash = str(body["origin_id"]), int(body["sequence"]), bytes.fromhex(body["hash"])
            if "encoded" in body:
                yield origin_id, sequence, str(body["encoded"]).encode(), chain_hash
                continue
            parts.append(str(body["part"]))
            if body["left"] == 0:
                yield origin_id, sequence, bytes.fromhex("".join(parts)), chain_hash
                parts = []
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed(f"former: expected a record with its position, got {str(body)[:80]}") from error
    if parts:
        raise Malformed("former: expected more parts of the last record")
