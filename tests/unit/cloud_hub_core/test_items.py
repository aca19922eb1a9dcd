"""The cache of item definitions: valid at one mark only, bounded, the least recently used go first."""

from uuid import UUID

from cloud_hub.domain.intake import KnownItem
from cloud_hub.services.item_cache import ItemCache
from sync_protocol.records import Item

ONE, TWO = UUID(int=1), UUID(int=2)


def items(count: int) -> dict[int, KnownItem]:
    return {ref: KnownItem(UUID(int=ref), Item(ref, str(UUID(int=ref)))) for ref in range(1, count + 1)}


def test_definitions_of_another_mark_are_not_given() -> None:
    cache = ItemCache()
    cache.put(ONE, 5, items(2))

    assert cache.get(ONE, 5) == items(2)
    assert cache.get(ONE, 6) is None


def test_the_least_recently_used_origin_is_forgotten_first() -> None:
    cache = ItemCache(most=5)
    cache.put(ONE, 1, items(2))
    cache.put(TWO, 1, items(2))
    cache.get(ONE, 1)

    cache.put(UUID(int=3), 1, items(3))

    assert cache.get(TWO, 1) is None
    assert cache.get(ONE, 1) is not None
