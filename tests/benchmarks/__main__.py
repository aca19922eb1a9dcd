"""`make bench`: product, floors and peers side by side, and the table in README.md.

    python -m tests.benchmarks [--rounds 5] [--only REGEX] [--million] [--folder DIR]

Everything runs on this machine over loopback, with fsync on at both ends. Without
`--million` the long cell (1,000,000 movements) is left out. The raw rounds are written to
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
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from deploy.local.calls import wait_until
from deploy.local.stack import Stack, Store
from tests.benchmarks import floors, herd, live, memory, peers_live, product, scan, snapshot, wire
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
    install()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=asked.folder or BENCH))
    folder.chmod(0o755)
    stack = product.open_stack(folder)
    try:
        cells = {name: cell for name, cell in _cells(stack, asked.million).items() if re.search(asked.only, name)}
        results = interleave(cells, rounds=asked.rounds)
    finally:
        stack.close()
    save(BENCH / "results", time.strftime("%Y%m%d-%H%M%S"), results)
    text = write_report(results, {**machine(), "fdatasync": f"{_fdatasync_us(folder):,.0f} µs (p50 of 4 KiB appends)"})
    print(text)
    if asked.write:
        (Path(__file__).parent / "README.md").write_text(text)


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


def _cells(stack: Stack, is_million: bool) -> dict[str, Cell]:
    url = stack.postgres.url
    rows = _once(lambda: floors.rows(BACKLOG))
    for name in ("floor", "peer"):
        stack.postgres.create_database(name)
    asyncio.run(floors.prepare(url("floor")))
    trading = _once(lambda: _trading_store(stack))
    catalogue = _once(lambda: asyncio.run(snapshot.fill_hub(url("backstock"))))

    def new_box() -> Figures:
        catalogue()
        return snapshot.product_snapshot(stack)

    cells: dict[str, Cell] = {
        "floor copy": lambda: floors.floor(url("floor"), "copy", rows()),
        "floor unnest": lambda: floors.floor(url("floor"), "unnest", rows()),
        "backlog 100k": lambda: product.backlog(stack, BACKLOG),
        "pouchdb push": lambda: peers_live.pouchdb_push(10_000),
        "outbox one post each": lambda: one_post_each(url("peer"), 1_000),
        "herd 1000 x 100": lambda: herd.herd(stack, 1_000, 100),
        "scan http 1": lambda: scan.product_offline(*trading(), 1),
        "scan http 16": lambda: scan.product_offline(*trading(), 16),
        "scan http 16 linked": lambda: scan.product_http(*trading(), 16),
        "peer http 1": lambda: scan.peer_http(1),
        "peer http 16": lambda: scan.peer_http(16),
        "scan inside": scan.product_inside,
        "plain sqlite": scan.plain_sqlite,
        "wire backlog": lambda: wire.backlog_bytes(stack),
        "snapshot 50k": new_box,
        "pages 50k": lambda: snapshot.peer_pages(url("peer")),
        "edge memory": memory.edge_memory,
        "simulation": memory.simulation_rate,
    }
    for per_second in (20, 200):
        cells[f"live {per_second}"] = lambda r=per_second: live.live(stack, *trading(), r)
        cells[f"pouchdb live {per_second}"] = lambda r=per_second: peers_live.pouchdb_live(r)
        cells[f"rxdb live {per_second}"] = lambda r=per_second: peers_live.rxdb_live(r)
    cells["wire live"] = lambda: wire.live_payload_bytes(stack)
    if is_million:
        cells["backlog 1m"] = lambda: product.backlog(stack, 1_000_000)
    return cells


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
    path = folder.parent / "fdatasync.bin"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_TRUNC)
    times = []
    for _ in range(200):
        os.write(descriptor, b"y" * 4096)
        started = time.perf_counter()
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - started)
    os.close(descriptor)
    path.unlink()
    return statistics.median(times) * 1e6


if __name__ == "__main__":
    sys.exit(main())
