"""What is remembered of ledgers: valid at one position only, bounded, the least recently used go first."""

from uuid import UUID

from cloud_hub.services.origin_cache import OriginCache

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


def test_what_is_known_of_another_position_is_not_given() -> None:
    cache: OriginCache[str] = OriginCache(10)
    cache.put(ONE, 5, "five", 2)

    assert cache.get(ONE, 5) == "five"
    assert cache.get(ONE, 6) is None


def test_the_least_recently_used_origin_is_forgotten_first() -> None:
    cache: OriginCache[str] = OriginCache(5)
    cache.put(ONE, 1, "one", 2)
    cache.put(TWO, 1, "two", 2)
    cache.get(ONE, 1)

    cache.put(THREE, 1, "three", 3)

    assert (cache.get(ONE, 1), cache.get(TWO, 1), cache.get(THREE, 1)) == ("one", None, "three")


def test_what_is_known_anew_of_an_origin_takes_the_place_of_what_was() -> None:
    cache: OriginCache[str] = OriginCache(5)
    for position in range(5):
        cache.put(ONE, position, "one", 2)
    cache.put(TWO, 1, "two", 3)

    assert (cache.get(ONE, 4), cache.get(TWO, 1)) == ("one", "two")
