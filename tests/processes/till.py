"""A till as a process of its own: sells through the store's real storage, says what was acknowledged.

    python -m tests.processes.till DATABASE SYNCHRONOUS PREFIX COUNT

Prints `ack KEY` after each COMMIT, to a pipe that outlives the file system under test, then
`full` or `failed` at the first refusal. Four tills sell at once, so commits are shared.
"""

import asyncio
import os
import sys
from pathlib import Path

from edge_agent.domain.movement import Draft, Goods
from edge_agent.errors import Unavailable
from edge_agent.storage import identity, ledger
from edge_agent.storage.database import Database, connect

TILLS = 4
PRODUCTS = 7
WHEN_MS = 1_790_000_000_000
WHO = identity.Identity(
    site_id="00000000-0000-7000-8000-000000000001", site_name="North", device_id="00000000-0000-7000-8000-000000000002",
    origin_id="00000000-0000-7000-8000-000000000003",
)  # fmt: skip


def product(number: int) -> str:
    return f"00000000-0000-7000-8000-{number % PRODUCTS:012d}"


def sale(number: int, key: str) -> Draft:
    """One unit sold; the key is what the oracle looks for."""
    return Draft(Goods(product(number), price=199, currency="EUR"), 1_000, "shelf", "customer", "sale",
                 WHEN_MS + number, key=key)  # fmt: skip


async def open_store(path: Path, synchronous: str = "FULL") -> Database:
    """The real database, enrolled if it is new."""
    database = Database.open(path, synchronous=synchronous)
    if await database.read(identity.find) is None:
        await database.write(identity.create, WHO)
    return database


async def sell(database: Database, prefix: str, first: int, count: int) -> None:
    """One till's sales in a row, each answered before the next."""
    for number in range(first, first + count * TILLS, TILLS):
        key = f"{prefix}-{number}"
        await database.write(ledger.append, [sale(number, key)])
        _say(f"ack {key}")


def kept(path: Path) -> list[str]:
    """The keys that the ledger holds, in its order."""
    connection = connect(path)
    try:
        return [key for (key,) in connection.execute("SELECT key FROM ledger WHERE kind = 'm' ORDER BY sequence")]
    finally:
        connection.close()


async def _main(path: Path, synchronous: str, prefix: str, count: int) -> None:
    database = await open_store(path, synchronous)
    _say("open")
    try:
        async with asyncio.TaskGroup() as tills:
            for till in range(TILLS):
                tills.create_task(sell(database, prefix, till, count))
    except* Unavailable as refused:
        _say(f"refused {refused.exceptions[0].code}")  # type: ignore[union-attr]
    else:
        _say("done")
    await asyncio.Event().wait()


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
