"""Long-running parts of the process: run until one ends or somebody asks us to stop.

A part that ends by itself has failed, and the whole process ends with it (its service
manager starts it again); SIGTERM and SIGINT stop the parts in the reverse order of their
start.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

log = structlog.get_logger()
STOP_TIMEOUT_S = 20.0


class Part(NamedTuple):
    """`run` goes on until it is cancelled."""

    name: str
    run: Callable[[], Awaitable[None]]


async def run_until_signal(parts: list[Part]) -> None:
    """Run all parts. Raises what the first failed part raised."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(_run(part), name=part.name) for part in parts]
    stopping = asyncio.create_task(stop.wait(), name="signal")
    try:
        done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping", because=sorted(task.get_name() for task in done))
        for task in done - {stopping}:
            task.result()
            raise RuntimeError(f"{task.get_name()} ended by itself")
    finally:
        stopping.cancel()
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait([task], timeout=STOP_TIMEOUT_S)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _run(part: Part) -> None:
    await part.run()
