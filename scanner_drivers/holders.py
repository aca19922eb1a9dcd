"""Who has a device open: the processes, by number and name, as far as this user may see them."""

import os
from pathlib import Path
from typing import NamedTuple


class Holder(NamedTuple):
    pid: int
    name: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.name})"


def holders_of(path: str) -> list[Holder]:
    """The other processes that hold the device open."""
    target = os.path.realpath(path)
    pids = {int(fd.parts[2]) for fd in Path("/proc").glob("[0-9]*/fd/*") if _leads_to(fd, target)}
    return [Holder(pid, _name_of(pid)) for pid in sorted(pids - {os.getpid()})]


def _leads_to(fd: Path, target: str) -> bool:
    try:
        return str(fd.readlink()) == target
    except OSError:
        return False


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "?"
