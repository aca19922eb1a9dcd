"""The store's API as one object: routes in one table, started and stopped by the app.

Everything but health needs a bearer key; a body is at most 1 MiB; compressed bodies are
refused, so no bomb is ever inflated.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from edge_agent.services import alerting
from edge_agent.services.beeping import ScanDesk
from edge_agent.services.events import Events
from edge_agent.services.health import Check
from edge_agent.services.link_status import LinkStatus
from edge_agent.services.scanning import Outcome
from edge_agent.storage import timeline
from edge_agent.storage.database import Database
from edge_agent.supervise import keep_running
from edge_agent.web import alerts, inventory, products, receiving, scans, stocktakes, stream, sync, transfers
from edge_agent.web.body import BODY_BYTES_MAX
from edge_agent.web.border import BorderRunner
from edge_agent.web.context import STORE, Store, authentication, now_ms, ticks_ms
from edge_agent.web.problems import Handler, problems
from scanner_drivers.scan import RawScan

NOTE_EVERY_S = 2.0
SWEEP_EVERY_S = 900.0
TIMELINE_KEPT_MS = 21 * 24 * 3_600_000
"""A handheld that was away for longer gets wider intervals, never wrong ones."""

_API = "/api/v1"
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/health", sync.get_health),
    ("GET", "/health/live", sync.get_live),
    ("GET", "/health/ready", sync.get_ready),
    ("GET", f"{_API}/health", sync.get_health),
    ("GET", f"{_API}/products", products.get_products),
    ("POST", f"{_API}/products", products.post_product),
    ("GET", f"{_API}/products/{{id}}", products.get_product),
    ("PATCH", f"{_API}/products/{{id}}", products.patch_product),
    ("DELETE", f"{_API}/products/{{id}}", products.delete_product),
    ("GET", f"{_API}/barcode/lookup/{{code}}", scans.get_lookup),
    ("POST", f"{_API}/barcode/scan", scans.post_resolve),
    ("POST", f"{_API}/barcode/link", scans.post_link),
    ("POST", f"{_API}/scans", scans.post_scan),
    ("GET", f"{_API}/inventory", inventory.get_levels),
    ("POST", f"{_API}/inventory/adjust", inventory.post_adjust),
    ("GET", f"{_API}/inventory/movements", inventory.get_movements),
    ("POST", f"{_API}/inventory/movements", inventory.post_movements),
    ("GET", f"{_API}/inventory/products/{{id}}/history", inventory.get_history),
    ("GET", f"{_API}/inventory/restock-alerts", inventory.get_restock_alerts),
    ("GET", f"{_API}/stocktakes", stocktakes.get_stocktakes),
    ("POST", f"{_API}/stocktakes", stocktakes.post_stocktake),
    ("GET", f"{_API}/stocktakes/{{id}}", stocktakes.get_stocktake),
    ("POST", f"{_API}/stocktakes/{{id}}/lines", stocktakes.post_line),
    ("POST", f"{_API}/stocktakes/{{id}}/close", stocktakes.post_close),
    ("GET", f"{_API}/transfers", transfers.get_transfers),
    ("POST", f"{_API}/transfers", transfers.post_transfer),
    ("GET", f"{_API}/transfers/{{id}}", transfers.get_transfer),
    ("POST", f"{_API}/transfers/{{id}}/{{step}}", transfers.post_step),
    ("GET", f"{_API}/purchase-orders", receiving.get_orders),
    ("POST", f"{_API}/receipts", receiving.post_receipt),
    ("GET", f"{_API}/restocks", receiving.get_restocks),
    ("POST", f"{_API}/products/{{id}}/restock", receiving.post_restock),
    ("GET", f"{_API}/alerts", alerts.get_alerts),
    ("POST", f"{_API}/alerts/{{id}}/acknowledge", alerts.post_acknowledge),
    ("POST", f"{_API}/alerts/{{id}}/resolve", alerts.post_resolve),
    ("GET", f"{_API}/tasks", alerts.get_tasks),
    ("POST", f"{_API}/tasks/{{id}}/done", alerts.post_done),
    ("GET", f"{_API}/sync", sync.get_sync),
    ("GET", f"{_API}/events", stream.get_events),
)


class StoreApi:
    """Serves the API and takes the beeps of the box's own scanners."""

    def __init__(
        self, *, database: Database, status: LinkStatus, api_keys: Mapping[str, str], boot: int,
        checks: Callable[[], Awaitable[Sequence[Check]]],
    ) -> None:  # fmt: skip
        events = Events()
        self._store = Store(
            database=database, events=events, desk=ScanDesk(database, events), status=status, checks=checks,
            api_keys=api_keys, boot=boot,
        )  # fmt: skip
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def app(self) -> web.Application:
        """A fresh application on this store."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[problems, authentication])
        app[STORE] = self._store
        for method, path, handler in ROUTES:
            app.router.add_route(method, path, handler)
        return app

    async def scanned(self, raw: RawScan, mode: str) -> Outcome:
        """A scanner of this box read something."""
        return await self._store.desk.beep(raw, mode)

    async def start(self, host: str, port: int) -> str:
        """Listen; returns the base URL (port 0 takes a free one)."""
        self._runner = BorderRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.start_chores()
        bound = self._runner.addresses[0]
        return f"http://{bound[0]}:{bound[1]}"

    def start_chores(self) -> None:
        """What runs beside the requests."""
        watcher = stream.Watcher(self._store)
        for name, work in (
            ("stock-events", watcher.watch_ledger),
            ("sync-events", watcher.watch_link),
            ("timeline", self._note_time),
            ("alert-sweep", self._sweep),
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
