"""What an agent weighs, and how fast the simulator goes."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.local.calls import wait_until
from tests.benchmarks import product, snapshot
from tests.benchmarks.harness import Figures, rss_mb
from tests.benchmarks.material import fill_store, product_ids
from tests.benchmarks.peers.processes import BENCH, ROOT


def edge_memory() -> Figures:
    """RSS of an agent with 50,000 products that has sent 100,000 movements, and of a bare interpreter."""
    folder = Path(tempfile.mkdtemp(prefix="memory-", dir=BENCH))
    folder.chmod(0o755)
    stack = product.open_stack(folder)
    try:
        asyncio.run(snapshot.fill_hub(stack.postgres.url("backstock")))
        store = stack.add_store("memory", start=False)
        fill_store(store.folder / "store.db", product_ids(), 100_000)
        store.start()
        wait_until(lambda: _is_settled(store.sync()), "everything is sent and the catalogue is there", 180)
        wait_until(lambda: store.get("/api/v1/products?limit=1").body["items"], "the catalogue is there", 120)
        time.sleep(2)
        assert store.program is not None
        assert store.program.pid is not None
        return {"rss_mb": rss_mb(store.program.pid), "interpreter_mb": _interpreter_mb()}
    finally:
        stack.close()


def simulation_rate(seeds: int = 60) -> Figures:
    """Schedules per second on one core."""
    command = [sys.executable, "-m", "tests.simulation", "--seeds", str(seeds), "--jobs", "1"]
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ.copy(), capture_output=True, text=True, check=True, timeout=600
    )
    told = re.search(r"([\d.]+) schedules/s", done.stdout)
    return {"rate": float(told.group(1)) if told else seeds / (time.perf_counter() - started)}


def _is_settled(sync: dict[str, object]) -> bool:
    feed = sync["feed"]
    return sync["pending"] == 0 and sync["state"] == "streaming" and isinstance(feed, dict) and bool(feed["origin_id"])


def _interpreter_mb() -> float:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"])
    time.sleep(0.5)
    size = rss_mb(process.pid)
    process.kill()
    process.wait()
    return size
