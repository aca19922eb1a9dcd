"""A real PgBouncer in transaction mode for tests, in front of one PostgreSQL server."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from deploy.local.ports import free_port

SETTINGS = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
auth_type = any
pool_mode = transaction
server_login_retry = 1
query_wait_timeout = 3
max_client_conn = 200
default_pool_size = 4
server_lifetime = 60
ignore_startup_parameters = extra_float_digits, lock_timeout, idle_in_transaction_session_timeout
unix_socket_dir =
"""
START_S = 20


def program() -> str | None:
    """Debian keeps it off an ordinary user's PATH."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooled(folder: Path, server_url: str) -> Iterator[str]:
    """The URL of the same databases by way of a pooler that runs as long as the block."""
    parts = urlsplit(server_url)
    port = free_port()
    settings = folder / "pgbouncer.ini"
    settings.write_text(SETTINGS.format(host=parts.hostname, port=parts.port, user=parts.username,
                                        password=parts.password, own_port=port))  # fmt: skip
    found = program()
    if found is None:
        pytest.skip("pgbouncer is missing: apt install pgbouncer")
    command = [found, "-q", str(settings)]
    if os.geteuid() == 0:  # it refuses to run as root
        for each in (*reversed(folder.parents[:3]), folder):
            with suppress(PermissionError):
                each.chmod(each.stat().st_mode | 0o055)
        settings.chmod(0o644)
        command[1:1] = ["-u", "nobody"]
    with (folder / "pgbouncer.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield _awaited(f"{parts.username}@127.0.0.1:{port}", server_url, process, folder)
        finally:
            process.terminate()


def _awaited(address: str, server_url: str, process: "subprocess.Popen[bytes]", folder: Path) -> str:
    made = urlunsplit(urlsplit(server_url)._replace(netloc=address, query="statement_cache_size=0"))
    deadline = time.monotonic() + START_S
    host, port = address.rpartition("@")[2].split(":")
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((host, int(port)), 1):
            return made
        time.sleep(0.05)
    raise RuntimeError((folder / "pgbouncer.log").read_text())
