"""The composition root: builds the agent's parts, starts them in order, stops them in reverse.

    database -> start counted -> web -> scanners, link, chores -> "ready"
    SIGTERM  -> goodbye to the hub -> scanners, link and chores end -> web -> database

Nothing else in the package knows all parts. A stop takes less than two seconds; a kill at
any moment loses nothing that was answered.
"""

import asyncio
import os
import secrets
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent import logs, memory
from edge_agent.config import Config
from edge_agent.domain.enrolment import check_pin, parse_code
from edge_agent.errors import EdgeError
from edge_agent.housekeeping import Housekeeping
from edge_agent.lan import Lan
from edge_agent.services import applying, enrolment, generation, health, local_access, printing, recovery, telemetry
from edge_agent.services.disk import Disk
from edge_agent.services.drawing import Drawing
from edge_agent.services.enrolment import Enrolment
from edge_agent.services.health import Check
from edge_agent.services.hub_clock import HubClock
from edge_agent.services.label_desk import LabelDesk
from edge_agent.services.link import Link
from edge_agent.services.link_context import LinkContext, wall_ms
from edge_agent.services.link_status import LinkStatus
from edge_agent.services.snapshot import Snapshots
from edge_agent.storage import identity
from edge_agent.storage.database import Database
from edge_agent.storage.files import Folder, make_private, write_private
from edge_agent.supervise import keep_running
from edge_agent.transport.addresses import own_names
from edge_agent.transport.broker import BrokerDial
from edge_agent.transport.hub_http import HubHttp, check_url, fetch_ca, trust
from edge_agent.transport.printers import Printers
from edge_agent.transport.scanners import Scanners
from edge_agent.web.server import StoreApi
from published_api.version import installed_version
from sync_protocol.batch import Verify
from sync_protocol.keys import verifier
from sync_protocol.messages import FeedCursor
from sync_protocol.transport.mqtt import BrokerAddress

log = structlog.get_logger(__name__)

