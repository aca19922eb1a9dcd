"""Proof that both sides' levels are equal as of a position, and what to do when they are not.

If the chain hashes agree and the levels do not, a level was folded wrongly: each side
rebuilds the named products from its own ledger. Neither side's numbers ever overwrite
the other's.
"""

import base64
import binascii

import structlog

from cloud_hub.services.judging import acknowledgement
from cloud_hub.storage import exceptions, levels, origins, unread
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from sync_protocol import messages as say
from sync_protocol.digest import bucket_sums, compare, differing
from sync_protocol.errors import Malformed
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)


class Digests:
    """Compares digests that boxes send."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def compare(self, address: Address, told: say.Digest, now_ms: int) -> list[bytes]:
        """The comparison as of the told position; nothing while the hub stands elsewhere."""
        try:
            theirs = base64.b64decode(told.buckets, validate=True)
        except (binascii.Error, ValueError):
            return []
        async with self._database.transaction() as connection:
            origin = await origins.lock(connection, address.origin_id)
            if origin is None or origin.lease != told.lease or origin.mark != told.position:
                return []
            if origin.chain_hash.hex() != told.chain_hash:
                await _note(connection, origin, "digest_chain", "the digest names another chain hash", now_ms)
                return []
            ours = bucket_sums(await levels.list_levels(connection, origin.site_id))
            try:
                buckets = differing(ours, theirs)
            except Malformed:
                return []
            await origins.save_digest(connection, origin.origin_id, told.position, not buckets, now_ms)
            quarantined = await unread.list_quarantined(connection, origin.site_id, origin.origin_id)
        answer = say.DigestResult(lease=told.lease, position=told.position, equal=not buckets, differing=buckets)
        said = [say.encode(answer)]
        # An ack that named them was lost, or they were more than it could name.
        if untold := sorted(set(quarantined) - set(told.incomplete)):
            said.append(acknowledgement(origin, origin.mark, origin.chain_hash, untold))
        return said

    async def drill_down(self, address: Address, told: say.BucketLevels, now_ms: int) -> list[bytes]:
        """The levels in buckets that differed: show both values, rebuild here, ask the box to rebuild."""
        async with self._database.transaction() as connection:
            origin = await origins.lock(connection, address.origin_id)
            if origin is None or origin.lease != told.lease or origin.mark != told.position:
                return []
            ours = await levels.list_levels(connection, origin.site_id)
            wrong = compare(ours, told)
            if not wrong:
                return []
            products = sorted({product for product, _ in wrong})
            rebuilt = await levels.rebuild_levels(connection, origin.site_id, products)
            right = {(product, place): quantity for product, place, quantity in rebuilt}
            for (product, place), (here, there) in list(wrong.items())[:100]:
                detail = (
                    f"{place}: hub {here}, store {there}, hub's ledger {right.get((product, place), 0)} thousandths"
                )
                await _note(connection, origin, "level_differs", detail, now_ms, subject=f"{product}:{place}")
        log.warning("levels differ", origin=address.origin_id, products=len(products))
        return [say.encode(say.RebuildLevels(lease=told.lease, products=products[:1000]))]


async def _note(
    connection: Connection, origin: Origin, kind: str, detail: str, now_ms: int, *, subject: str | None = None
) -> None:
    await exceptions.raise_exception(
        connection, origin.site_id, kind, subject or str(origin.origin_id), detail, now_ms=now_ms,
        origin_id=origin.origin_id, sequence=origin.mark,
    )  # fmt: skip
