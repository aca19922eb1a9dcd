"""The item definitions of origins that are talking, so that a live sale reads none.

Each origin's are as of a mark, which moves with every batch that is committed here.
"""

import sys
from collections.abc import Iterable
from uuid import UUID

from cloud_hub.domain.intake import KnownItem, Plan
from cloud_hub.services.origin_cache import OriginCache
from cloud_hub.storage import ledger
from cloud_hub.storage.database import Connection, native_uuid
from cloud_hub.storage.origins import Origin

ITEMS_CACHED_MAX = 50_000
"""A thousand stores that came back left 45 MB behind with twice as many."""


class ItemCache:
    """Item definitions per origin, each as of a mark."""

    def __init__(self, most: int = ITEMS_CACHED_MAX) -> None:
        self._known: OriginCache[dict[int, KnownItem]] = OriginCache(most)

    def get(self, origin: Origin) -> dict[int, KnownItem] | None:
        """The definitions as of the origin's mark, if they are known."""
        return {} if origin.mark == 0 else self._known.get(origin.origin_id, origin.mark)

    async def load(self, connection: Connection, wanted: Iterable[Origin]) -> dict[UUID, dict[int, KnownItem]]:
        """The definitions of locked origins, read where the cache has none as of their mark."""
        found, missing = {}, []
        for origin in wanted:
            items = self.get(origin)
            if items is None:
                missing.append((origin.site_id, origin.origin_id))
            else:
                found[origin.origin_id] = items
        return found | await ledger.list_items_of(connection, missing) if missing else found

    def remember(self, origin_id: UUID, before: dict[int, KnownItem], made: Plan) -> None:
        """The definitions after a plan was committed, with ids in the driver's own, faster form."""
        new = {ref: _small(each) for ref, each in made.items.items()}
        items = before | new if new else before
        self._known.put(origin_id, made.mark, items, len(items))


def _small(known: KnownItem) -> KnownItem:
    """Stores of a chain sell the same products: their ids and codes are kept once."""
    item = known.item
    code = None if item.code is None else sys.intern(item.code)
    return known._replace(
        product_id=native_uuid(known.product_id), item=item._replace(product_id=sys.intern(item.product_id), code=code)
    )
