"""The short way of what a till has just sold: one statement, where `intake.py` waits for PostgreSQL four times.

It is open to a batch of an origin that this process has served before, under the same lease,
when nothing follows from it but rows, levels and the mark. The statement writes all of them
or nothing: nothing when another process has moved the mark or the lease, when stock would
fall below zero or a key was used before. Then the batch goes the whole way, as all others do.
"""

from collections.abc import Sequence
from dataclasses import replace

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.arrivals import arrivals
from cloud_hub.domain.intake import Plan, at, plan
from cloud_hub.domain.storable import storable
from cloud_hub.domain.transfers import goods_of
from cloud_hub.services.following import Share
from cloud_hub.services.item_cache import ItemCache
from cloud_hub.services.judging import Judged, judge
from cloud_hub.services.writing import SHORT
from cloud_hub.storage import stretches
from cloud_hub.storage.database import Database
from cloud_hub.storage.origins import Origin
from sync_protocol.batch import Batch
from sync_protocol.topics import Address

ORIGINS_MAX = 10_000
"""Remembered; a process that serves more forgets all of them now and then."""
Sealed = tuple[str, Batch, bytes]
"""(lease, header, bytes)"""


class ShortWay:
    """Origins as this process has left them, and what can be done with no more than that."""

    def __init__(self, database: Database, items: ItemCache) -> None:
        self._database = database
        self._items = items
        self._known: dict[str, Origin] = {}

    def remember(self, origin: Origin, made: Plan) -> None:
        """The origin after a plan was committed."""
        if len(self._known) >= ORIGINS_MAX:
            self._known.clear()
        self._known[str(origin.origin_id)] = replace(origin, mark=made.mark, chain_hash=made.mark_hash)

    async def take(self, address: Address, batches: Sequence[Sealed], now_ms: int) -> tuple[Share, Judged] | None:
        """Commit batches of one origin; None when they have to go the whole way, and nothing is written."""
        origin = self._known.get(address.origin_id)
        if origin is None or not _is_short(origin, address, batches):
            return None
        items, judged = self._items.get(origin), judge(origin, [(batch, sealed) for _, batch, sealed in batches])
        if items is None or judged.nack is not None or judged.accepted is None or judged.kept is None:
            return None
        made = plan(
            storable(judged.accepted), site_id=origin.site_id, origin_id=origin.origin_id, items=items,
            recorded_at=at(now_ms),
        )  # fmt: skip
        if not _is_plain(made):
            return None
        kept = [(origin.site_id, batch, sealed) for batch, sealed in judged.kept]
        crashpoint("intake.before_commit")
        async with self._database.connection() as connection:
            safe_mark = await stretches.advance(connection, origin, made, kept, now_ms)
        crashpoint("intake.after_commit")
        if safe_mark is None:
            self._known.pop(address.origin_id, None)
            return None
        return Share(replace(origin, safe_mark=safe_mark), made, items), judged


def _is_short(origin: Origin, address: Address, batches: Sequence[Sealed]) -> bool:
    is_ours = str(origin.device_id) == address.device_id and all(lease == origin.lease for lease, _, _ in batches)
    return is_ours and 0 < sum(batch.count for _, batch, _ in batches) <= SHORT


def _is_plain(made: Plan) -> bool:
    """Nothing follows from it: no fact, item, command, oddity, nothing unread, no goods of a transfer or an order.

    The statement sees keys that were used before it, so a key that is used twice within is not plain either.
    """
    return not (
        made.items or made.facts or made.commands or made.oddities or made.unknown or made.quarantined
        or len({use.key for use in made.keys}) < len(made.keys)
        or goods_of(made.movements) or arrivals(made.movements)
    )  # fmt: skip
