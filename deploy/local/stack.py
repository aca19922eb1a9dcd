"""The whole chain as processes on one machine: PostgreSQL, a broker, the hub, its stores.

The demo, the system tests and the benchmarks run on it. Each store reaches the hub and the
broker through proxies of its own, so its WAN can be cut alone. Everything that is started
here is ended here, by process id; the folder can be used again after a kill.
"""

import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from deploy.local.broker import Broker, start_broker
from deploy.local.calls import Answer, call, wait_until
from deploy.local.given_postgres import private_or_given
from deploy.local.ports import free_port
from deploy.local.programs import Program, StackError, run_to_end
from deploy.local.proxy import Proxy

ADMIN = "admin"


class Store:
    """One store's agent behind its own WAN."""

    def __init__(self, stack: "Stack", name: str, site_id: str, folder: Path) -> None:
        self.stack, self.name, self.site_id, self.folder = stack, name, site_id, folder
        self.scanners: list[dict[str, str]] = []
        self.environment: dict[str, str] = {}
        """Beyond what it always gets; read at the next start."""
        self.api_port = free_port()
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

    @property
    def pid(self) -> int | None:
        """The agent's, while it runs."""
        return self.program.pid if self.program else None

    def enrol(self, code: str) -> None:
        """Run `edge-agent enrol` with a one-time code."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "edge_agent", "--data", str(self.folder), "enrol"]
        command += [f"http://127.0.0.1:{self.to_hub.port}", code]
        run_to_end(command, self._environment())

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

    def is_caught_up(self) -> bool:
        """Nothing is on its way in either direction."""
        sync = self.sync()
        return bool(sync["state"] == "streaming" and sync["pending"] == 0 and not sync.get("feed_lag"))

    def _environment(self) -> dict[str, str]:
        return {
            "EDGE_HUB_URL": f"http://127.0.0.1:{self.to_hub.port}",
            "EDGE_BROKER_URL": f"mqtt://127.0.0.1:{self.to_broker.port}",
            "EDGE_SCANNERS": json.dumps(self.scanners),
            "EDGE_API_PORT": str(self.api_port),
            "EDGE_LAN_HOST": "127.0.0.1",
            "EDGE_LAN_PORT": "0",
            "EDGE_BALLAST_MB": "1",
            "EDGE_RECONNECT_CAP_S": "2",
            "PYTHONUNBUFFERED": "1",
            **self.environment,
        }


class Stack:
    """Everything of one chain in one folder. Use as a context manager."""

    def __init__(
        self, folder: Path, *, broker: str = "auto", postgres_options: Mapping[str, str] | None = None,
        roles: str = "api,ingest,jobs", hub_port: int = 0, hub_settings: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.password = self._secret("broker.password")
        self.admin_password = self._secret("admin.password")
        self.postgres = private_or_given(folder / "postgres", dict(postgres_options or {}))
        self.broker_kind, self.roles = broker, roles
        self.hub_settings = dict(hub_settings or {})
        self.database = "backstock"
        self.mailbox = folder / "mailbox"
        """Where mails of head office go."""
        self.hub_port = hub_port or free_port()
        self.broker: Broker
        self.hub: Program
        self.workers: list[Program] = []
        self.stores: dict[str, Store] = {}
        self._token: tuple[str, float] | None = None

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """PostgreSQL, broker, schema, first user, hub; stores are added by `add_store`."""
        self.postgres.start()
        self.postgres.create_database(self.database)
        self.broker = start_broker(self.folder / "broker", kind=self.broker_kind, password=self.password)
        self._prepare_database()
        self.hub = self.hub_program("hub", self.roles, self.hub_port).start()
        return self

    def _prepare_database(self) -> None:
        """The schema and, once, the first user (whose making brings the schema along)."""
        done = self.folder / "admin.created"
        if done.exists():
            self.cloud_hub("migrate")
        else:
            self.cloud_hub("create-admin", ADMIN, HUB_ADMIN_PASSWORD=self.admin_password)
            done.touch()

    def hub_program(self, name: str, roles: str, port: int) -> Program:
        """A hub process of this chain; more than one may run (each with its own port)."""
        command = [sys.executable, "-m", "cloud_hub", "serve", "--roles", roles]
        environment = {**self.hub_environment(), "HUB_HTTP_PORT": str(port)}
        return Program(name, command, environment, self.folder / f"{name}.log")

    def cloud_hub(self, *arguments: str, **environment: str) -> str:
        """Run a `cloud-hub` command to its end; its output. Raises StackError."""
        command = [sys.executable, "-m", "cloud_hub", *arguments]
        return run_to_end(command, {**self.hub_environment(), **environment})

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

    def add_store(
        self, name: str, *, title: str | None = None, scanners: list[dict[str, str]] | None = None,
        api_port: int = 0, start: bool = True,
    ) -> Store:  # fmt: skip
        """A site with an enrolled agent; one that an earlier run made is taken up again."""
        store = Store(self, name, self._site(name, title or f"Store {name}"), self.folder / name)
        self.stores[name] = store
        store.scanners = scanners or []
        store.api_port = free_port(api_port)
        if not (store.folder / "enrolment.json").exists():
            store.enrol(self.expect("POST", "/api/v1/enrolment-codes", {"site_id": store.site_id})["code"])
        return store.start() if start else store

    def _site(self, code: str, title: str) -> str:
        for site in self.expect("GET", "/api/v1/sites")["items"]:
            if site["code"] == code:
                return str(site["id"])
        return str(self.expect("POST", "/api/v1/sites", {"code": code, "name": title, "kind": "edge"})["id"])

    def wait_converged(self, timeout_s: float = 60) -> None:
        """Until every running store has nothing pending and the hub has all of it."""
        for store in self.stores.values():
            if store.pid:
                wait_until(store.is_caught_up, f"{store.name} has sent everything", timeout_s)

    def _secret(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            path.write_text(secrets.token_urlsafe(12))
            path.chmod(0o600)
        return path.read_text()

    def hub_environment(self) -> dict[str, str]:
        """How a hub process of this chain is configured."""
        return {
            "HUB_DATABASE_URL": self.postgres.url(self.database),
            "HUB_BROKER_URL": f"mqtt://hub:{self.password}@127.0.0.1:{self.broker.port}",
            "HUB_HTTP_HOST": "127.0.0.1",
            "HUB_HTTP_PORT": str(self.hub_port),
            "HUB_STATE_DIR": str(self.folder / "hub-state"),
            "HUB_DEVICE_BROKER_HOST": "127.0.0.1",
            "HUB_DEVICE_BROKER_PORT": str(self.broker.port),
            "HUB_BROKER_PASSWORD_FALLBACK": "1",
            "HUB_DEVICE_BROKER_PASSWORD": self.password,
            "HUB_MAIL_URL": f"file://{self.mailbox.resolve()}",
            "PYTHONUNBUFFERED": "1",
            **self.hub_settings,
        }
