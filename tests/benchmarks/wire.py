"""Bytes on the wire: a backlog of real sales, and one live movement.

The backlog is the UCI "Online Retail" file (`date,item,qty`; SALES_FILE, or the usual place)
when it is there, else the benchmark's own sales; counted by the store's proxy, everything
included (MQTT headers, acks, the Hello).
"""

import asyncio
import csv
import gzip
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from deploy.local.calls import wait_until
from deploy.local.stack import Stack
from edge_agent.domain.movement import Draft, Goods
from edge_agent.storage import database, ledger
from tests.benchmarks.harness import Figures
from tests.benchmarks.peers.processes import ROOT
from tests.benchmarks.product import a_filled_store, discard

USUAL_PLACE = ROOT.parent / "shared" / "data" / "uci_online_retail_daily.csv.gz"


def sales_file() -> Path | None:
    """The real sales, if they are on this machine."""
    path = Path(os.environ.get("SALES_FILE", USUAL_PLACE))
    return path if path.exists() else None


def backlog_bytes(stack: Stack) -> Figures:
    """Bytes per movement, both directions, from the first byte of the connection to the last ack."""
    path = sales_file()
    store = a_filled_store(stack, 0 if path else 100_000)
    count = _append_file(store.folder / "store.db", path) if path else 100_000
    try:
        store.start()
        wait_until(lambda: store.sync()["acked"] >= store.sync()["head"], "the backlog is acknowledged", 300)
        up, down = store.to_broker.bytes_up, store.to_broker.bytes_down
        return {"bytes": (up + down) / count, "up": up / count, "movements": float(count), "is_real": float(bool(path))}
    finally:
        discard(stack, store)


def live_payload_bytes(stack: Stack) -> Figures:
    """The sealed batch of one movement whose item is known already, as the hub keeps it, with its lease frame."""

    async def read() -> list[int]:
        connection = await asyncpg.connect(stack.postgres.url("backstock"))
        rows = await connection.fetch(
            "SELECT length(sealed) AS n FROM batches WHERE count = 1 ORDER BY recorded_at DESC LIMIT 200"
        )
        await connection.close()
        return sorted(row["n"] + 9 for row in rows)

    sizes = asyncio.run(read())
    return {"payload_bytes": float(sizes[len(sizes) // 2]), "max_bytes": float(sizes[-1])}


def _append_file(target: Path, source: Path) -> int:
    connection = database.connect(target)
    count, waiting = 0, []
    for draft in _drafts(source):
        waiting.append(draft)
        count += 1
        if len(waiting) == 1_000:
            database.transact(connection, ledger.append, waiting)
            waiting = []
    database.transact(connection, ledger.append, waiting)
    connection.close()
    return count


def _drafts(source: Path) -> list[Draft]:
    """One sale per row, in order of the day; the time within the day and the item's facts come from hashes."""
    with gzip.open(source, "rt") as file:
        rows = sorted(tuple(row) for row in list(csv.reader(file))[1:])
    goods: dict[str, Goods] = {}
    made = []
    for day, item, quantity in rows:
        digest = hashlib.sha256(item.encode()).digest()
        if item not in goods:
            product = str(UUID(bytes=digest[:16], version=4))
            code = "02" + str(int.from_bytes(digest[16:24], "big") % 10**11).zfill(12)
            goods[item] = Goods(product, code, 1000, "each", 100 + digest[24] * 7, 50 + digest[25], "GBP")
        midnight = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
        at = (
            midnight
            + 9 * 3_600_000
            + int.from_bytes(hashlib.sha256(f"{day}{item}".encode()).digest()[:4], "big") % 28_800_000
        )
        made.append(Draft(goods[item], 1000 * int(quantity), "shelf", "customer", "sale", at, 0))
    return made
