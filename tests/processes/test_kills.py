"""SIGKILL at random moments of any part of the chain, under load: nothing acknowledged is lost or doubled.

KILLS=200 (make soak) or 12 (make test) kills, shared fairly among store agents, hub, broker
and PostgreSQL in an order that the seed decides.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.stack import StackError, Store
from tests.system.chain import Chain, a_chain, wait_equal
from tests.system.tills import Till, assert_nothing_lost_or_doubled, trading

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]
CALM_S = (0.2, 1.5)
"""Between two kills: not always long enough for all to have recovered."""
DOWN_S = (0.0, 0.8)


@pytest.mark.parametrize("kills", [
    12, pytest.param(int(os.environ.get("KILLS", "200")), marks=pytest.mark.soak, id="soak"),
])  # fmt: skip
def test_random_kills_under_load_lose_and_double_nothing(tmp_path: Path, seed: int, kills: int) -> None:
    choose = random.Random(seed)
    with a_chain(tmp_path, "north", "south") as stack:
        tills = two_tills_each(stack)
        with trading(tills):
            for number in range(kills):
                time.sleep(choose.uniform(*CALM_S))
                _kill_one(stack, choose, VICTIMS[number % len(VICTIMS)])
        settle(stack, tills)


def test_a_broker_that_forgets_everything_is_refilled_from_the_ledgers(tmp_path: Path) -> None:
    with a_chain(tmp_path, "north") as stack:
        tills = two_tills_each(stack)
        with trading(tills):
            for _ in range(2):
                time.sleep(0.5)
                stack.broker.kill()
                stack.broker.wipe()
                stack.broker.start()
        settle(stack, tills)


@pytest.mark.parametrize("pause_s", [5, pytest.param(60, marks=pytest.mark.soak)])
@pytest.mark.parametrize("victim", ["hub", "broker"])
def test_a_frozen_part_is_waited_for_and_selling_goes_on(tmp_path: Path, victim: str, pause_s: int) -> None:
    with a_chain(tmp_path, "north") as stack:
        tills = two_tills_each(stack)
        frozen = stack.hub if victim == "hub" else stack.broker
        with trading(tills):
            time.sleep(0.5)
            before = sum(len(till.acknowledged) for till in tills)
            frozen.signal(signal.SIGSTOP)
            time.sleep(pause_s)
            sold = sum(len(till.acknowledged) for till in tills) - before
            frozen.signal(signal.SIGCONT)
        assert sold > 10 * pause_s, "the store sells while head office is frozen"
        settle(stack, tills)


def two_tills_each(stack: Chain) -> list[Till]:
    products = stack.products
    return [Till(store, products, f"{store.name}-{n}") for store in stack.stores.values() for n in (1, 2)]


def settle(stack: Chain, tills: list[Till]) -> None:
    """Everything is up: wait for the chain to be one again, then hold the notebooks against it."""
    for store in stack.stores.values():
        wait_equal(stack, store, 120)
        asyncio.run(assert_nothing_lost_or_doubled(stack, store, tills))
    assert all(till.acknowledged for till in tills), "every till got something sold"


def _kill_one(
    stack: Chain, choose: random.Random, kill: Callable[[Chain, random.Random], Callable[[], object]]
) -> None:
    come_back = kill(stack, choose)
    time.sleep(choose.uniform(*DOWN_S))
    come_back()


def _edge(stack: Chain, choose: random.Random) -> Callable[[], object]:
    store: Store = choose.choice(list(stack.stores.values()))
    store.kill()
    return store.start


def _hub(stack: Chain, choose: random.Random) -> Callable[[], object]:
    stack.hub.kill()
    return lambda: _start_hub(stack)


def _broker(stack: Chain, choose: random.Random) -> Callable[[], object]:
    stack.broker.kill()
    return stack.broker.start


def _postgres(stack: Chain, choose: random.Random) -> Callable[[], object]:
    stack.postgres.kill()
    return stack.postgres.start


def _start_hub(stack: Chain) -> None:
    # PostgreSQL may still be replaying its log: a service manager would start the hub again.
    for _ in range(5):
        with suppress(StackError):
            stack.hub.start()
            return
        time.sleep(0.5)
    stack.hub.start()


VICTIMS = (_edge, _hub, _broker, _postgres)
