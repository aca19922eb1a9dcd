"""Death inside chores of a stopped store box: pruning, backup, restore, making the database."""

import asyncio
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.crashpoints import REGISTRY
from edge_agent.services import backup
from edge_agent.services.generation import Generation, remember
from edge_agent.storage import ledger, levels
from edge_agent.storage.database import Database, connect
from edge_agent.storage.files import Folder
from tests.crash_points import pruner
from tests.processes import till
from tests.system.commands import DIED, run

HITS = (1, 2, 3)
PRUNING = ("edge.prune.before_delete", "edge.prune.after_delete")
MIGRATING = ("edge.migrate.before_upgrade", "edge.migrate.after_upgrade")
COPYING = ("edge.backup.before_rename", "edge.backup.after_rename")
RESTORING = ("edge.restore.before_rename", "edge.restore.after_rename")
CHORES = PRUNING + MIGRATING + COPYING + RESTORING


def test_these_chores_are_registered() -> None:
    assert set(CHORES) <= set(REGISTRY)


@pytest.mark.parametrize("hit", HITS)
@pytest.mark.parametrize("point", PRUNING)
def test_a_box_that_dies_while_pruning_has_its_levels_and_its_proof(tmp_path: Path, point: str, hit: int) -> None:
    path = tmp_path / "store.db"
    command = [sys.executable, "-m", "tests.crash_points.pruner", str(path)]
    assert run(command, crash=(point, hit)) == DIED
    assert backup.verify(path) == [], "after the death"

    assert run(command) == 0

    assert backup.verify(path) == []
    with closing(connect(path)) as connection:
        assert ledger.head(connection)[0] >= pruner.SOLD
        sold = sum(quantity for _, at, quantity in levels.all_levels(connection) if at == "customer")
        assert sold == pruner.SOLD * 1_000


@pytest.mark.parametrize("point", MIGRATING)
def test_a_box_that_dies_while_making_its_database_makes_it_at_the_next_start(tmp_path: Path, point: str) -> None:
    path = tmp_path / "store.db"
    command = [sys.executable, "-m", "tests.crash_points.pruner", str(path)]
    assert run(command, crash=(point, 1)) == DIED
    assert run(command) == 0
    assert backup.verify(path) == []


@pytest.mark.parametrize("point", COPYING)
def test_a_backup_that_dies_leaves_a_whole_file_or_none(tmp_path: Path, point: str) -> None:
    folder = _a_box(tmp_path)
    command = _agent(folder, "backup", str(tmp_path / "copy.db"))
    assert run(command, crash=(point, 1)) == DIED
    if not (tmp_path / "copy.db").exists():
        assert run(command) == 0
    assert backup.verify(tmp_path / "copy.db") == []
    assert backup.inspect(tmp_path / "copy.db").head == backup.inspect(folder.database).head


@pytest.mark.parametrize("point", RESTORING)
def test_a_restore_that_dies_leaves_the_old_database_or_the_restored_one(tmp_path: Path, point: str) -> None:
    folder = _a_box(tmp_path)
    backup.backup(folder, tmp_path / "copy.db")
    kept = backup.inspect(tmp_path / "copy.db").head
    asyncio.run(_sell(folder.database, "later", 5))
    newest = backup.inspect(folder.database).head
    command = _agent(folder, "restore", str(tmp_path / "copy.db"))

    assert run(command, crash=(point, 1)) == DIED
    assert backup.inspect(folder.database).head in (kept, newest)
    assert run(command) == 0

    assert backup.inspect(folder.database).head == kept
    assert backup.inspect(folder.path / "store.db.before-restore").head in (kept, newest)
    assert backup.verify(folder.database) == []


def _a_box(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "box")
    folder.path.mkdir()
    asyncio.run(_sell(folder.database, "first", 20))
    remember(folder, Generation(till.WHO.origin_id, 1, 20))
    return folder


async def _sell(path: Path, prefix: str, count: int) -> None:
    database: Database = await till.open_store(path)
    for number in range(count):
        await database.write(ledger.append, [till.sale(number, f"{prefix}-{number}")])
    await database.close()


def _agent(folder: Folder, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge_agent", "--data", str(folder.path), *arguments]
