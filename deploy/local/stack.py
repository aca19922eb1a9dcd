"""The whole chain as processes on one machine: PostgreSQL, a broker, the hub, its stores.

The demo, the system tests and the benchmarks run on it. Each store reaches the hub and the
broker through proxies of its own, so its WAN can be cut alone. Everything that is started
here is ended here, by process id; the folder can be used again after a kill.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.broker import Broker, start_broker
from deploy.local.postgres import PostgresServer
from deploy.local.proxy import Proxy

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
ADMIN = "admin"


class StackError(Exception):
    """A process that did not come up or answer; the message has the end of its log."""


@dataclass
class Program:
    """One child process whose first line on stdout says that it is ready."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[str] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None

    def start(self) -> "Program":
        """Start it and wait for its ready line."""
        log = self.log.open("a")
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **self.environment}, stdout=subprocess.PIPE, stderr=log,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.ready = self._wait_ready()
        return self

    def stop(self) -> int | None:
        """Ask it to end, wait, and kill what does not listen; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would: SIGKILL."""
        self._end(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send a signal (SIGSTOP, SIGCONT)."""
        if self.process is not None:
            self.process.send_signal(number)

    def restart(self) -> "Program":
        self.stop()
        return self.start()

    def _end(self, number: int) -> int | None:
        if self.process is None:
            return None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        code, self.process = self.process.returncode, None
        return code

    def _wait_ready(self) -> dict[str, Any]:
        assert self.process is not None and self.process.stdout is not None
        watchdog = _Deadline(READY_TIMEOUT_S, self.process)
        with watchdog, self.log.open("a") as log:
            for line in self.process.stdout:
                log.write(line)
                with suppress(json.JSONDecodeError):
                    said = json.loads(line)
                    if isinstance(said, dict) and said.get("event") == "ready":
                        _drain(self.process, self.log)
                        return said
        code = self.process.wait()
        raise StackError(f"{self.name} ended with {code} before it was ready:\n{tail(self.log)}")


class _Deadline:
    """Kills a process that says nothing in time, so that reading its output ends."""

    def __init__(self, seconds: float, process: subprocess.Popen[str]) -> None:
        self._timer = threading.Timer(seconds, process.kill)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _drain(process: subprocess.Popen[str], log: Path) -> None:
    """Keep reading stdout into the log, so that the child never blocks on a full pipe."""
    def copy() -> None:
        with suppress(ValueError, OSError), log.open("a") as file:
            for line in process.stdout or ():
                file.write(line)
                file.flush()

    threading.Thread(target=copy, daemon=True).start()


def tail(path: Path, lines: int = 25) -> str:
    """The end of a log, for an error message."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


@dataclass
class Answer:
    """An HTTP answer: status, JSON body (or None), headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


def call(
    method: str, url: str, body: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None,
    timeout_s: float = 20,
) -> Answer:  # fmt: skip
    """One JSON request; HTTP errors are answers, a missing server raises OSError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return Answer(answer.status, _json(answer.read()), dict(answer.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, _json(error.read()), dict(error.headers))


def _json(data: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(data)
    return None


def wait_until(
    holds: Callable[[], Any], what: str, timeout_s: float = 60, every_s: float = 0.05
) -> Any:
    """The first true answer of `holds`. Raises TimeoutError that says what was waited for."""
    deadline = time.monotonic() + timeout_s
    last: Any = None
    while time.monotonic() < deadline:
        with suppress(OSError, KeyError, TypeError):
            last = holds()
            if last:
                return last
        time.sleep(every_s)
    raise TimeoutError(f"waited {timeout_s:.0f} s in vain: {what} (last seen: {last!r})")


class Store:
    """One store's agent behind its own WAN."""

    def __init__(self, stack: "Stack", name: str, site_id: str, folder: Path) -> None:
        self.stack, self.name, self.site_id, self.folder = stack, name, site_id, folder
        self.scanners: list[dict[str, str]] = []
        self.to_broker = Proxy("127.0.0.1", stack.broker.port).start()
        self.to_hub = Proxy("127.0.0.1", stack.hub_port).start()
        self.program: Program | None = None

    @property
    def api(self) -> str:
        assert self.program is not None
        return str(self.program.ready["api"])

    @property
    def key(self) -> str:
        return (self.folder / "api.key").read_text().split()[-1]

    def enrol(self, code: str) -> None:
        """Run `edge-agent enrol` with a one-time code."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "edge_agent", "--data", str(self.folder), "enrol"]
        command += [f"http://127.0.0.1:{self.to_hub.port}", code]
        done = subprocess.run(command, env={**os.environ, **self._environment()}, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise StackError(f"{self.name}: enrol ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def start(self) -> "Store":
        """Start the agent; a stopped or killed one comes back with its data."""
        command = [sys.executable, "-m", "edge_agent", "--data", str(self.folder), "run"]
        self.program = Program(self.name, command, self._environment(), self.folder / "agent.log").start()
        return self

    def stop(self) -> int | None:
        return self.program.stop() if self.program else None

    def kill(self) -> None:
        if self.program:
            self.program.kill()

    def cut(self) -> None:
        """The store's WAN is gone."""
        self.to_broker.cut()
        self.to_hub.cut()

    def mend(self) -> None:
        self.to_broker.mend()
        self.to_hub.mend()

    def close(self) -> None:
        self.stop()
        self.to_broker.stop()
        self.to_hub.stop()

    def get(self, path: str, **options: Any) -> Answer:
        return call("GET", self.api + path, token=self.key, **options)

    def post(self, path: str, body: Any, **options: Any) -> Answer:
        return call("POST", self.api + path, body, token=self.key, **options)

    def sync(self) -> dict[str, Any]:
        """The agent's own word on its sync state."""
        return dict(self.get("/api/v1/sync").body)

    def _environment(self) -> dict[str, str]:
        return {
            "EDGE_HUB_URL": f"http://127.0.0.1:{self.to_hub.port}",
            "EDGE_BROKER_URL": f"mqtt://127.0.0.1:{self.to_broker.port}",
            "EDGE_SCANNERS": json.dumps(self.scanners),
            "EDGE_API_PORT": "0",
            "EDGE_BALLAST_MB": "1",
            "PYTHONUNBUFFERED": "1",
        }


class Stack:
    """Everything of one chain in one folder. Use as a context manager."""

    def __init__(
        self, folder: Path, *, broker: str = "auto", postgres_options: Mapping[str, str] | None = None,
        roles: str = "api,ingest,jobs", hub_port: int = 0,
    ) -> None:  # fmt: skip
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.password = self._secret("broker.password")
        self.admin_password = self._secret("admin.password")
        self.postgres = PostgresServer(folder / "postgres", options=dict(postgres_options or {}))
        self.broker_kind, self.roles = broker, roles
        self.hub_port = hub_port or _free_port()
        self.broker: Broker
        self.hub: Program
        self.workers: list[Program] = []
        self.stores: dict[str, Store] = {}
        self._token: tuple[str, float] | None = None

    def __enter__(self) -> "Stack":
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> "Stack":
        """PostgreSQL, broker, schema, first user, hub; stores are added by `add_store`."""
        self.postgres.start()
        self.postgres.create_database("backstock")
        self.broker = start_broker(self.folder / "broker", kind=self.broker_kind, password=self.password)
        self.cloud_hub("migrate")
        self.cloud_hub("create-admin", ADMIN, HUB_ADMIN_PASSWORD=self.admin_password)
        self.hub = self.hub_program("hub", self.roles, self.hub_port).start()
        return self

    def hub_program(self, name: str, roles: str, port: int) -> Program:
        """A hub process of this chain; more than one may run (each with its own port)."""
        command = [sys.executable, "-m", "cloud_hub", "serve", "--roles", roles]
        environment = {**self._environment(), "HUB_HTTP_PORT": str(port)}
        return Program(name, command, environment, self.folder / f"{name}.log")

    def cloud_hub(self, *arguments: str, **environment: str) -> str:
        """Run a `cloud-hub` command to its end; its output. Raises StackError."""
        command = [sys.executable, "-m", "cloud_hub", *arguments]
        done = subprocess.run(
            command, env={**os.environ, **self._environment(), **environment}, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise StackError(f"cloud-hub {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def close(self) -> None:
        """End everything in the reverse order; safe to call twice."""
        for store in self.stores.values():
            store.close()
        for worker in self.workers:
            worker.stop()
        if hasattr(self, "hub"):
            self.hub.stop()
        if hasattr(self, "broker"):
            self.broker.stop()
        self.postgres.stop()

    # --- head office ------------------------------------------------------------------

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def token(self) -> str:
        """An access token of the admin, renewed before it ends."""
        if self._token is None or self._token[1] < time.monotonic():
            answer = call("POST", self.api + "/api/v1/auth/login", {"username": ADMIN, "password": self.admin_password})
            if answer.status != 200:
                raise StackError(f"login answered {answer.status}: {answer.body}")
            self._token = (answer.body["access_token"], time.monotonic() + 600)
        return self._token[0]

    def get(self, path: str, **options: Any) -> Answer:
        return call("GET", self.api + path, token=self.token, **options)

    def post(self, path: str, body: Any, **options: Any) -> Answer:
        return call("POST", self.api + path, body, token=self.token, **options)

    def expect(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The body of a call that must succeed."""
        answer = call(method, self.api + path, body, token=self.token, **options)
        if answer.status >= 300:
            raise StackError(f"{method} {path} answered {answer.status}: {answer.body}")
        return answer.body

    def add_store(self, name: str, *, scanners: list[dict[str, str]] | None = None, start: bool = True) -> Store:
        """A site with an enrolled agent."""
        site = self.expect("POST", "/api/v1/sites", {"code": name, "name": f"Store {name}", "kind": "edge"})
        store = Store(self, name, site["id"], self.folder / name)
        self.stores[name] = store
        store.scanners = scanners or []
        code = self.cloud_hub("enrol-code", site["id"]).split()[-1]
        store.enrol(code)
        return store.start() if start else store

    def wait_converged(self, timeout_s: float = 60) -> None:
        """Until every running store has nothing pending and the hub has all of it."""
        for store in self.stores.values():
            if store.program is not None and store.program.pid:
                wait_until(lambda s=store: _is_caught_up(s.sync()), f"{store.name} has sent everything", timeout_s)

    def _secret(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            path.write_text(secrets.token_urlsafe(12))
            path.chmod(0o600)
        return path.read_text()

    def _environment(self) -> dict[str, str]:
        return {
            "HUB_DATABASE_URL": self.postgres.url("backstock"),
            "HUB_BROKER_URL": f"mqtt://hub:{self.password}@127.0.0.1:{self.broker.port}",
            "HUB_HTTP_HOST": "127.0.0.1",
            "HUB_HTTP_PORT": str(self.hub_port),
            "HUB_STATE_DIR": str(self.folder / "hub-state"),
            "HUB_DEVICE_BROKER_HOST": "127.0.0.1",
            "HUB_DEVICE_BROKER_PORT": str(self.broker.port),
            "HUB_BROKER_PASSWORD_FALLBACK": "1",
            "HUB_DEVICE_BROKER_PASSWORD": self.password,
            "PYTHONUNBUFFERED": "1",
        }


def _is_caught_up(sync: Mapping[str, Any]) -> bool:
    return bool(sync["state"] == "streaming" and sync["pending"] == 0 and not sync.get("feed_lag"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
