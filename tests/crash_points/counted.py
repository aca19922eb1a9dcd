"""Run a program and count how often it passes each of its crash points.

    python -m tests.crash_points.counted FILE edge_agent|cloud_hub ARGUMENTS...

The counts are written as JSON when the program ends; "the last hit" of a story comes from them.
"""

import atexit
import importlib
import json
import runpy
import sys
from collections import Counter
from pathlib import Path


def main(file: Path, program: str, arguments: list[str]) -> None:
    """Put a counter in the place of `crashpoint` before anything imports it, then be the program."""
    passes: Counter[str] = Counter()
    points = importlib.import_module(f"{program}.crashpoints")
    points.crashpoint = lambda name: passes.update((name,))  # type: ignore[attr-defined]
    atexit.register(lambda: file.write_text(json.dumps(passes)))
    sys.argv = [program, *arguments]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
