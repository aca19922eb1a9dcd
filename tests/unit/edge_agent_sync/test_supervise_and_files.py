"""Tasks are started again after a failure; private files are whole, private and one process's."""

import asyncio
import stat
from pathlib import Path

import pytest

from edge_agent import supervise
from edge_agent.errors import Conflict
from edge_agent.storage.files import Folder, lock, write_private


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "CAP_S", 0.0)


async def test_a_task_that_fails_is_started_again_until_it_ends() -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        if len(runs) < 4:
            raise ValueError("a bug")

    await supervise.keep_running("work", work)

    assert len(runs) == 4


async def test_a_cancellation_is_no_failure() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(supervise.keep_running("work", work))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_private_file_is_replaced_as_a_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old and longer")
    path.chmod(0o644)

    write_private(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["secret"]


def test_a_data_directory_is_one_process_s(tmp_path: Path) -> None:
    with lock(Folder(tmp_path)), pytest.raises(Conflict) as caught, lock(Folder(tmp_path)):
        pass
    with lock(Folder(tmp_path)):
        pass

    assert caught.value.code == "running"


def test_a_directory_that_is_not_there_is_not_enrolled(tmp_path: Path) -> None:
    with pytest.raises(Conflict) as caught, lock(Folder(tmp_path / "nowhere")):
        pass

    assert caught.value.code == "not_enrolled"
