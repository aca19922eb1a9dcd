"""The PostgreSQL of a local stack: the server that HUB_DATABASE_URL names, else a private one.

On a given server a stack makes a database of its own, named after its folder, and never
touches another; such a server is not ours to kill or to stop.
"""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Self

from deploy.local.postgres import PostgresServer, PostgresUnavailable, create_database, drop_database, in_database


class GivenPostgres:
    """Somebody else's server."""

    pid: int | None = None

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._mark = sha256(str(folder).encode()).hexdigest()[:8]

    def url(self, database: str) -> str:
        return in_database(self._url, self._name(database))

    def create_database(self, name: str) -> None:
        create_database(self._url, self._name(name))

    def drop_database(self, name: str) -> None:
        drop_database(self._url, self._name(name))

    def start(self) -> Self:
        return self

    def stop(self) -> None:
        """It was here before us and stays."""

    def kill(self) -> None:
        raise PostgresUnavailable("the server of HUB_DATABASE_URL is not ours to kill")

    def restart(self) -> Self:
        raise PostgresUnavailable("the server of HUB_DATABASE_URL is not ours to restart")

    def _name(self, database: str) -> str:
        return f"{database}_local_{self._mark}"


def private_or_given(folder: Path, options: Mapping[str, str]) -> PostgresServer | GivenPostgres:
    """What a stack in this folder runs on."""
    given = os.environ.get("HUB_DATABASE_URL")
    return GivenPostgres(given, folder) if given else PostgresServer(folder, options=options)
