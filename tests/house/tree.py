"""What the house tests look at: the files that git tracks, and the syntax trees of ours.

Invariant: only tracked or new unignored files count, so a build's leftovers never fail a check.
"""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sync_protocol", "scanner_drivers", "published_api", "edge_agent", "cloud_hub")


@cache
def tracked() -> tuple[str, ...]:
    """Every file that is or would be committed, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return tuple(name for name in listing.splitlines() if (ROOT / name).is_file())


def python_files(*folders: str) -> list[str]:
    """Tracked Python files below the folders."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    return [name for name in tracked() if name.endswith(".py") and name.startswith(prefixes)]


@cache
def syntax(name: str) -> ast.Module:
    """The parsed file."""
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), filename=name)
