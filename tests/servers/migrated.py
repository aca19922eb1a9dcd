"""The hub's schema in an empty database, made by the program that makes it in production."""

import os
import subprocess
import sys


def migrate(database_url: str) -> None:
    """`cloud-hub migrate` on this database."""
    done = subprocess.run(
        [sys.executable, "-m", "cloud_hub", "migrate"],
        env={**os.environ, "HUB_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"cloud-hub migrate failed:\n{done.stdout}{done.stderr}"
