"""The power of a store box goes while it sells: what was acknowledged is there afterwards.

The control runs the same with `synchronous=NORMAL` and must lose sales; if it does not, the
test bench does not cut anything and the other result means nothing.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.services import backup
from edge_agent.storage.database import Database
from tests.processes import till, volumes
from tests.processes.volumes import Loop, loop_volume

REASON = volumes.skip_reason("mkfs.ext4")
pytestmark = [
    pytest.mark.requires_root,
    pytest.mark.skipif(REASON is not None, reason=f"NO POWER CUT PROVEN: {REASON}"),
]
SALES_A_TILL = 5_000


async def test_a_power_cut_loses_no_acknowledged_sale(tmp_path: Path, seed: int) -> None:
    cycles = int(os.environ.get("POWER_CYCLES", "5"))
    choose, acknowledged = random.Random(seed), list[str]()
    with loop_volume(tmp_path, 96) as disk:
        for cycle in range(cycles):
            acknowledged += cut_while_selling(disk, "FULL", f"c{cycle}", choose.randrange(30, 400))
            found = till.kept(disk.folder / "store.db")
            assert not set(acknowledged) - set(found), f"cycle {cycle} of seed {seed} lost acknowledged sales"
            assert len(found) == len(set(found)), "no sale is there twice"
            database = Database.open(disk.folder / "store.db")
            await database.close()
            assert backup.verify(disk.folder / "store.db") == []
    assert len(acknowledged) >= 30 * cycles


def test_control_the_same_power_cut_with_synchronous_normal_loses_sales(tmp_path: Path) -> None:
    with loop_volume(tmp_path, 96) as disk:
        cut_while_selling(disk, "FULL", "before", 5)
        acknowledged = cut_while_selling(disk, "NORMAL", "control", 200)
        assert set(acknowledged) - set(till.kept(disk.folder / "store.db")), "nothing was cut: the bench is broken"


def cut_while_selling(disk: Loop, synchronous: str, prefix: str, after: int) -> list[str]:
    """Sell, cut the power after so many acknowledgements, come back; the keys acknowledged before the cut."""
    command = [sys.executable, "-m", "tests.processes.till", str(disk.folder / "store.db"), synchronous, prefix]
    process = subprocess.Popen([*command, str(SALES_A_TILL)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged: list[str] = []
    try:
        for line in process.stdout:
            assert line.startswith(("ack", "open")), line
            if line.startswith("ack"):
                acknowledged.append(line.split()[1])
            if len(acknowledged) == after:
                break
        # Only lines read before the cut count: a later one may have been printed after it.
        disk.cut_power()
    finally:
        process.kill()
        process.communicate()
    disk.unmount()
    disk.mount()
    return acknowledged
