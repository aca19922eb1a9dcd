"""The disk of a store box fills up: nothing acknowledged is lost, reading goes on, room heals."""

from pathlib import Path

import pytest

from edge_agent.errors import Unavailable
from edge_agent.services import backup
from edge_agent.storage import ledger
from tests.processes import till, volumes

REASON = volumes.skip_reason()
pytestmark = [
    pytest.mark.requires_root,
    pytest.mark.skipif(REASON is not None, reason=f"NO FULL DISK PROVEN: {REASON}"),
]


@pytest.mark.parametrize("kilobytes", [4_096, 6_144])
async def test_a_full_disk_refuses_by_name_keeps_reading_and_heals_without_a_restart(
    tmp_path: Path, kilobytes: int
) -> None:
    with volumes.small_disk(tmp_path / "disk", kilobytes) as disk:
        database = await till.open_store(disk / "store.db")
        acknowledged: list[str] = []
        try:
            for round_ in range(3):
                await _sell_until(database, acknowledged, f"r{round_}", 50)
                filler = volumes.fill(disk)
                with pytest.raises(Unavailable) as refused:
                    await _sell_until(database, acknowledged, f"full{round_}", 100_000)
                assert refused.value.code == "storage_full"

                head, _ = await database.read(ledger.head)
                assert head >= len(acknowledged), "what was acknowledged can be read on the full disk"

                filler.unlink()
                await _sell_until(database, acknowledged, f"after{round_}", 5)
        finally:
            await database.close()
        assert till.kept(disk / "store.db") == acknowledged, "in order, each once, nothing else"
        assert backup.verify(disk / "store.db") == []


async def _sell_until(database: till.Database, acknowledged: list[str], prefix: str, count: int) -> None:
    for number in range(count):
        key = f"{prefix}-{number}"
        await database.write(ledger.append, [till.sale(number, key)])
        acknowledged.append(key)
