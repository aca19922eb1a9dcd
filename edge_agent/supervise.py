"""Keep a task of the agent running: start it again after a failure, backing off with jitter.

The one place where any exception may be caught. A failure is logged once per change of
state; a programming mistake in telemetry must not stop a sale.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

BASE_S = 0.5
CAP_S = 30.0
HEALTHY_AFTER_S = 60.0
"""A run this long makes the next failure a first one again."""


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it returns; start it again whenever it fails. Cancellation passes through."""
    failures = 0
    while True:
        started = time.monotonic()
        try:
            return await work()
        except Exception as error:
            if time.monotonic() - started > HEALTHY_AFTER_S:
                failures = 0
            failures += 1
            log.error("task failed", task=name, failures=failures, error=repr(error), exc_info=failures == 1)
        await asyncio.sleep(random.uniform(0, min(CAP_S, BASE_S * 2**failures)))
