"""The demo's chain: the local stack, two named stores, their trade, and what can be done to them.

Used by the live view, by commands from another shell and by the unattended story. Processes
are started on the calling thread, which has to be the one that lives longest.
"""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

from cloud_hub.services.sample_data import SampleProduct
from deploy.local.calls import wait_until
from deploy.local.demo.goods import Goods, open_with_stock, publish
from deploy.local.demo.trade import Trade
from deploy.local.given_postgres import GivenPostgres
from deploy.local.ports import free_port
from deploy.local.programs import StackError
from deploy.local.stack import Stack, Store

STORES = {"north": "Backstock North", "south": "Backstock South"}
PORT = 8470
STORE_PORTS = 11
"""Where the stores' ports begin, counted from head office's."""
PRINTER = "shelf"
LABELS = "labels.pdf"
"""In a store's folder: what its label printer printed last."""
SERVERS = ("hub", "broker", "postgres")


class Process(Protocol):
    """What can be ended and brought back."""

    @property
    def pid(self) -> int | None: ...
    def start(self) -> object: ...
    def stop(self) -> object: ...
    def kill(self) -> None: ...


class Chain:
    """Head office, stores, trade. Use as a context manager."""

    def __init__(self, folder: Path, shop: list[SampleProduct], *, broker: str, seed: int, port: int) -> None:
        # All of it is on this machine, and so is whoever tries out webhooks.
        settings = {"HUB_WEBHOOK_PRIVATE_NETS": "127.0.0.0/8"}
        self.stack = Stack(folder, broker=broker, hub_port=free_port(port), hub_settings=settings)
        self.port = port
        """The one wished for, with the stores' behind it; 0 when any will do."""
        self.shop, self.seed = shop, seed
        self.goods: list[Goods] = []
        self.trades: dict[str, Trade] = {}
        self.is_cut: set[str] = set()
        self.is_trading = True
        self._open = ExitStack()

    @property
    def stores(self) -> dict[str, Store]:
        return self.stack.stores

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._open = opening
            opening.enter_context(self.stack)
            self.goods = publish(self.stack, self.shop)
            for number, (name, title) in enumerate(STORES.items()):
                self._open_store(number, name, title)
            for store in self.stores.values():
                self._stock(store)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def store(self, name: str) -> Store:
        """By name or number. Raises StackError."""
        names = list(self.stores)
        chosen = names[int(name) - 1] if name.isdigit() and 0 < int(name) <= len(names) else name
        if chosen not in self.stores:
            raise StackError(f"store: expected {' or '.join(names)}, got {name!r}")
        return self.stores[chosen]

    def cut(self, name: str) -> None:
        """That store's WAN is gone, to the broker and to the hub alike."""
        store = self.store(name)
        store.cut()
        self.is_cut.add(store.name)

    def mend(self, name: str) -> None:
        store = self.store(name)
        store.mend()
        self.is_cut.discard(store.name)

    def is_up(self, name: str) -> bool:
        """Whether its process lives, whoever ended it. A given PostgreSQL is others' to watch."""
        process = self._process(name)
        return isinstance(process, GivenPostgres) or process.pid is not None

    def kill(self, name: str) -> None:
        """SIGKILL to a store's agent, the hub, the broker or PostgreSQL."""
        self._process(name).kill()

    def start(self, name: str) -> None:
        """Bring back what was killed."""
        self._process(name).start()

    def restart(self, name: str) -> None:
        """Stop in order and start again."""
        self._process(name).stop()
        self.start(name)

    def tick(self) -> None:
        """One customer in each store whose agent is up."""
        for name, trade in self.trades.items():
            if self.is_trading and self.is_up(name):
                trade.trade_on()

    def _process(self, name: str) -> Process:
        servers: dict[str, Process] = {
            "hub": self.stack.hub,
            "broker": self.stack.broker,
            "postgres": self.stack.postgres,
        }
        return servers[name] if name in servers else self.store(name)

    def _open_store(self, number: int, name: str, title: str) -> None:
        trade = Trade(self.stack.folder / name, self.goods, self.seed + number)
        self.trades[name] = self._open.enter_context(trade)
        port = self.port + STORE_PORTS + number if self.port else 0
        store = self.stack.add_store(name, title=title, scanners=trade.scanners, api_port=port, start=False)
        printer = {"name": PRINTER, "output": ["tee", str(store.folder / LABELS)], "format": "pdf"}
        store.environment["EDGE_PRINTERS"] = json.dumps([printer])
        store.start()

    def _stock(self, store: Store) -> None:
        """Wait for the catalogue to come down, then open with stock."""
        wait_until(lambda: knows(store, self.goods), f"{store.name} has the catalogue", 120, every_s=0.2)
        open_with_stock(store, self.goods)


def knows(store: Store, goods: Iterable[Goods]) -> bool:
    """Whether the store can look all of these up."""
    return all(store.get(f"/api/v1/products/{item.product_id}").status == 200 for item in goods)
