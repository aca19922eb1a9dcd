"""Rate limits: an allowance at once, gained back evenly, and bounded in memory."""

import pytest

from cloud_hub.domain import rates
from cloud_hub.domain.rates import Allowance, Rates
from cloud_hub.errors import TooMany

NOW = 1_790_000_000_000


def spend(limits: Rates, key: str, now_ms: int) -> int:
    """How many requests pass before the first refusal."""
    for passed in range(1000):
        try:
            limits.require(key, now_ms)
        except TooMany:
            return passed
    return 1000


def test_the_whole_allowance_may_be_spent_at_once_and_comes_back_evenly() -> None:
    limits = Rates({"address": Allowance(10, 60)})
    assert spend(limits, "address:a", NOW) == 10
    assert spend(limits, "address:a", NOW + 6_000) == 1
    assert spend(limits, "address:a", NOW + 600_000) == 10


def test_keys_do_not_share_and_unknown_classes_have_no_limit() -> None:
    limits = Rates({"address": Allowance(3, 60), "principal": Allowance(0, 60)})
    assert (spend(limits, "address:a", NOW), spend(limits, "address:b", NOW)) == (3, 3)
    assert spend(limits, "principal:p", NOW) == 1000
    assert spend(limits, "other:x", NOW) == 1000


def test_a_refusal_says_when_to_ask_again_and_asking_then_works() -> None:
    limits = Rates({"login": Allowance(10, 900)})
    spend(limits, "login:u", NOW)
    with pytest.raises(TooMany) as caught:
        limits.require("login:u", NOW)
    limits.require("login:u", NOW + caught.value.retry_after_s * 1000)


def test_a_success_forgives_the_tries_before_it() -> None:
    limits = Rates({"login": Allowance(10, 900)})
    assert spend(limits, "login:u", NOW) == 10
    limits.forgive("login:u")
    assert spend(limits, "login:u", NOW) == 10


def test_a_flood_of_keys_does_not_grow_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "KEYS_MAX", 100)
    limits = Rates({"address": Allowance(1, 60)})
    for number in range(1000):
        limits.require(f"address:{number}", NOW + number)
    assert len(limits._free_at_ms) <= 100
