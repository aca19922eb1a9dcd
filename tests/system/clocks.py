"""A wrong clock for one process: libfaketime, steered through a file while it runs.

Only the wall clock lies; the monotonic one stays real, as it does when a clock is set.
"""

from pathlib import Path

_FOUND = sorted(Path("/usr/lib").glob("**/faketime/libfaketime.so.1"))
LIBFAKETIME = _FOUND[0] if _FOUND else None


def a_clock(file: Path, offset: str) -> dict[str, str]:
    """The environment of a process whose clock is off by `offset` ("+3d", "-2h", "+0")."""
    assert LIBFAKETIME is not None
    set_clock(file, offset)
    return {
        "LD_PRELOAD": str(LIBFAKETIME), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip


def set_clock(file: Path, offset: str) -> None:
    """Step the clock of the running process."""
    part = file.with_suffix(".part")
    part.write_text(f"{offset}\n")
    part.replace(file)
