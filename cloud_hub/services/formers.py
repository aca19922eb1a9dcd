"""A predecessor's records that a restored hub lacks, told again by the box that took over.

The successor's certificate is signed by this hub and names the hash at which the predecessor
was closed. Records whose chain leads from the hub's mark to that hash are therefore proven
without the key of the box that wrote them; nothing is applied before all of them are here.
What is held until then may be lost at any time: the next Hello asks for it again.
"""

from dataclasses import dataclass, field, replace

import structlog

from cloud_hub.services.intake import UNSTORABLE, Frame, Intake, judge
from cloud_hub.storage import exceptions, origins
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from sync_protocol.batch import Batch, parse
from sync_protocol.errors import BadSignature
from sync_protocol.keys import verifier
from sync_protocol.messages import Former
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)

HELD_BYTES_MAX = 64 * 1024 * 1024
"""Of all boxes of this worker together; some millions of records."""


async def missing(connection: Connection, origin: Origin) -> Former | None:
    """What this hub lacks of an origin's predecessor; None when it has all, or cannot tell."""
    if origin.predecessor_origin is None or origin.predecessor_position is None or origin.predecessor_hash is None:
        return None
    before = await origins.find(connection, origin.predecessor_origin)
    if before is None or before.mark >= origin.predecessor_position:
        return None
    return Former(
        origin_id=str(before.origin_id), position=before.mark, hash=before.chain_hash.hex(),
        last=origin.predecessor_position, last_hash=origin.predecessor_hash.hex(),
    )  # fmt: skip


@dataclass(slots=True)
class _Held:
    """Batches that continue each other from the hub's mark, under one lease."""

    lease: str
    batches: list[tuple[Batch, bytes]] = field(default_factory=list)
    size: int = 0

    def add(self, batch: Batch, sealed: bytes, wanted: Former) -> bool:
        """Take the next batch, once; False when it does not continue what is here, or leads beyond what is wanted."""
        last = self.batches[-1][0] if self.batches else None
        if last is not None and batch.last <= last.last:
            return True
        expected = (last.last + 1, last.last_hash) if last else (wanted.position + 1, bytes.fromhex(wanted.hash))
        if (batch.first, batch.previous_hash) != expected or batch.last > wanted.last:
            return False
        self.batches.append((batch, sealed))
        self.size += len(sealed)
        return True


class Formers:
    """Takes predecessors' records from their successors."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake
        self._held: dict[Address, _Held] = {}

    async def take(self, address: Address, frame: Frame, now_ms: int) -> bool:
        """Hold one batch, or apply all once the last is here; False when it is of no predecessor."""
        batch = parse(frame.sealed)
        async with self._database.connection() as connection:
            origin = await origins.find(connection, address.origin_id)
            if origin is None or str(origin.predecessor_origin) != batch.origin_id:
                return False
            wanted = await missing(connection, origin)
        is_theirs = str(origin.device_id) == address.device_id and origin.lease == frame.lease
        if not is_theirs or wanted is None or not _is_signed(batch, origin):
            return True
        held = self._held.get(address)
        if held is None or held.lease != frame.lease:
            held = self._held[address] = _Held(frame.lease)
        if not held.add(batch, frame.sealed, wanted) or self._is_full():
            del self._held[address]
        elif batch.last == wanted.last:
            del self._held[address]
            await self._apply(origin, held, now_ms)
        return True

    def _is_full(self) -> bool:
        return sum(each.size for each in self._held.values()) > HELD_BYTES_MAX

    async def _apply(self, origin: Origin, held: _Held, now_ms: int) -> None:
        try:
            await self._commit(origin, held, now_ms, is_suspect=False)
        except UNSTORABLE as error:
            log.warning("a former stretch cannot be stored as it is", origin=str(origin.origin_id), error=str(error))
            await self._commit(origin, held, now_ms, is_suspect=True)

    async def _commit(self, origin: Origin, held: _Held, now_ms: int, *, is_suspect: bool) -> None:
        # Only the predecessor's row is locked: a Hello of the old box locks that one first, too.
        async with self._database.transaction() as connection:
            before = await origins.lock(connection, origin.predecessor_origin)
            if before is None:
                return
            judged = judge(replace(before, public_key=origin.public_key, lease=held.lease), held.batches)
            accepted = judged.accepted
            if accepted is None or (accepted.mark, accepted.hashes[-1]) != _end(origin):
                kind, detail = "former_refused", "its successor's records do not lead to where it was closed"
            else:
                kind, detail = "former_returned", f"records up to {accepted.mark} were told again by its successor"
                await self._intake.write(connection, before, judged, now_ms, is_suspect=is_suspect)
            await exceptions.raise_exception(
                connection, origin.site_id, kind, str(before.origin_id), detail, now_ms=now_ms,
                origin_id=before.origin_id,
            )  # fmt: skip
        log.warning("a predecessor's records came from its successor", origin=str(origin.origin_id), outcome=kind)


def _end(origin: Origin) -> tuple[int | None, bytes | None]:
    return origin.predecessor_position, origin.predecessor_hash


def _is_signed(batch: Batch, origin: Origin) -> bool:
    """By the successor: it vouches for having sent this, the chain for what it is."""
    try:
        verifier(bytes(origin.public_key))(batch.signature, batch.signed)
    except BadSignature:
        return False
    return True
