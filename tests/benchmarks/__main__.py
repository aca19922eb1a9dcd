"""`make bench`: product, floors and peers side by side, and the table in README.md.

    python -m tests.benchmarks [--rounds 5] [--only REGEX] [--million] [--folder DIR]

Everything runs on this machine over loopback, with fsync on at both ends. Without
`--million` the long cell (1,000,000 movements) is left out; `--only '^api'` runs the cells
of the REST API, `--only '^box'` those of the store box. The raw rounds are written to
`.bench/results/`. The data folder should lie on the disk that you care about: the table
tells its fdatasync, because at low load the two commits are most of the latency.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from deploy.local.calls import wait_until
from deploy.local.stack import Stack, Store
from tests.benchmarks import (
    box,
    byte_to_event,
    floors,
    herd,
    live,
    memory,
    peers_live,
    product,
    rest,
    sales_year,
    scan,
    scanners,
    screens,
    shop,
    snapshot,
    swap,
    wire,
)
from tests.benchmarks.harness import Cell, Figures, interleave, machine, save
from tests.benchmarks.outbox import one_post_each
from tests.benchmarks.peers.processes import BENCH, install
from tests.benchmarks.report import write_report
from tests.system.chain import a_product, code_of, stock_up

T = TypeVar("T")
BACKLOG = 100_000
CODES = 50


def main() -> None:
    """Run the chosen cells and write the table."""
    asked = _arguments()
    if not asked.only.startswith("^box"):
        install()
    BENCH.mkdir(exist_ok=True)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder or BENCH)))
        folder.chmod(0o755)
        cells = _sync_cells(_once(lambda: _opened(opened, product.open_stack(folder / "chain"))), asked.million)
        cells |= _api_cells(lambda name: _opened(opened, shop.open_head_office(folder / name)))
        cells |= _box_cells(_once(lambda: _opened(opened, product.open_stack(folder / "box"))))
        chosen = {name: cell for name, cell in cells.items() if re.search(asked.only, name)}
        results = interleave(chosen, rounds=asked.rounds)
        flush_us = _fdatasync_us(folder)
    save(BENCH / "results", time.strftime("%Y%m%d-%H%M%S"), results)
    page = Path(__file__).parent / "README.md"
    facts = {**machine(), "fdatasync": f"{flush_us:,.0f} µs (p50 of 4 KiB appends)"}
    text = write_report(results, facts, page.read_text() if page.exists() else "")
    print(text)
    if asked.write:
        page.write_text(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="a regular expression: just these cells")
    parser.add_argument("--million", action="store_true", help="also a backlog of 1,000,000 movements")
    parser.add_argument("--folder", type=Path, help="where the databases live (default: .bench)")
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="print the table, do not write README.md"
    )
    return parser.parse_args()


def _sync_cells(chain: Callable[[], Stack], is_million: bool) -> dict[str, Cell]:
    """Stores and their way to the hub; the chain is opened by the first cell that wants it."""
    rows = _once(lambda: floors.rows(BACKLOG))
    floor = _once(lambda: _floor(chain()))
    peer = _once(lambda: _database(chain(), "peer"))
    trading = _once(lambda: _trading_store(chain()))
    catalogue = _once(lambda: asyncio.run(snapshot.fill_hub(chain().postgres.url("backstock"))))

    def new_box() -> Figures:
        catalogue()
        return snapshot.product_snapshot(chain())

    cells: dict[str, Cell] = {
        "floor copy": lambda: floors.floor(floor(), "copy", rows()),
        "floor unnest": lambda: floors.floor(floor(), "unnest", rows()),
        "backlog 100k": lambda: product.backlog(chain(), BACKLOG),
        "pouchdb push": lambda: peers_live.pouchdb_push(10_000),
        "outbox one post each": lambda: one_post_each(peer(), 1_000),
        "herd 1000 x 100": lambda: herd.herd(chain(), 1_000, 100),
        "scan http 1": lambda: scan.product_offline(*trading(), 1),
        "scan http 16": lambda: scan.product_offline(*trading(), 16),
        "scan http 16 linked": lambda: scan.product_http(*trading(), 16),
        "peer http 1": lambda: scan.peer_http(1),
        "peer http 16": lambda: scan.peer_http(16),
        "scan inside": scan.product_inside,
        "plain sqlite": scan.plain_sqlite,
        "wire backlog": lambda: wire.backlog_bytes(chain()),
        "snapshot 50k": new_box,
        "pages 50k": lambda: snapshot.peer_pages(peer()),
        "edge memory": memory.edge_memory,
        "simulation": memory.simulation_rate,
    }
    for per_second in (20, 200):
        cells[f"live {per_second}"] = lambda r=per_second: live.live(chain(), *trading(), r)
        cells[f"pouchdb live {per_second}"] = lambda r=per_second: peers_live.pouchdb_live(r)
        cells[f"rxdb live {per_second}"] = lambda r=per_second: peers_live.rxdb_live(r)
    cells["wire live"] = lambda: wire.live_payload_bytes(chain())
    if is_million:
        cells["backlog 1m"] = lambda: product.backlog(chain(), 1_000_000)
    return cells


def _api_cells(head_office: Callable[[str], Stack]) -> dict[str, Cell]:
    """The hub's REST API and its peer; `head_office` opens a stack of this name."""
    served = _once(lambda: shop.furnish(head_office("api")))
    importing = _once(lambda: head_office("import"))
    sold = _once(lambda: sales_year.fill(head_office("sales")))
    cells: dict[str, Cell] = {
        "api search 64": lambda: rest.search(served(), 64),
        "api peer search 64": lambda: rest.peer_search(served(), 64),
        "api decrement hot": lambda: rest.decrement(served(), 1, 64),
        "api peer decrement hot": lambda: rest.peer_decrement(served(), 1, 64),
        "api decrement 1000": lambda: rest.decrement(served(), 1_000, 64),
        "api peer decrement 1000": lambda: rest.peer_decrement(served(), 1_000, 64),
        "api batch 500": lambda: rest.batches(served(), 500),
        "api batch 1": lambda: rest.batches(served(), 1),
        "api import 100k": lambda: rest.import_products(importing()),
        "api sales report": lambda: sales_year.report(sold()),
        "api sales plain": lambda: sales_year.plain(sold()),
        f"api mixed {rest.MANY}": lambda: rest.mixed(served(), rest.MANY),
        f"api peer mixed {rest.MANY}": lambda: rest.peer_mixed(served(), rest.MANY),
    }
    for connections in (64, 1_000):
        cells[f"api product {connections}"] = lambda c=connections: rest.product(served(), c)
        cells[f"api peer product {connections}"] = lambda c=connections: rest.peer_product(served(), c)
    return cells


