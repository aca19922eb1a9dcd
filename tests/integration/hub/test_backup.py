"""A backup counts when it has been restored; a damaged one changes nothing; a restore is a new epoch."""

from pathlib import Path

import pytest

from cloud_hub.errors import Conflict, Invalid
from cloud_hub.services import backup
from cloud_hub.storage import hub_state
from cloud_hub.storage.database import connect

NOW = 1_790_000_000_000


async def a_backup(url: str, folder: Path) -> backup.Backup:
    return await backup.make(url, folder / "hub.backup", now_ms=NOW)


async def test_a_backup_is_verified_by_restoring_it(database_url: str, tmp_path: Path) -> None:
    made = await a_backup(database_url, tmp_path)

    problems = await backup.verify(database_url, made, now_ms=NOW + 1)

    assert problems == []
    connection = await connect(database_url)
    state = await connection.fetchval("SELECT state FROM backups WHERE id = $1", made.id)
    assert state == "verified"
    await connection.close()


async def test_a_backup_is_readable_by_its_owner_only(database_url: str, tmp_path: Path) -> None:
    made = await a_backup(database_url, tmp_path)

    assert made.path.stat().st_mode & 0o777 == 0o600


async def test_a_restore_begins_a_new_epoch(database_url: str, empty_database_url: str, tmp_path: Path) -> None:
    made = await a_backup(database_url, tmp_path)

    await backup.restore(empty_database_url, made.path, now_ms=NOW)

    connection = await connect(empty_database_url)
    state = await hub_state.get(connection)
    await connection.close()
    assert state.hub_epoch > made.manifest["hub_epoch"]
    assert state.epochs[-1]["reason"] == "restored from a backup"


async def test_a_database_in_use_is_never_restored_over(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    made = await a_backup(database_url, tmp_path)
    await backup.restore(empty_database_url, made.path, now_ms=NOW)

    with pytest.raises(Conflict) as refused:
        await backup.restore(await _in_use(empty_database_url), made.path, now_ms=NOW)

    assert refused.value.code == "database_in_use"


@pytest.mark.parametrize("damage", ["cut", "flip_early", "flip_late", "text"])
async def test_a_damaged_backup_is_refused_and_changes_nothing(
    database_url: str, empty_database_url: str, tmp_path: Path, damage: str
) -> None:
    made = await a_backup(database_url, tmp_path)
    data = bytearray(made.path.read_bytes())
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "text":
        data = bytearray(b"not a backup at all")
    else:
        data[40 if damage == "flip_early" else -40] ^= 0x10
    made.path.write_bytes(bytes(data))

    with pytest.raises(Invalid) as refused:
        await backup.restore(empty_database_url, made.path, now_ms=NOW)

    assert refused.value.code == "backup_damaged"
    connection = await connect(empty_database_url)
    assert await connection.fetchval("SELECT count(*) FROM backups") == 0
    await connection.close()


async def _in_use(url: str) -> str:
    connection = await connect(url)
    await connection.execute(
        "INSERT INTO sites (id, code, name, kind, is_default, created_at)"
        " VALUES (gen_random_uuid(), 'north', 'North', 'edge', true, 0)"
    )
    await connection.close()
    return url
