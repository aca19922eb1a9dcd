"""What a cashier was told is on the disk: the setting that everything else stands on."""

from pathlib import Path

from edge_agent.storage.database import connect

FULL = 2


def test_every_commit_of_a_store_waits_for_the_disk(tmp_path: Path) -> None:
    connection = connect(tmp_path / "store.db")

    assert connection.execute("PRAGMA synchronous").fetchone()[0] == FULL
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
