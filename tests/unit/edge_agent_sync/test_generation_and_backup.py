"""A box remembers outside its database how far it was, and a backup that is put back is noticed."""

import sqlite3
import stat
from pathlib import Path

import pytest

from edge_agent.errors import Conflict, Refused, Unavailable
from edge_agent.services import backup, generation
from edge_agent.services.generation import Generation
from edge_agent.storage import database, identity, ledger, upgrade
from edge_agent.storage.files import Folder
from tests.unit.edge_agent_sync.builders import an_id, an_identity, sell


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path)
    upgrade.to_head(found.database)
    connection = connect(found)
    database.transact(connection, identity.create, an_identity())
    connection.close()
    return found


def connect(folder: Folder) -> sqlite3.Connection:
    return database.connect(folder.database)


def start(folder: Folder) -> generation.Start:
    """One start of the agent."""
    connection = connect(folder)
    found = database.transact(connection, generation.start, generation.recall(folder))
    generation.remember(folder, generation.seen(connection))
    connection.close()
    return found


def sell_some(folder: Folder, count: int) -> int:
    connection = connect(folder)
    head = database.transact(connection, sell, count)
    generation.remember(folder, generation.seen(connection))
    connection.close()
    return head


def test_each_start_has_the_next_boot(folder: Folder) -> None:
    assert [start(folder).boot for _ in range(3)] == [1, 2, 3]


def test_a_database_that_was_put_back_is_noticed_and_starts_past_every_known_boot(folder: Folder) -> None:
    start(folder)
    old = folder.database.read_bytes()
    for _ in range(3):
        start(folder)
    sell_some(folder, 5)
    folder.database.write_bytes(old)

    found = start(folder)

    assert found.boot == 5
    assert found.is_rolled_back


def test_a_lost_side_file_is_no_error(folder: Folder) -> None:
    start(folder)
    folder.generation.write_text("garbage")

    assert start(folder) == generation.Start(2, 0, False)


def test_the_side_file_of_another_origin_says_nothing(folder: Folder) -> None:
    generation.remember(folder, Generation(an_id(90), 50, 1_000))

    assert start(folder) == generation.Start(1, 0, False)


def test_a_backup_holds_everything_and_is_private(folder: Folder) -> None:
    head = sell_some(folder, 7)
    target = folder.path / "copy.db"

    copied = backup.backup(folder, target)

    assert copied.head == head
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert backup.verify(target) == []
    assert backup.inspect(target).origin_id == an_identity().origin_id


def test_a_backup_never_overwrites_a_file(folder: Folder) -> None:
    (folder.path / "copy.db").write_text("mine")

    with pytest.raises(Conflict):
        backup.backup(folder, folder.path / "copy.db")


def test_a_restored_box_has_the_backups_records_and_a_newer_boot(folder: Folder) -> None:
    start(folder)
    head = sell_some(folder, 3)
    backup.backup(folder, folder.path / "copy.db")
    for _ in range(4):
        start(folder)
    sell_some(folder, 5)

    backup.restore(folder, folder.path / "copy.db")

    found = start(folder)
    assert (found.head, found.boot, found.is_rolled_back) == (head, 6, True)
    assert (folder.path / "store.db.before-restore").exists()


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 500])
def test_what_is_no_backup_is_not_restored(folder: Folder, content: bytes) -> None:
    sell_some(folder, 3)
    source = folder.path / "wrong.db"
    source.write_bytes(content)

    with pytest.raises((Refused, Unavailable)):
        backup.restore(folder, source)

    connection = connect(folder)
    assert ledger.head(connection)[0] == 4
    connection.close()


def test_a_backup_of_another_box_is_not_restored(folder: Folder, tmp_path: Path) -> None:
    start(folder)
    other = tmp_path / "other.db"
    backup.backup(folder, other)
    connection = database.connect(other)
    database.transact(connection, identity.save_origin, an_id(91), "")
    connection.close()

    with pytest.raises(Conflict) as caught:
        backup.restore(folder, other)

    assert caught.value.code == "other_origin"


def test_verify_names_what_is_wrong(folder: Folder) -> None:
    sell_some(folder, 3)
    connection = connect(folder)
    connection.execute("UPDATE levels SET quantity = quantity + 1000 WHERE location = 'shelf'")
    connection.close()

    problems = backup.verify(folder.database)

    assert any("level of" in problem for problem in problems)
