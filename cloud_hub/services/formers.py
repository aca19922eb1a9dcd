"""Records of closed origins that a restored hub lacks, told again by the box that took over.

A take-over certificate is signed by this hub and names the hash at which the origin before was
closed. Records whose chain leads from the hub's mark to that hash are therefore proven without
the key of the box that wrote them, and whatever session they come in; nothing is applied before
all of them are here. What is held until then may be lost at any time: the box tells it again
until the hub wants nothing more.
"""

from dataclasses import replace

import structlog

from cloud_hub.domain.formers import Stretch
from cloud_hub.services.intake import UNSTORABLE, Intake
from cloud_hub.services.judging import Frame, judge
from cloud_hub.storage import exceptions, origins
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from sync_protocol.batch import Batch, parse
from sync_protocol.errors import BadSignature
from sync_protocol.keys import verifier
from sync_protocol.messages import Former, FormerWanted
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)

HELD_BYTES_MAX = 64 * 1024 * 1024
"""Of all boxes of this worker together; some millions of records."""


async def missing(connection: Connection, origin: Origin) -> Former | None:
    """What this hub lacks of the origins before this one, the oldest first; None when it has all."""
    found, at = None, origin
    for before in await origins.list_before(connection, origin):
        assert at.predecessor_position is not None and at.predecessor_hash is not None
        if before.mark < at.predecessor_position:
            found = Former(
                origin_id=str(before.origin_id), position=before.mark, hash=before.chain_hash.hex(),
                last=at.predecessor_position, last_hash=at.predecessor_hash.hex(),
            )  # fmt: skip
        at = before
    return found


async def give_up(connection: Connection, origin: Origin, now_ms: int) -> None:
    """The box that had them is being replaced: what is missing is lost, and its origins end where this hub has them."""
    at: Origin | None = origin
    while at is not None and (lost := await missing(connection, at)) is not None:
        detail = f"records {lost.position + 1} to {lost.last} were on the box that was replaced"
        await origins.cut(connection, lost.origin_id, lost.position, bytes.fromhex(lost.hash))
        await exceptions.raise_exception(
            connection, origin.site_id, "records_lost", lost.origin_id, detail, now_ms=now_ms, origin_id=lost.origin_id
        )
        at = await origins.find(connection, origin.origin_id)


class Formers:
    """Takes the records of closed origins from their successors."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake
        self._held: dict[Address, Stretch] = {}

    async def take(self, address: Address, frame: Frame, now_ms: int) -> FormerWanted | bool:
        """Hold one batch, or apply all once the last is here. What to ask for now; else whether it was of a former."""
        batch = parse(frame.sealed)
        async with self._database.connection() as connection:
            origin = await origins.find(connection, address.origin_id)
            before = [] if origin is None else await origins.list_before(connection, origin)
            if origin is None or batch.origin_id not in (str(each.origin_id) for each in before):
                return False
            wanted = await missing(connection, origin)
        if str(origin.device_id) != address.device_id or not _is_signed(batch, origin):
            return True
        if wanted is None or wanted.origin_id != batch.origin_id:
            return FormerWanted(lease=frame.lease, former=wanted)
        return await self._hold(address, origin, wanted, batch, frame, now_ms)

    async def _hold(
        self, address: Address, origin: Origin, wanted: Former, batch: Batch, frame: Frame, now_ms: int
    ) -> FormerWanted | bool:
        held = self._held.get(address)
        if held is None or held.wanted != wanted:
            held = self._held[address] = Stretch(wanted)
        if not held.add(batch, frame.sealed):
            return FormerWanted(lease=frame.lease, former=held.rest)
        if not held.is_whole and not self._is_full():
            return True
        del self._held[address]
        if held.is_whole:
            await self._apply(origin, held, now_ms)
        async with self._database.connection() as connection:
            return FormerWanted(lease=frame.lease, former=await missing(connection, origin))

    def _is_full(self) -> bool:
        return sum(each.size for each in self._held.values()) > HELD_BYTES_MAX

    async def _apply(self, origin: Origin, held: Stretch, now_ms: int) -> None:
        try:
            await self._commit(origin, held, now_ms, is_suspect=False)
        except UNSTORABLE as error:
            log.warning("a former stretch cannot be stored as it is", origin=str(origin.origin_id), error=str(error))
            await self._commit(origin, held, now_ms, is_suspect=True)

    async def _commit(self, origin: Origin, held: Stretch, now_ms: int, *, is_suspect: bool) -> None:
        # Only the predecessor's row is locked: a Hello of the old box locks that one first, too.
        async with self._database.transaction() as connection:
            before = await origins.lock(connection, held.wanted.origin_id)
            if before is None:
                return
            judged = judge(replace(before, public_key=origin.public_key), held.batches)
            accepted = judged.accepted
            end = held.wanted.last, bytes.fromhex(held.wanted.last_hash)
            if accepted is None or (accepted.mark, accepted.hashes[-1]) != end:
                kind, detail = "former_refused", "its successor's records do not lead to where it was closed"
            else:
                kind, detail = "former_returned", f"records up to {accepted.mark} were told again by its successor"
                await self._intake.write(connection, [(before, judged)], now_ms, is_suspect=is_suspect)
            await exceptions.raise_exception(
                connection, origin.site_id, kind, str(before.origin_id), detail, now_ms=now_ms,
                origin_id=before.origin_id,
            )  # fmt: skip
        log.warning("a predecessor's records came from its successor", origin=str(origin.origin_id), outcome=kind)


def _is_signed(batch: Batch, origin: Origin) -> bool:
    """By the successor: it vouches for having sent this, the chain for what it is."""
    try:
        verifier(bytes(origin.public_key))(batch.signature, batch.signed)
    except BadSignature:
        return False
    return True
