"""Keep the process small: a store box has 512 MB for everything.

glibc gives every thread an arena of its own and rarely gives it back; with a handful of
threads that is ten megabytes for nothing. Set before the first thread is started. Import
this module before all others: it also decides what structlog brings along.
"""

import ctypes
import gc
import sys

_M_ARENA_MAX = -8
_USUAL = gc.get_threshold()
_WHILE_STARTING = (100_000, *_USUAL[1:])
"""What starting makes stays: looking through it again and again was a sixth of a start."""
_LIBC = ctypes.CDLL(None)


def save() -> None:
    """One arena for all threads, where the C library knows the word."""
    mallopt = getattr(_LIBC, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return what a burst (a backlog, a snapshot) has left behind to the system."""
    malloc_trim = getattr(_LIBC, "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


def settle() -> None:
    """What starting has made stays for good: no full collection walks it again while a scan waits (50 ms here)."""
    gc.collect()
    give_back()
    gc.freeze()
    gc.set_threshold(*_USUAL)


def _import_structlog_alone() -> None:
    """structlog imports rich where it finds it: three megabytes for traces in colour that no box prints."""
    if "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]
        import structlog  # noqa: F401

        del sys.modules["rich"]


gc.set_threshold(*_WHILE_STARTING)
_import_structlog_alone()
