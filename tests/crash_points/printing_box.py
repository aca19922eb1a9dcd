"""A box that prints: the program under test of the printing points. It ends when its one job is over.

python -m tests.crash_points.printing_box DATABASE PORT LABELS
"""

import asyncio
import sys
from pathlib import Path

from edge_agent.config import PrinterConfig
from edge_agent.services.labelling import Wanted
from edge_agent.storage import print_jobs
from tests.integration.labels.paper import at_work
from tests.unit.edge_agent.a_store import a_product, code_of


async def _main(path: Path, port: int, labels: int) -> None:
    product = a_product(1)
    wanted = Wanted(product_id=product.product_id, code=code_of(product).zfill(14), copies=labels)
    async with at_work(path, [PrinterConfig(name="shelf", output=f"tcp://127.0.0.1:{port}")]) as shop:
        jobs = await shop.database.read(print_jobs.list_jobs, 1)
        await shop.over(jobs[0].job_id if jobs else await shop.ask(wanted))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
