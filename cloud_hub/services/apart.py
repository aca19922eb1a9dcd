"""Work that costs seconds of CPU and much memory, as a program of its own: the hub's loop goes on meanwhile.

What such a program imports is never in the hub's memory, and what it took is given back with it.
"""

import asyncio
import sys

SECONDS_MAX = 600
REFUSED = 3
"""Exit status of a program that got what it cannot work on; its standard error says why."""


class Refused(Exception):
    """What was handed in is not what the program works on."""


async def run(module: str, *arguments: str) -> None:
    """Run a module of ours to its end. Raises Refused, RuntimeError when it failed otherwise."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(SECONDS_MAX):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == REFUSED:
        raise Refused(said.decode(errors="replace").strip())
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}: {said[-500:]!r}")
