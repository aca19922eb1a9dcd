"""A store's simulated day: customers at the till, cases at the dock, on two pseudo-terminals.

The agent reads both with its real serial driver; nothing here talks to the agent's API.
`sold` and `received` count what was beeped, so that a judge has figures of its own.
"""

from collections import Counter
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from deploy.local.demo.goods import Goods
from scanner_drivers import PtyScanner

TILL, DOCK = "till-1", "dock-1"


class Trade:
    """The scanners of one store and who uses them."""

    def __init__(self, folder: Path, goods: list[Goods], seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.till = PtyScanner(folder / TILL)
        self.dock = PtyScanner(folder / DOCK)
        self.goods = goods
        self.sold: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self._unpacked: Counter[str] = Counter()
        self._draw = Random(seed)
        self._weights = [item.daily for item in goods]

    @property
    def scanners(self) -> list[dict[str, str]]:
        """What the agent is told about them."""
        return [
            {"url": f"serial://{self.till.path}?baud=9600", "device": TILL, "mode": "sell"},
            {"url": f"serial://{self.dock.path}?baud=9600", "device": DOCK, "mode": "receive"},
        ]

    def sell_something(self) -> Goods:
        """A customer takes what customers take."""
        item = self._draw.choices(self.goods, self._weights)[0]
        self.sell(item)
        return item

    def trade_on(self) -> None:
        """A sale; an emptied case is replaced by the next delivery."""
        item = self.sell_something()
        self._unpacked[item.sku] += 1
        if item.case_gtin and self._unpacked[item.sku] >= item.case_size:
            self._unpacked[item.sku] = 0
            self.receive(item)

    def sell(self, item: Goods) -> None:
        """One unit over the counter."""
        self.till.scan(item.gtin)
        self.sold[item.product_id] += 1

    def receive(self, item: Goods) -> None:
        """One case at the dock."""
        self.dock.scan(item.case_gtin)
        self.received[item.product_id] += item.case_size

    def __enter__(self) -> Self:
        self.till.plug()
        self.dock.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.till.unplug()
        self.dock.unplug()
