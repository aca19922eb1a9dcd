"""One demo per folder: the lock, the note for other shells, what a killed run left, signals.

Invariant: what this demo started is gone when it ends, and what a killed one left is ended
before anything is started on the same data.
"""

import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from deploy.local.postgres import end_leftover as end_postgres
from deploy.local.programs import end_leftover

NOTE = "running.json"
ROOM_BYTES = 3 << 30
"""A demo fills some hundred MB, and a box takes no catalogue while less than 2 GiB are free."""


class RunsAlready(Exception):
    """Another demo holds the folder; `note` says what it told about itself."""

    def __init__(self, note: dict[str, Any]) -> None:
        super().__init__(f"a demo runs already (pid {note.get('pid')}) at {note.get('api', '…')}")
        self.note = note


class Stopped(BaseException):
    """SIGTERM or Ctrl-C; raised once, in the main thread, so that every `with` closes what it opened."""


class NoRoom(Exception):
    """The disk of the demo's folder is too full to begin."""


def see_room(folder: Path, needed: int = ROOM_BYTES) -> None:
    """Raises NoRoom: a store would come up and then, rightly, wait with its catalogue."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoom(f"{folder} needs {needed / 2**30:.0f} GiB of free disk, {free / 2**30:.1f} are there: make room")


@contextmanager
def owned(folder: Path, *, is_fresh: bool) -> Iterator[Path]:
    """Hold the folder, recovered and, when asked, empty. Raises RunsAlready."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunsAlready(read_note(folder)) from error
        end_leftovers(folder)
        if is_fresh:
            empty(folder)
        try:
            yield folder
        finally:
            (folder / NOTE).unlink(missing_ok=True)


def empty(folder: Path) -> None:
    """Remove everything but the lock that we hold."""
    for path in folder.iterdir():
        if path.name == "lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def end_leftovers(folder: Path) -> None:
    """End the programs and the server that a killed run left behind."""
    for note in sorted(folder.rglob("*.pid")):
        if note.name != "postmaster.pid":
            end_leftover(note)
            note.unlink(missing_ok=True)
    end_postgres(folder.resolve() / "postgres" / "data")


def write_note(folder: Path, **facts: Any) -> None:
    """Tell other shells where we are."""
    path = folder / NOTE
    path.write_text(json.dumps({"pid": os.getpid(), **facts}), encoding="utf-8")
    path.chmod(0o600)


def read_note(folder: Path) -> dict[str, Any]:
    """What the running demo told; empty when it has not got that far."""
    with suppress(OSError, ValueError):
        return dict(json.loads((folder / NOTE).read_text(encoding="utf-8")))
    return {}


def stop_on_signals() -> None:
    """The first SIGTERM or SIGINT raises Stopped; later ones cannot disturb the clean-up."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    signal.signal(signal.SIGHUP, stop)
