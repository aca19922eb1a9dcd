"""Cashiers with a notebook: they sell through the store's API and write down what was acknowledged.

A sale whose answer never came is repeated with its key, as a real till does. The notebook is
the oracle: every acknowledged key is in the store's ledger once and at head office once.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from deploy.local.calls import wait_until
from deploy.local.stack import Stack, Store
from tests.system.chain import assert_equal_to_the_unit, hub_rows, sell

DONE = (200, 201)


class Till:
    """One cashier of one store."""

    def __init__(self, store: Store, products: list[dict[str, Any]], name: str) -> None:
        self.store, self.products, self.name = store, products, name
        self.acknowledged: dict[str, str] = {}
        """Key -> product, as answered."""
        self.refused: Counter[str] = Counter()
        self._number = 0
        self._unanswered: tuple[str, dict[str, Any]] | None = None

    def sell_one(self) -> bool:
        """The next sale, or the last one again if it got no answer; whether it was acknowledged."""
        key, product = self._unanswered or self._next()
        self._unanswered = key, product
        try:
            answer = sell(self.store, product, key=key, timeout_s=10)
        except (OSError, AssertionError):
            return False
        if answer.status not in DONE:
            self.refused[str(answer.status)] += 1
            return False
        self.acknowledged[key] = product["id"]
        self._unanswered = None
        return True

    def finish(self) -> None:
        """Repeat the sale that got no answer until it gets one."""
        if self._unanswered is not None:
            wait_until(self.sell_one, f"{self.name} finishes its last sale", 30)

    def sell_until(self, stop: threading.Event, pause_s: float = 0.02) -> None:
        """Trade, whatever happens to the agent."""
        while not stop.wait(pause_s):
            self.sell_one()

    def _next(self) -> tuple[str, dict[str, Any]]:
        self._number += 1
        return f"{self.name}-{self._number}", self.products[self._number % len(self.products)]


@contextmanager
def trading(tills: list[Till], pause_s: float = 0.02) -> Iterator[None]:
    """The tills sell at once while the body runs; afterwards no sale is without an answer."""
    stop = threading.Event()
    threads = [threading.Thread(target=till.sell_until, args=(stop, pause_s)) for till in tills]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for till in tills:
        till.finish()


async def assert_nothing_lost_or_doubled(stack: Stack, store: Store, tills: list[Till]) -> None:
    """Acknowledged keys are in both ledgers once, nothing else was sold, levels and chains agree."""
    acknowledged = {key for till in tills if till.store is store for key in till.acknowledged}
    rows = await hub_rows(
        stack, "SELECT key, count(*) AS n FROM movements WHERE site_id = $1::uuid AND key IS NOT NULL GROUP BY key",
        store.site_id,
    )  # fmt: skip
    at_hub = Counter({row["key"]: row["n"] for row in rows})
    at_store = edge_keys(store)
    for name, found in (("store", at_store), ("hub", at_hub)):
        assert not acknowledged - set(found), f"the {name} lost {sorted(acknowledged - set(found))[:5]}"
        assert max(found.values(), default=1) == 1, f"the {name} has doubled {found.most_common(3)}"
        assert not set(found) - acknowledged, (
            f"the {name} has sales nobody made: {sorted(set(found) - acknowledged)[:5]}"
        )
    await assert_equal_to_the_unit(stack, store)


def edge_keys(store: Store) -> Counter[str]:
    """How often each key stands in the store's ledger."""
    with closing(sqlite3.connect(f"file:{store.folder / 'store.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT key, count(*) FROM ledger WHERE key IS NOT NULL GROUP BY key")
        return Counter(dict(rows))
