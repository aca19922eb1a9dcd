"""Another program, run to its end within a time limit; whatever happens, it is not left behind."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.errors import NotStarted


class Ended(NamedTuple):
    """Its exit status, and what it wrote to standard output and standard error."""

    status: int | None
    told: bytes
    said: bytes


async def run(arguments: Sequence[str], given: bytes, seconds_max: float, *, is_heard: bool = True) -> Ended:
    """With `given` on its standard input; standard output is dropped unless `is_heard`.

    Raises NotStarted, and TimeoutError when it had to be killed.
    """
    pipe = asyncio.subprocess.PIPE
    output = pipe if is_heard else asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=output, stderr=pipe)
    except OSError as error:
        raise NotStarted("not_started", f"{arguments[0]} cannot be run: {error}") from error
    try:
        async with asyncio.timeout(seconds_max):
            told, said = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode, told or b"", said)