GOODBYE_S = 0.5
"""How long a stop waits for the hub to be told; it would notice anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What every command with a database and a hub needs."""

    folder: Folder
    config: Config
    enrolment: Enrolment
    database: Database
    disk: Disk
    hub: HubHttp
    snapshots: Snapshots
    key: Ed25519PrivateKey
    verify_hub: Verify
    clock: HubClock
    version: str

    @property
    def public_key(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()


async def enrol(folder: Folder, url: str, code: str, ca_file: Path | None, name: str) -> Enrolment:
    """Enrol this box and open its database for the new origin."""
    asked, base = parse_code(code), check_url(url)
    make_private(folder.path)
    async with HubHttp(base, tls=await _trust(base, asked.pin, ca_file)) as hub:
        found = await enrolment.enrol(folder, asked, name, hub.enrol)
    async with open_box(folder, Config(hub_url=base), found) as box:
        with suppress(EdgeError):  # an older hub gives none; a running agent asks again
            await local_access.renew(folder, own_names(), box.hub.local_access)
        return found


async def serve(folder: Folder, config: Config) -> None:
    """Run the box until SIGTERM or SIGINT."""
    logs.configure(config.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_box(folder, config, enrolment.load(folder)) as box:
        known = generation.recall(folder)
        start = await box.database.write(generation.start, known)
        await box.database.write(applying.retry_unknown, wall_ms())
        await asyncio.to_thread(generation.remember, folder, await box.database.read(generation.seen))
        if start.is_rolled_back:
            log.warning("the database is older than this box remembers", head=start.head)
        await _Agent(box, start).run(stop)


@asynccontextmanager
async def open_box(folder: Folder, config: Config, found: Enrolment) -> AsyncIterator[Box]:
    """The database opened, with an identity in it, and the way to the hub."""
    key, verify = enrolment.record_key(folder), verifier(found.hub_key_bytes)
    disk = Disk(folder.path, folder.ballast, config.ballast_mb << 20)
    disk.look()
    database = Database.open(folder.database, people_key=partial(local_access.people_key, folder))
    os.chmod(folder.database, 0o600)  # noqa: PTH101
    try:
        who = await database.read(identity.find)
        clock = HubClock(database, who.clock_offset if who else None)
        url = check_url(config.hub_url or found.hub_url)
        tls = enrolment.client_tls(folder) if url.startswith("https") else True
        hub = HubHttp(url, tls=tls, site_id=found.site_id, device_id=found.device_id, sign=key.sign,
                      hub_now_s=lambda: (wall_ms() + (clock.offset_ms or 0)) // 1000)  # fmt: skip
        async with hub:
            snapshots = Snapshots(database, hub, folder.snapshot, found.site_id, verify, disk)
            if who is None:
                claims = enrolment.claims_of(found)
                await recovery.first_origin(database, snapshots, enrolment.identity_of(found), claims, wall_ms())
            yield Box(
                folder=folder, config=config, enrolment=found, database=database, disk=disk,
                hub=hub, snapshots=snapshots, key=key, verify_hub=verify, clock=clock, version=installed_version(),
            )  # fmt: skip
    finally:
        await database.close()


class _Agent:
    """A running box."""

    def __init__(self, box: Box, start: generation.Start) -> None:
        self._box, self._start = box, start
        self.status = LinkStatus(head=start.head)
        self._link = Link(self._link_context())
        self._chores = Housekeeping(
            database=box.database, folder=box.folder, disk=box.disk, clock=box.clock, link=self._link,
            status=self.status, version=box.version,
        )  # fmt: skip
        label_desk = LabelDesk(box.database, box.config.printers, Drawing(box.config.label_fonts))
        self._printers = Printers(box.database, label_desk)
        self._scanners = Scanners(box.config.scanners, box.folder.path)
        self._api = StoreApi(
            database=box.database, status=self.status, api_keys=enrolment.api_keys(box.folder),
            boot=start.boot, checks=self._checks, label_desk=label_desk, scanner_room=self._scanners,
            people_key=partial(local_access.people_key, box.folder), ask_elsewhere=box.hub.stock_elsewhere,
        )  # fmt: skip
        self._lan = Lan(self._api, box.database, box.folder, box.config, box.hub)

    async def run(self, stop: asyncio.Event) -> None:
        """Everything, until told to stop."""
        config = self._box.config
        url = await self._api.start(config.api_host, config.api_port)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(keep_running(*one), name=one[0]) for one in self._tasks()]
                memory.settle()
                self._say_ready(url)
                await stop.wait()
                log.info("stopping")
                with suppress(TimeoutError):
                    async with asyncio.timeout(GOODBYE_S):
                        await self._link.say_goodbye()
                for task in running:
                    task.cancel()
        finally:
            self._box.folder.ready.unlink(missing_ok=True)
            await self._api.stop()
        await self._chores.remember()

    def _tasks(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        config, chores = self._box.config, self._chores
        return [
            ("scanners", partial(self._scanners.run, self._api.scanned)),
            ("printers", self._printers.run),
            ("link", self._link.run),
            ("lan", self._lan.run),
            ("local-access", self._lan.renew),
            ("disk", chores.watch_disk),
            ("telemetry", partial(chores.tell, config.telemetry_s)),
            ("pruning", partial(chores.prune, config.retention_days)),
            ("renewal", partial(chores.renew, self._box.hub.renew)),
        ]

    async def _checks(self) -> list[Check]:
        box, now_ms = self._box, wall_ms()
        of_ledger = await box.database.read(telemetry.backlog, now_ms)
        return [
            health.database([], self._start.is_rolled_back),
            health.files(box.folder),
            health.disk(box.disk),
            health.certificate(box.folder, now_ms),
            health.clock(box.clock.offset_ms, now_ms),
            health.https(box.folder, now_ms),
            self._lan.check(),
            health.link(self.status),
            health.backlog(of_ledger["pending"], of_ledger["oldest_unacked_age_s"]),
            *health.scanners(self._scanners.health, time.monotonic_ns()),
            *await box.database.read(printing.checks, [printer.name for printer in box.config.printers]),
        ]

    def _say_ready(self, url: str) -> None:
        folder = self._box.folder
        write_private(folder.ready, orjson.dumps({"api": url, "pid": os.getpid()}))
        ready = {"event": "ready", "api": url, "api_key_file": str(folder.api_key), "boot": self._start.boot}
        sys.stdout.write(orjson.dumps(ready).decode() + "\n")
        sys.stdout.flush()

    def _link_context(self) -> LinkContext:
        box, instance = self._box, secrets.token_hex(8)
        dial = BrokerDial(
            broker_address(box.folder, box.enrolment, box.config.broker_url),
            device_id=box.enrolment.device_id, instance=instance, version=box.version,
        )  # fmt: skip
        return LinkContext(
            database=box.database, dial=dial, sign=box.key.sign, hub_key=box.enrolment.hub_key_bytes,
            instance=instance, reconnect_cap_ms=box.config.reconnect_cap_s * 1000,
            fetch_snapshot=self._fetch_snapshot, become=self._become, clock=box.clock,
            status=self.status, agent_version=box.version,
        )  # fmt: skip

    async def _fetch_snapshot(self, feed_origin: str) -> FeedCursor:
        return await self._box.snapshots.fetch(feed_origin, wall_ms())

    async def _become(self, certificate: str, told_head: int) -> None:
        box = self._box
        await recovery.become(
            box.database, box.snapshots, certificate, told_head, box.public_key, box.verify_hub, wall_ms()
        )
        await self._chores.remember()


def broker_address(folder: Folder, found: Enrolment, override: str | None) -> BrokerAddress:
    """The broker that enrolment named, or the override's; the credentials stay the box's."""
    broker = found.broker
    parts = urlsplit(override or "")
    tls = parts.scheme == "mqtts" if override else broker.tls
    return BrokerAddress(
        host=parts.hostname or broker.host,
        port=(parts.port or (8883 if tls else 1883)) if override else broker.port,
        tls=tls,
        username=unquote(parts.username) if parts.username else (broker.username or found.device_id),
        password=unquote(parts.password) if parts.password else broker.password,
        ca_file=folder.ca if tls else None,
        cert_file=folder.device_certificate if tls else None,
        key_file=folder.device_key if tls else None,
    )


async def _trust(base: str, pin: str, ca_file: Path | None) -> ssl.SSLContext | bool:
    if not base.startswith("https"):
        return True
    ca_pem = await (asyncio.to_thread(ca_file.read_text, "utf-8") if ca_file else fetch_ca(base, pin))
    check_pin(ca_pem, pin)
    return trust(ca_pem)
