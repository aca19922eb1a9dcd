"""The item definitions of origins that are talking, so that a live sale reads none.

Each origin's are as of a mark, which moves with every batch that is committed here.
"""

from collections.abc import Iterable
from uuid import UUID

from cloud_hub.domain.intake import KnownItem, Plan
from cloud_hub.services.origin_cache import OriginCache
from cloud_hub.storage import ledger
from cloud_hub.storage.database import Connection, native_uuid
from cloud_hub.storage.origins import Origin

ITEMS_CACHED_MAX = 100_000


class ItemCache:
    """Item definitions per origin, each as of a mark."""

    def __init__(self, most: int = ITEMS_CACHED_MAX) -> None:
        self._known: OriginCache[dict[int, KnownItem]] = OriginCache(most)

    async def load(self, connection: Connection, wanted: Iterable[Origin]) -> dict[UUID, dict[int, KnownItem]]:
        """The definitions of locked origins, read where the cache has none as of their mark."""
        found, missing = {}, []
        for origin in wanted:
            items = {} if origin.mark == 0 else self._known.get(origin.origin_id, origin.mark)
            if items is None:
                missing.append((origin.site_id, origin.origin_id))
            else:
                found[origin.origin_id] = items
        return found | await ledger.list_items_of(connection, missing) if missing else found

    def remember(self, origin_id: UUID, before: dict[int, KnownItem], made: Plan) -> None:
        """The definitions after a plan was committed, with ids in the driver's own, faster form."""
        new = {ref: each._replace(product_id=native_uuid(each.product_id)) for ref, each in made.items.items()}
        items = before | new if new else before
        self._known.put(origin_id, made.mark, items, len(items))
