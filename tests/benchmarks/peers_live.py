"""The JavaScript peers as cells: pushing a backlog, and live."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.harness import Figures
from tests.benchmarks.peers.processes import BENCH, javascript_client, javascript_server


def pouchdb_push(count: int) -> Figures:
    """PouchDB, batches of 1000: its best."""
    with _folder() as folder, javascript_server("pouchdb", str(folder / "server")) as port:
        return javascript_client("pouchdb", "push", port, str(folder / "client"), str(count), "1000")


def pouchdb_live(per_second: int, seconds: float = 6.0) -> Figures:
    """PouchDB replicating live."""
    with _folder() as folder, javascript_server("pouchdb", str(folder / "server")) as port:
        count = str(int(per_second * seconds))
        return javascript_client("pouchdb", "live", port, str(folder / "client"), count, str(per_second))


def rxdb_live(per_second: int, seconds: float = 6.0) -> Figures:
    """RxDB replicating live, in memory at both ends."""
    with javascript_server("rxdb") as port:
        return javascript_client("rxdb", "live", port, str(int(per_second * seconds)), str(per_second))


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=BENCH))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
