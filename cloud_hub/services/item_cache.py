"""The item definitions of origins that are talking, so that a live sale reads none.

Each entry is valid at one mark only: whoever moved the mark elsewhere made it useless, and
it is read again. The least recently used go first.
"""

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from cloud_hub.domain.intake import KnownItem, Plan
from cloud_hub.storage import ledger
from cloud_hub.storage.database import Connection, native_uuid
from cloud_hub.storage.origins import Origin

ITEMS_CACHED_MAX = 100_000


class ItemCache:
    """Item definitions per origin, each as of a mark."""

    def __init__(self, most: int = ITEMS_CACHED_MAX) -> None:
        self._most = most
        self._count = 0
        self._known: OrderedDict[UUID, tuple[int, dict[int, KnownItem]]] = OrderedDict()

    def get(self, origin_id: UUID, mark: int) -> dict[int, KnownItem] | None:
        """The definitions, if what is cached is as of this mark."""
        found = self._known.get(origin_id)
        if found is None or found[0] != mark:
            return None
        self._known.move_to_end(origin_id)
        return found[1]

    def put(self, origin_id: UUID, mark: int, items: dict[int, KnownItem]) -> None:
        """Remember the definitions as of a mark."""
        old = self._known.pop(origin_id, None)
        self._count += len(items) - (len(old[1]) if old else 0)
        self._known[origin_id] = (mark, items)
        while self._count > self._most and len(self._known) > 1:
            _, (_, dropped) = self._known.popitem(last=False)
            self._count -= len(dropped)

    async def load(self, connection: Connection, wanted: Iterable[Origin]) -> dict[UUID, dict[int, KnownItem]]:
        """The definitions of locked origins, read where the cache has none as of their mark."""
        found, missing = {}, []
        for origin in wanted:
            items = {} if origin.mark == 0 else self.get(origin.origin_id, origin.mark)
            if items is None:
                missing.append((origin.site_id, origin.origin_id))
            else:
                found[origin.origin_id] = items
        return found | await ledger.list_items_of(connection, missing) if missing else found

    def remember(self, origin_id: UUID, before: dict[int, KnownItem], made: Plan) -> None:
        """The definitions after a plan was committed, with ids in the driver's own, faster form."""
        new = {ref: each._replace(product_id=native_uuid(each.product_id)) for ref, each in made.items.items()}
        self.put(origin_id, made.mark, before | new if new else before)
