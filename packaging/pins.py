"""Resolve packaging/requirements/*.txt from pyproject.toml: every version exact, every file hashed.

One resolution (`dev`) rules the others, so a test never runs on other versions than a store box does.
The files name no index: a mirror serves as well as the public registry, the hashes guard both.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "packaging" / "requirements"
# `dev` first: it is the union, and the constraint of the rest.
EXTRAS = ("dev", "demo", "hub", "edge")


def resolve(extra: str) -> None:
    """Write one requirements file for `backstock[extra]`."""
    target = REQUIREMENTS / f"{extra}.txt"
    command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "pyproject.toml", "--extra", extra]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"]
    if extra != "dev":
        command += ["--constraints", str(REQUIREMENTS / "dev.txt")]
    subprocess.run([*command, "--output-file", str(target)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    count = sum("==" in line for line in target.read_text(encoding="utf-8").splitlines())
    print(f"{target.relative_to(ROOT)}: {count} packages")


if __name__ == "__main__":
    for name in EXTRAS:
        resolve(name)
