"""The rows of plans: everything that one transaction writes of its origins.

Several origins share a transaction, so what every batch has (movements, items, levels, odd
things) is written with one statement for all of them; what is rare goes origin by origin.
What one origin has just done, a live scan or a group of postings, is one statement altogether.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from cloud_hub.crashpoints import crashpoint
from cloud_hub.services.following import Share, follow
from cloud_hub.storage import batches, changes, ledger, levels, origins, reports, stretches, unread
from cloud_hub.storage.batches import Kept
from cloud_hub.storage.database import Connection

SHORT = 64
"""Movements up to which one statement for all their rows is faster than COPY."""


async def append_all(connection: Connection, shares: Sequence[Share], kept: Sequence[Kept], now_ms: int) -> None:
    """What ledgers grow by, the batches that prove it and the marks; their origins' rows are locked."""
    if len(shares) == 1 and len(shares[0].made.movements) <= SHORT:
        (share,) = shares
        share.negative, share.reused = await stretches.append(connection, share.origin, share.made, kept, now_ms)
        crashpoint("intake.after_rows")
    else:
        await _write_movements(connection, shares)
        await batches.copy_batches(connection, kept, now_ms)
        marks = [(share.origin.origin_id, share.made.mark, share.made.mark_hash) for share in shares]
        await origins.save_marks(connection, marks, now_ms)
    await _write_rest(connection, shares, now_ms)


async def write_all(connection: Connection, shares: Sequence[Share], now_ms: int) -> None:
    """All rows of some plans but batches and marks, with what follows from them."""
    await _write_movements(connection, shares)
    await _write_rest(connection, shares, now_ms)


async def _write_movements(connection: Connection, shares: Sequence[Share]) -> None:
    movements = [row for share in shares for row in share.made.movements]
    if movements:
        await ledger.copy_movements(connection, movements)
        crashpoint("intake.after_rows")
        await _add_levels(connection, shares)
    for share in shares:
        if share.made.keys:
            origin = share.origin
            share.reused = await ledger.add_keys(connection, origin.site_id, origin.origin_id, share.made.keys)


async def _add_levels(connection: Connection, shares: Sequence[Share]) -> None:
    deltas: dict[levels.Place, int] = defaultdict(int)
    for share in shares:
        site_id: UUID = share.origin.site_id
        for (product_id, location), quantity in share.made.levels.items():
            deltas[site_id, product_id, location] += quantity
    negative = await levels.add_levels(connection, deltas)
    for share in shares:
        share.negative = negative.get(share.origin.site_id, [])


async def _write_rest(connection: Connection, shares: Sequence[Share], now_ms: int) -> None:
    items = [(share.origin.site_id, share.origin.origin_id, share.made.items) for share in shares if share.made.items]
    if items:
        await ledger.copy_items(connection, items)
    for share in shares:
        await _write_rare(connection, share, now_ms)
    said = await follow(connection, shares, now_ms)
    if said:
        await changes.append_all(connection, said, now_ms)


async def _write_rare(connection: Connection, share: Share, now_ms: int) -> None:
    made, site_id, origin_id = share.made, share.origin.site_id, share.origin.origin_id
    if made.facts:
        rows = [(each.sequence, each.fact.kind, each.fact.body) for each in made.facts]
        await reports.copy_facts(connection, site_id, origin_id, rows, now_ms)
    if made.unknown:
        await unread.copy_unknown(connection, site_id, origin_id, made.unknown, now_ms)
    if made.quarantined:
        await unread.copy_quarantined(connection, site_id, origin_id, made.quarantined, "unreadable", now_ms)
