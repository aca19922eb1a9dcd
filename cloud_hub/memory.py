"""Keep the process small and its pauses short: what the C library and the collector are told.

glibc gives every thread an arena of its own and rarely gives anything back: after a thousand
stores had come back and a snapshot was made, 105 of 322 MB were nobody's.
"""

import asyncio
import ctypes
import gc

_M_ARENA_MAX = -8
_ARENAS = 2
_GIVE_BACK_EVERY_S = 5.0
_LIBC = ctypes.CDLL(None)

# Import this module before all others: what starting makes stays, and looking through it again and again was an eighth
# of a start.
gc.set_threshold(100_000, 20, 20)


def save() -> None:
    """Few arenas for all threads, where the C library knows the word; before the first thread."""
    mallopt = getattr(_LIBC, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def settle() -> None:
    """Let the garbage collector look at young objects, and at all of them seldom.

    A full collection walks every object alive and stops intake meanwhile: 60 to 110 ms each, two
    fifths of the CPU when a thousand stores came back (6.3 ms a store, 3.7 with this). What
    starting has made stays for good, and what batches make is freed by reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


async def give_back() -> None:
    """Return what bursts have left behind to the system, for ever."""
    malloc_trim = getattr(_LIBC, "malloc_trim", None)
    while True:
        await asyncio.sleep(_GIVE_BACK_EVERY_S)
        if malloc_trim is not None:
            await asyncio.to_thread(malloc_trim, 0)
