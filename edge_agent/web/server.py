"""The store's API as one object: the tables of operations (operations.py) joined, started and stopped by the app.

The API needs a session or a key (callers.py), health and the screen's files do not; a body is at most
1 MiB; compressed bodies are refused, so no bomb is ever inflated.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial

import orjson
from aiohttp import web

from edge_agent.errors import BadgeScanned
from edge_agent.services import alerting, daily
from edge_agent.services.beeping import ScanDesk
from edge_agent.services.drawing import Drawing
from edge_agent.services.elsewhere import Ask, Elsewhere, nobody_to_ask
from edge_agent.services.events import Events
from edge_agent.services.hashing import Hashing
from edge_agent.services.health import Check
from edge_agent.services.label_desk import LabelDesk
from edge_agent.services.link_status import LinkStatus
from edge_agent.services.logging_in import LoggingIn
from edge_agent.services.scanners import NoScanners, ScannerRoom
from edge_agent.services.scanning import Outcome
from edge_agent.storage import timeline
from edge_agent.storage.database import Database
from edge_agent.supervise import keep_running
from edge_agent.web import (
    alerts,
    assistant,
    inventory,
    labels,
    people,
    products,
    receiving,
    reports,
    scanners,
    scans,
    screen,
    stocktakes,
    stream,
    sync,
    transfers,
)
from edge_agent.web.body import BODY_BYTES_MAX
from edge_agent.web.border import BorderRunner
from edge_agent.web.callers import authentication
from edge_agent.web.context import STORE, Store, now_ms, ticks_ms
from edge_agent.web.openapi import document
from edge_agent.web.operations import Operation, add_routes
from edge_agent.web.problems import Handler, problems
from edge_agent.web.veil import veiling
from published_api.pages import SWAGGER, add_pages
from published_api.version import installed_version
from scanner_drivers.scan import RawScan

NOTE_EVERY_S = 2.0
SWEEP_EVERY_S = 900.0
TIMELINE_KEPT_MS = 21 * 24 * 3_600_000
"""A handheld that was away for longer gets wider intervals, never wrong ones."""

TABLES = (
    sync.TABLE, people.TABLE, products.TABLE, scans.TABLE, inventory.TABLE, stocktakes.TABLE, transfers.TABLE,
    assistant.TABLE, receiving.TABLE, alerts.TABLE, reports.TABLE, labels.TABLE, scanners.TABLE, stream.TABLE,
)  # fmt: skip
OPERATIONS: tuple[Operation, ...] = tuple(operation for table in TABLES for operation in table.operations)
_SCREEN: tuple[tuple[str, Handler], ...] = (
    ("/", screen.get_page),
    *((f"/{name}", screen.get_fixed) for name in screen.FIXED_NAMES),
    ("/assets/{name}", screen.get_asset),
)


@cache
def published() -> bytes:
    """The API's document, made for who asks first."""
    return orjson.dumps(document(OPERATIONS, installed_version()))


class StoreApi:
    """Serves the API and takes the beeps of the box's own scanners."""

    def __init__(
        self, *, database: Database, status: LinkStatus, api_keys: Mapping[str, str], boot: int,
        checks: Callable[[], Awaitable[Sequence[Check]]], label_desk: LabelDesk | None = None,
        scanner_room: ScannerRoom | None = None,
        people_key: Callable[[], bytes | None] = lambda: None, ask_elsewhere: Ask = nobody_to_ask,
    ) -> None:  # fmt: skip
        events = Events()
        self._store = Store(
            database=database, events=events, desk=ScanDesk(database, events), status=status, checks=checks,
            api_keys=api_keys, boot=boot, labels=label_desk or LabelDesk(database, (), Drawing()),
            scanners=scanner_room or NoScanners(), elsewhere=Elsewhere(database, ask_elsewhere),
            logging_in=LoggingIn(database, Hashing(), people_key),
        )  # fmt: skip
        self._runner: web.AppRunner | None = None
        self._lan: web.TCPSite | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def app(self) -> web.Application:
        """A fresh application on this store."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[problems, authentication, veiling])
        app[STORE] = self._store
        add_routes(app, OPERATIONS)
        add_pages(app, "Backstock store box: API", published, SWAGGER)
        for path, handler in _SCREEN:
            app.router.add_route("GET", path, handler)
        return app

    async def scanned(self, raw: RawScan, mode: str) -> Outcome:
        """A scanner of this box read something."""
        outcome = await self._store.desk.beep(raw, mode)
        if isinstance(outcome.problem, BadgeScanned):
            for scanner in self._store.scanners.scanners:
                if scanner.name == raw.device:
                    scanner.recent.forget()
        return outcome

    async def start(self, host: str, port: int) -> str:
        """Listen; returns the base URL (port 0 takes a free one)."""
        self._runner = BorderRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.start_chores()
        bound = self._runner.addresses[0]
        return f"http://{bound[0]}:{bound[1]}"

    async def open_lan(self, host: str, port: int, tls: ssl.SSLContext) -> str:
        """Listen to the store's network as well; the URL. Raises OSError."""
        assert self._runner is not None
        site = web.TCPSite(self._runner, host, port, ssl_context=tls)
        await site.start()
        self._lan = site
        bound = self._runner.addresses[-1]
        return f"https://{bound[0]}:{bound[1]}"

    async def close_lan(self) -> None:
        """Nobody may log in any more."""
        if self._lan is not None:
            await self._lan.stop()
            self._lan = None

    def start_chores(self) -> None:
        """What runs beside the requests."""
        watcher = stream.Watcher(self._store)
        for name, work in (
            ("stock-events", watcher.watch_ledger),
            ("sync-events", watcher.watch_link),
            ("timeline", self._note_time),
            ("alert-sweep", self._sweep),
            ("days", partial(daily.watch, self._store.database)),
        ):
            self._tasks.append(asyncio.create_task(keep_running(name, work), name=name))

    async def stop(self) -> None:
        """Let listeners go, finish requests, stop."""
        self._store.events.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _note_time(self) -> None:
        """Which position belonged to which monotonic moment: what late counts are placed by."""
        forgotten_at, seen = 0.0, None
        while True:
            seen = await self._store.database.write(timeline.note, self._store.boot, ticks_ms(), now_ms(), seen)
            if time.monotonic() - forgotten_at > 3_600:
                await self._store.database.write(timeline.forget, now_ms() - TIMELINE_KEPT_MS)
                forgotten_at = time.monotonic()
            await asyncio.sleep(NOTE_EVERY_S)

    async def _sweep(self) -> None:
        """Alerts that nothing touches any more."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            await self._store.database.write(alerting.sweep, now_ms())
