"""A box that sells, is acknowledged, and forgets what it may: the program under test of the pruning points.

python -m tests.crash_points.pruner DATABASE
"""

import asyncio
import sys
from pathlib import Path

from edge_agent.storage import identity, ledger, retention
from tests.processes import till

SOLD = 120
KEPT_FROM = 80


async def _main(path: Path) -> None:
    database = await till.open_store(path)
    head, _ = await database.read(ledger.head)
    if head < SOLD:
        for number in range(SOLD):
            await database.write(ledger.append, [till.sale(number, f"k{number}")])
    await database.write(identity.save_ack, SOLD, SOLD, 1)
    for below in (40, 60, KEPT_FROM):
        await database.write(retention.prune, below, till.WHEN_MS)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
