"""One writer, shared commits, honest failures, and files of other versions."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from edge_agent.errors import Conflict, Unavailable
from edge_agent.storage import ddl, identity, schema, upgrade
from edge_agent.storage.database import PAUSE_CHANGES, PAUSE_S, Database, quick_check
from edge_agent.storage.identity import Identity


def put(connection: sqlite3.Connection, number: int) -> int:
    connection.execute("INSERT INTO rejected (position, told_at) VALUES (?, 0)", (number,))
    return number


def count(connection: sqlite3.Connection) -> int:
    total: int = connection.execute("SELECT count(*) FROM rejected").fetchone()[0]
    return total


def refuse(connection: sqlite3.Connection, number: int) -> None:
    put(connection, number)
    raise Conflict("no", "no")


def record(connection: sqlite3.Connection, position: int) -> None:
    row = (position, "x", b"", b"")
    connection.execute("INSERT INTO ledger (sequence, kind, encoded, chain_hash) VALUES (?, ?, ?, ?)", row)


async def test_a_write_is_there_after_it_returned(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")

    assert await database.write(put, 1) == 1

    with sqlite3.connect(tmp_path / "store.db") as other:
        assert count(other) == 1
    await database.close()


async def test_of_functions_that_share_a_commit_a_failed_one_undoes_only_itself(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")

    results = await asyncio.gather(
        *(database.write(refuse if number % 3 == 0 else put, number) for number in range(90)), return_exceptions=True
    )

    assert [isinstance(result, Conflict) for result in results] == [number % 3 == 0 for number in range(90)]
    assert await database.read(count) == 60
    await database.close()


async def test_a_function_that_fails_alone_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")

    with pytest.raises(Conflict):
        await database.write(refuse, 1)

    assert await database.write(put, 1) == 1
    assert await database.read(count) == 1
    await database.close()


async def test_a_cancelled_caller_leaves_no_open_transaction(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    tasks = [asyncio.create_task(database.write(put, number)) for number in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert await database.write(put, 1000) == 1000
    assert await database.read(count) == 51, "a cancelled call's outcome is unknown to it, and here it was done"
    await database.close()


async def test_a_read_cannot_write(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(put, 1)
    await database.close()


async def test_commits_that_change_something_are_told_once_each_with_the_position_that_they_led_to(
    tmp_path: Path,
) -> None:
    database = Database.open(tmp_path / "store.db")
    told: list[int] = []
    database.on_commit(told.append)

    await database.write(put, 1)
    await database.write(count)
    await database.write(record, 7)
    with pytest.raises(Conflict):
        await database.write(refuse, 8)

    assert told == [0, 7], "what only read and what was undone is not told"
    await database.close()


async def test_a_pause_of_the_trade_is_used_to_copy_the_wal_into_the_file(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    await asyncio.gather(*(database.write(put, number) for number in range(PAUSE_CHANGES)))

    async with asyncio.timeout(10):
        while without_wal(tmp_path / "store.db") < PAUSE_CHANGES:  # noqa: ASYNC110 - the writer thread tells nobody
            await asyncio.sleep(PAUSE_S)

    assert await database.write(put, PAUSE_CHANGES) == PAUSE_CHANGES
    await database.close()


def without_wal(path: Path) -> int:
    """How many rows the file itself holds."""
    other = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    try:
        return count(other)
    finally:
        other.close()


async def test_a_full_disk_is_an_error_with_a_remedy_and_nothing_is_half_done(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())

    def fill(connection: sqlite3.Connection) -> None:
        put(connection, 1)
        connection.execute("INSERT INTO scans (occurred_at, mode, raw, outcome) VALUES (0, 'x', zeroblob(4000000), '')")

    results = await asyncio.gather(*(database.write(fill) for _ in range(3)), return_exceptions=True)

    assert [getattr(result, "code", None) for result in results] == ["storage_full"] * 3
    assert all(getattr(result, "remedy", None) for result in results)
    assert await database.read(count) == 0
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert await database.write(put, 2) == 2
    await database.close()


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    await database.write(put, 1)
    await database.close()
    await database.close()
    with pytest.raises(Unavailable):
        await database.write(put, 2)


def test_a_new_file_is_what_the_migrations_would_have_made(tmp_path: Path) -> None:
    upgrade.to_head(tmp_path / "new.db")
    upgrade.migrate(tmp_path / "migrated.db", schema.REVISION)

    def content(path: Path) -> tuple[dict[str, str], list[object]]:
        connection = sqlite3.connect(path)
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        shape = {name: " ".join(sql.split()) for name, sql in rows if name != "alembic_version"}
        return shape, connection.execute("SELECT * FROM policy").fetchall()

    assert content(tmp_path / "new.db") == content(tmp_path / "migrated.db")
    assert upgrade.current(tmp_path / "new.db") == upgrade.current(tmp_path / "migrated.db") == schema.REVISION


def test_a_file_with_a_row_in_every_table_is_sound_by_sqlites_own_check(tmp_path: Path) -> None:
    """SQLite 3.40 takes NOT NULL columns for NULL that stand before the key of a table without rowid."""
    path = tmp_path / "store.db"
    upgrade.migrate(path, "0007")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO former_records VALUES ('o', 1, x'01', x'02')")
        connection.execute("INSERT INTO count_events VALUES ('d', 1, 'p', 'shelf', 5, 0, 1, 2, 3)")

    upgrade.to_head(path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT encoded, chain_hash FROM former_records").fetchall() == [(b"\1", b"\2")]
        assert connection.execute("SELECT product_id, location FROM count_events").fetchall() == [("p", "shelf")]
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in schema.metadata.sorted_tables:
            _put_a_row(connection, table)
        connection.commit()
    quick_check(path)


def _put_a_row(connection: sqlite3.Connection, table: sa.Table) -> None:
    """Any, of the right types; tables of one row have theirs."""
    values = {c.name: {"INTEGER": 1, "TEXT": "[]", "BLOB": b"1"}[str(c.type.compile(sqlite.dialect()))]
              for c in table.columns}  # fmt: skip
    names, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
    connection.execute(f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({marks})", list(values.values()))


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE products (mine TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable):
        Database.open(path)
    assert path.read_bytes() == before


def test_the_head_of_the_migrations_is_the_revision_that_this_program_opens(tmp_path: Path) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(upgrade.MIGRATIONS))
    found = ScriptDirectory.from_config(config)
    assert found.get_heads() == [schema.REVISION]
    assert {script.revision for script in found.walk_revisions()} == set(schema.KNOWN_REVISIONS)


def test_down_and_up_again_gives_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    upgrade.to_head(path)
    upgrade.migrate(path, "base")
    left = sqlite3.connect(path).execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert left == [("alembic_version",)]
    upgrade.to_head(path)
    assert upgrade.current(path) == schema.REVISION


def test_a_file_from_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    upgrade.to_head(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(Unavailable) as caught:
        Database.open(path)

    assert caught.value.code == "database_newer"
    assert caught.value.remedy
    assert path.read_bytes() == before


def test_an_upgrade_makes_a_copy_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    upgrade.to_head(path)
    seen: list[str] = []
    monkeypatch.setattr(upgrade, "REVISION", "9999")
    monkeypatch.setattr(upgrade, "migrate", lambda _path, revision: seen.append(revision))

    upgrade.to_head(path)

    assert seen == ["9999"]
    assert upgrade.current(tmp_path / "store.db.before-9999") == schema.REVISION


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(Unavailable) as caught:
        Database.open(path)
    assert caught.value.code == "database_damaged"
    assert path.read_bytes() == content


def test_a_damaged_page_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    upgrade.to_head(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        for number in range(3000):
            put(connection, number)
    connection.close()
    data = bytearray(path.read_bytes())
    data[-4096:] = b"\xee" * 4096
    path.write_bytes(data)
    with pytest.raises(Unavailable) as caught:
        quick_check(path)
    assert caught.value.code == "database_damaged"


async def test_starts_are_counted(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    await database.write(identity.create, Identity("s", "n", "d", "o"))
    assert [await database.write(identity.next_boot) for _ in range(3)] == [1, 2, 3]
    await database.close()


def test_a_stamp_never_stands_still_or_goes_back_but_behind_a_clock_that_was_far_ahead() -> None:
    connection = sqlite3.connect(":memory:")
    ddl.create(connection)
    identity.create(connection, Identity("s", "n", "d", "o"))
    stamps = [identity.next_hlc(connection, now) for now in (100, 100, 50, 200, 900_000, 300)]
    assert stamps == [(100, 0), (100, 1), (100, 2), (200, 0), (900_000, 0), (300, 0)]
