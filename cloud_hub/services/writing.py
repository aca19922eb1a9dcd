"""The rows of plans: everything that one transaction writes of its origins, but their marks.

Several origins share a transaction, so what every batch has (movements, items, levels, odd
things) is written with one statement for all of them; what is rare goes origin by origin.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from cloud_hub.crashpoints import crashpoint
from cloud_hub.services.following import Share, follow
from cloud_hub.storage import changes, ledger, levels, reports, unread
from cloud_hub.storage.database import Connection


async def write_all(connection: Connection, shares: Sequence[Share], now_ms: int) -> None:
    """All rows of some plans but the marks, with what follows from them; their origins' rows are locked."""
    movements = [row for share in shares for row in share.made.movements]
    if movements:
        await ledger.copy_movements(connection, movements)
        crashpoint("intake.after_copy")
        await _add_levels(connection, shares)
    items = [(share.origin.site_id, share.origin.origin_id, share.made.items) for share in shares if share.made.items]
    if items:
        await ledger.copy_items(connection, items)
    for share in shares:
        await _write_rare(connection, share, now_ms)
    said = await follow(connection, shares, now_ms)
    if said:
        await changes.append_all(connection, said, now_ms)


async def _add_levels(connection: Connection, shares: Sequence[Share]) -> None:
    deltas: dict[levels.Place, int] = defaultdict(int)
    for share in shares:
        site_id: UUID = share.origin.site_id
        for (product_id, location), quantity in share.made.levels.items():
            deltas[site_id, product_id, location] += quantity
    negative = await levels.add_levels(connection, deltas)
    for share in shares:
        share.negative = negative.get(share.origin.site_id, [])


async def _write_rare(connection: Connection, share: Share, now_ms: int) -> None:
    origin, made = share.origin, share.made
    site_id, origin_id = origin.site_id, origin.origin_id
    if made.facts:
        rows = [(each.sequence, each.fact.kind, each.fact.body) for each in made.facts]
        await reports.copy_facts(connection, site_id, origin_id, rows, now_ms)
    if made.unknown:
        await unread.copy_unknown(connection, site_id, origin_id, made.unknown, now_ms)
    if made.quarantined:
        await unread.copy_quarantined(connection, site_id, origin_id, made.quarantined, "unreadable", now_ms)
    if made.keys:
        share.reused = await ledger.add_keys(connection, site_id, origin_id, made.keys)
