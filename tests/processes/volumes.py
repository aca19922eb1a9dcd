"""File systems that can fill up and lose their power: a small tmpfs, and ext4 on a loop device.

`Loop.cut_power` shuts the file system down without flushing its journal, so that everything
that was not synced is gone at the next mount, as after a power cut. Needs root; `skip_reason`
says what is missing.
"""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


def skip_reason(*tools: str) -> str | None:
    """Why volumes cannot be made here, or None."""
    if os.geteuid() != 0:
        return "needs root to mount a file system"
    missing = [tool for tool in ("mount", "umount", *tools) if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)} (apt install e2fsprogs mount)"
    if subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    ).returncode:
        return "this machine does not allow mounting, even as root"
    return None


@dataclass
class Loop:
    """An ext4 file system in an image file."""

    image: Path
    folder: Path

    def mount(self) -> None:
        _run("mount", "-o", "loop,commit=300", str(self.image), str(self.folder))

    def unmount(self) -> None:
        _run("umount", str(self.folder))

    def cut_power(self) -> None:
        """From this instant nothing reaches the disk, not even what waits in the journal."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)


@contextmanager
def loop_volume(folder: Path, megabytes: int) -> Iterator[Loop]:
    """A mounted ext4 of this size, gone afterwards."""
    image, point = folder / "disk.img", folder / "disk"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    _run("mkfs.ext4", "-q", "-F", str(image))
    loop = Loop(image, point)
    loop.mount()
    try:
        yield loop
    finally:
        subprocess.run(["umount", "-l", str(point)], check=False, capture_output=True)


@contextmanager
def small_disk(point: Path, kilobytes: int) -> Iterator[Path]:
    """A tmpfs of this size at `point`."""
    point.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(point))
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=False, capture_output=True)


def fill(point: Path, name: str = "filler") -> Path:
    """Take every byte that is left; the file to delete."""
    filler = point / name
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return filler


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
