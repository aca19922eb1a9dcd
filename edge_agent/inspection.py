"""What the command line says of a box from outside its agent: status, doctor, verify.

Reads the database beside a running agent (reading is safe, it never writes or checkpoints)
and asks the agent's own API for what only it knows. Nothing here changes anything.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import orjson

from edge_agent import scanner_checks
from edge_agent.config import Config
from edge_agent.errors import EdgeError, Unavailable
from edge_agent.services import backup, enrolment, health, telemetry
from edge_agent.services.disk import Disk
from edge_agent.services.enrolment import Enrolment
from edge_agent.services.health import Check
from edge_agent.storage import database, identity, upgrade
from edge_agent.storage.files import Folder
from edge_agent.storage.schema import KNOWN_REVISIONS

API_TIMEOUT_S = 3
REACH_TIMEOUT_S = 5


def status(folder: Folder) -> dict[str, Any]:
    """Facts of the box; those of the link only while the agent runs."""
    who = enrolment.load(folder)
    live = ask_agent(folder, "/api/v1/sync")
    return {
        "device": who.device_id,
        "site": who.site_name,
        "hub": who.hub_url,
        "agent": "running" if live is not None else "not running",
        "link": None if live is None else live.get("state"),
        "last_error": None if live is None else live.get("last_error"),
        **_from_database(folder),
    }


def doctor(folder: Folder, config: Config) -> list[dict[str, str]]:
    """Every check that can be made from here."""
    if not folder.path.is_dir():
        checks = [Check("folder", "fail", f"{folder.path} is not there", "name the box's folder with --data, or enrol")]
    else:
        checks = [health.files(folder), _database(folder), _disk(folder, config)]
        checks += _box(folder, config)
        checks += scanner_checks.checks(config.scanners)
    return [asdict(check) for check in checks]


def _box(folder: Folder, config: Config) -> list[Check]:
    """What only an enrolled box has."""
    now_ms = time.time_ns() // 1_000_000
    try:
        who = enrolment.load(folder)
        for read in (enrolment.record_key, enrolment.device_key, enrolment.api_keys):
            read(folder)
    except EdgeError as error:
        return [Check("enrolment", "fail", error.detail, error.remedy or "mend this file")]
    found = [
        Check("enrolment", "ok", f"device {who.device_id} of {who.site_name}"),
        health.certificate(folder, now_ms), health.https(folder, now_ms), _agent(folder),
        *asyncio.run(_reachable(who, config)),
    ]  # fmt: skip
    with suppress(EdgeError):  # what is wrong with the database is said already
        found += [_clock(folder, now_ms), _backlog(folder)]
    return found


def worst(checks: list[dict[str, str]]) -> str:
    """The result of all checks together."""
    return health.worst([Check(**check) for check in checks])  # type: ignore[arg-type]


def verify(folder: Folder) -> list[str]:
    """Problems of the ledger and its levels."""
    _check_file(folder)
    return backup.verify(folder.database)


def ask_agent(folder: Folder, path: str) -> dict[str, Any] | None:
    """What the running agent answers; None when there is none."""
    try:
        base = orjson.loads(folder.ready.read_bytes())["api"]
        key = next(iter(enrolment.api_keys(folder)))
        request = Request(base + path, headers={"Authorization": f"Bearer {key}"})
        with urlopen(request, timeout=API_TIMEOUT_S) as answer:
            found: dict[str, Any] = orjson.loads(answer.read())
            return found
    except (OSError, URLError, EdgeError, ValueError, KeyError):
        return None


def _from_database(folder: Folder) -> dict[str, Any]:
    with upgrade.reading(folder.database) as connection:
        return telemetry.backlog(connection, time.time_ns() // 1_000_000)


def _database(folder: Folder) -> Check:
    try:
        _check_file(folder)
    except EdgeError as error:
        return Check("database", "fail", error.detail, error.remedy or "")
    return health.database([], is_rolled_back=False)


def _check_file(folder: Folder) -> None:
    """Raises Unavailable. Looks before it opens, since opening would make an empty file."""
    if not folder.database.exists():
        detail = f"{folder.database.name}: expected this box's database, found none"
        raise Unavailable("database_missing", detail, remedy="restore a backup: edge-agent --data DIR restore FILE")
    revision = upgrade.current(folder.database)
    if revision is not None and revision not in KNOWN_REVISIONS:
        raise upgrade.newer(folder.database, revision)
    database.quick_check(folder.database)


def _disk(folder: Folder, config: Config) -> Check:
    found = Disk(folder.path, folder.ballast, config.ballast_mb << 20)
    found.observe()
    return health.disk(found)


def _backlog(folder: Folder) -> Check:
    found = _from_database(folder)
    return health.backlog(found["pending"], found["oldest_unacked_age_s"])


def _clock(folder: Folder, now_ms: int) -> Check:
    """As far from the hub's as the agent last found it."""
    with upgrade.reading(folder.database) as connection:
        who = identity.find(connection)
    return health.clock(who.clock_offset if who else None, now_ms)


def _agent(folder: Folder) -> Check:
    if ask_agent(folder, "/api/v1/sync") is None:
        return Check("agent", "warn", "not running", "run: edge-agent --data DIR run")
    return Check("agent", "ok", "running")


async def _reachable(who: Enrolment, config: Config) -> list[Check]:
    hub, broker = urlsplit(config.hub_url or who.hub_url), urlsplit(config.broker_url or "")
    hub_port = hub.port or (443 if hub.scheme == "https" else 80)
    return [
        await _reach("hub", hub.hostname or "", hub_port),
        await _reach("broker", broker.hostname or who.broker.host, broker.port or who.broker.port),
    ]


async def _reach(name: str, host: str, port: int) -> Check:
    try:
        async with asyncio.timeout(REACH_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
    except (OSError, TimeoutError) as error:
        detail = f"{host}:{port} cannot be reached: {error or 'no answer'}"
        return Check(name, "warn", detail, "check the internet connection and the firewall; the store works on")
    return Check(name, "ok", f"{host}:{port} answers")
