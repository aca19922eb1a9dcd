"""Records that an earlier version could not read are read again by this one, as if they came now.

They were kept with bytes and chain hash. What is readable is planned and written as intake
does it, in the transaction that drops what was kept: dying anywhere or running twice has no
second effect. The mark stays, since it counts them already. An item stays where it is: the
movements that refer to it have moved a placeholder's stock, and only a person can say whose.
"""

from contextlib import suppress
from uuid import UUID

import structlog

from cloud_hub.domain.intake import Plan, at, plan
from cloud_hub.domain.storable import storable
from cloud_hub.services.following import Share, show
from cloud_hub.services.writing import write_all
from cloud_hub.storage import ledger, origins, reports, rollups, unread
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.unread import Kept
from sync_protocol.errors import Malformed, ProtocolError
from sync_protocol.facts import FACTS, parse_fact
from sync_protocol.receiver import Accepted
from sync_protocol.records import Item, decode

log = structlog.get_logger(__name__)


async def reread(database: Database, now_ms: int) -> int:
    """Try all that is kept; how many records were read."""
    async with database.connection() as connection:
        places = await unread.list_origins(connection)
    done = 0
    for site_id, origin_id in places:
        async with database.transaction() as connection:
            done += await _reread_origin(connection, site_id, origin_id, now_ms)
    if done:
        log.info("records of before this version were read", records=done)
    return done


async def _reread_origin(connection: Connection, site_id: UUID, origin_id: UUID, now_ms: int) -> int:
    origin = await origins.lock(connection, origin_id)
    if origin is None:
        return 0
    kept = await unread.list_kept(connection, site_id, origin_id)
    read = [each for each in kept if await _write(connection, origin, each, now_ms)]
    left = {each.sequence for each in kept if each.is_quarantined} - {each.sequence for each in read}
    if read and not left:
        await unread.settle(connection, site_id, origin_id, now_ms)
    if read:
        await _show_again(connection, origin, read[0].sequence, now_ms)
    return len(read)


async def _show_again(connection: Connection, origin: Origin, first: int, now_ms: int) -> None:
    """What came after them and was read at once has been shown before them: show it again, in order."""
    later = await reports.list_facts(connection, origin.site_id, origin.origin_id, list(FACTS), first)
    typed = []
    for sequence, fact in later:
        with suppress(Malformed):
            typed.append((sequence, parse_fact(fact)))
    await show(connection, origin, typed, now_ms)


async def _write(connection: Connection, origin: Origin, kept: Kept, now_ms: int) -> bool:
    """Write what a record says now, if this version can read it."""
    items = await ledger.list_items(connection, origin.site_id, origin.origin_id)
    try:
        record = decode(kept.encoded)
    except ProtocolError:
        return False
    if isinstance(record, Item):
        return False
    alone = storable(Accepted(kept.sequence, [(kept.encoded, record)], [kept.chain_hash], []))
    made = plan(alone, site_id=origin.site_id, origin_id=origin.origin_id, items=items, recorded_at=at(now_ms))
    if made.unknown or made.quarantined or not _is_whole(made):
        return False
    await unread.drop(connection, origin.site_id, origin.origin_id, kept)
    await write_all(connection, [Share(origin, made, items)], now_ms)
    if made.movements:
        await rollups.note_late(connection, origin.site_id, origin.origin_id, kept.sequence)
    return True


def _is_whole(made: Plan) -> bool:
    """A fact that fits its kind, or a movement."""
    return bool(made.movements) or all(fact.body is not None for fact in made.facts)
