"""What a successor tells a restored hub of its predecessor: the kept records, sealed again.

They are signed with this box's key, since the old one may be gone; what proves them is the
chain up to the hash in the take-over certificate. A box that was put back has kept its own
branch beside them: the chain, followed back from that hash, tells which is which.
"""

import sqlite3
from collections import defaultdict

import structlog

from edge_agent.storage import origins
from sync_protocol import batch, chain
from sync_protocol.messages import Former

log = structlog.get_logger(__name__)


def sealed_stretch(connection: sqlite3.Connection, wanted: Former, sign: batch.Sign) -> list[bytes]:
    """Batches of exactly the wanted records; none when not all of them were kept."""
    encoded = _stretch(connection, wanted)
    if not encoded:
        log.error("the predecessor's records are not here", origin=wanted.origin_id, after=wanted.position)
    sealed, first, previous = [], wanted.position + 1, bytes.fromhex(wanted.hash)
    while encoded:
        part = batch.fit(encoded)
        sealed.append(batch.seal(wanted.origin_id, first, previous, part, sign))
        previous = chain.extend_each(previous, part)[-1]
        first, encoded = first + len(part), encoded[len(part) :]
    return sealed


def _stretch(connection: sqlite3.Connection, wanted: Former) -> list[bytes]:
    """The records that lead from the one hash to the other, found from the end; empty when there is a hole."""
    kept: dict[int, dict[bytes, bytes]] = defaultdict(dict)
    for sequence, encoded, chain_hash in origins.former(connection, wanted.origin_id, wanted.position):
        kept[sequence][chain_hash] = encoded
    kept[wanted.position] = {bytes.fromhex(wanted.hash): b""}
    found: list[bytes] = []
    at_hash = bytes.fromhex(wanted.last_hash)
    for position in range(wanted.last, wanted.position, -1):
        text = kept[position].get(at_hash)
        before = None if text is None else _before(kept[position - 1], text, at_hash)
        if text is None or before is None:
            return []
        found.append(text)
        at_hash = before
    return found[::-1]


def _before(candidates: dict[bytes, bytes], text: bytes, at_hash: bytes) -> bytes | None:
    return next((each for each in candidates if chain.extend(each, text) == at_hash), None)
