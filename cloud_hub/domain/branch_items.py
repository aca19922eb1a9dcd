"""Which item a movement on a branch refers to: the chain tells, not the number alone.

Two boxes of one identity may have given one ref to different products, and a tail may go on
from a record of an earlier branch. Records are followed along their own chain; where that
leaves the branches, the origin's ledger has the definitions.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import orjson

from sync_protocol import chain
from sync_protocol.errors import ProtocolError
from sync_protocol.records import Decoded, Item, decode


def items_in_force(
    records: Iterable[tuple[int, bytes, bytes]], known: Mapping[int, Item]
) -> dict[bytes, Mapping[int, Item]]:
    """By chain hash the items of each (position, encoded, chain hash) of an origin's branches, given by position."""
    found: dict[bytes, Mapping[int, Item]] = {}
    ends: dict[int, list[bytes]] = defaultdict(list)
    for position, encoded, chain_hash in records:
        before = next((end for end in ends[position - 1] if chain.extend(end, encoded) == chain_hash), None)
        items = known if before is None else found[before]
        record = read(encoded)
        found[chain_hash] = {**items, record.ref: record} if isinstance(record, Item) else items
        ends[position].append(chain_hash)
    return found


def read(encoded: bytes) -> Decoded | None:
    """A record of a branch; None for what is none."""
    try:
        return decode(encoded)
    except (ProtocolError, orjson.JSONDecodeError):
        return None