def _box_cells(chain: Callable[[], Stack]) -> dict[str, Cell]:
    """One box with its scanners and screens; the chain is for what a hub has a part in."""
    furnished = _once(lambda: swap.furnish(chain()))
    return {
        **{f"box {name}": cell for name, cell in scanners.cells().items()},
        "box byte to event": lambda: byte_to_event.while_syncing(chain()),
        "box scan to screen": screens.scan_to_screen,
        "box first load": screens.first_load,
        "box search": box.search,
        "box resolve": box.resolve,
        "box memory": box.weight,
        "box swap while selling": lambda: swap.while_selling(*furnished()),
    }


def _opened(opened: ExitStack, stack: Stack) -> Stack:
    opened.callback(stack.close)
    return stack


def _database(chain: Stack, name: str) -> str:
    chain.postgres.create_database(name)
    return chain.postgres.url(name)


def _floor(chain: Stack) -> str:
    url = _database(chain, "floor")
    asyncio.run(floors.prepare(url))
    return url


def _trading_store(stack: Stack) -> tuple[Store, list[str]]:
    """A running store that has plenty of some products, as the references have, and their codes."""
    made = [a_product(stack, number) for number in range(CODES)]
    store = stack.add_store("trading")
    codes = [code_of(each) for each in made]
    wait_until(
        lambda: store.get(f"/api/v1/barcode/lookup/{codes[-1]}").status == 200, "the store has the catalogue", 120
    )
    stock_up(store, made, "1000000")
    return store, codes


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """Made at the first use, then kept: a cell that is not chosen costs nothing."""
    return lru_cache(maxsize=1)(make)


def _fdatasync_us(folder: Path) -> float:
    path = folder / "fdatasync.bin"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_TRUNC)
    times = []
    for _ in range(200):
        os.write(descriptor, b"y" * 4096)
        started = time.perf_counter()
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - started)
    os.close(descriptor)
    return statistics.median(times) * 1e6


if __name__ == "__main__":
    sys.exit(main())
