"""Programs that are run to their end, with a place to die at."""

import os
import subprocess
from collections.abc import Mapping

DIED = 137
"""What a program that met its crash point ends with."""


def run(
    command: list[str], *, crash: tuple[str, int] | None = None, environment: Mapping[str, str] | None = None
) -> int:
    """Run it; the exit code. An end that is neither success nor the wanted death shows what was said."""
    extra = {} if crash is None else {"BACKSTOCK_CRASH": f"{crash[0]}:{crash[1]}"}
    done = subprocess.run(
        command, env={**os.environ, **(environment or {}), **extra}, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode in (0, DIED), f"{' '.join(command[1:])}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.returncode
