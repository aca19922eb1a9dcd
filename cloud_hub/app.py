"""THE composition root: builds the parts of a hub process by its roles, starts and stops them.

`api` serves HTTP, `ingest` speaks with boxes through the broker, `jobs` does the clocked
work. Any process may have any of them, and there may be any number of each.
"""

import resource
import sys
from contextlib import AsyncExitStack

import orjson

from cloud_hub import api, clockwork, ingest, logs, memory, telling
from cloud_hub.config import Config
from cloud_hub.core import Core, behind, open_core
from cloud_hub.errors import Misconfigured
from cloud_hub.services.metrics import Metrics
from cloud_hub.storage import hub_state, migrate
from cloud_hub.supervise import Part, run_until_signal
from published_api.version import installed_version

ROLES = ("api", "ingest", "jobs")


def parse_roles(text: str) -> frozenset[str]:
    """`api,ingest` as a set. Raises Misconfigured."""
    wanted = frozenset(filter(None, (each.strip() for each in text.split(","))))
    if not wanted or not wanted <= set(ROLES):
        raise Misconfigured("roles", f"expected some of {', '.join(ROLES)}, got {text!r}")
    return wanted


async def serve(config: Config, roles: frozenset[str]) -> None:
    """Run the roles until SIGTERM."""
    memory.save()
    logs.configure(config.log_level, sys.stdout)
    _allow_many_connections()
    if "ingest" in roles and config.broker is None:
        raise Misconfigured("broker_url", "broker_url (HUB_BROKER_URL): expected an MQTT URL for the role ingest")
    await migrate.upgrade(config.database_url)
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(config))
        await _remember_key(core)
        metrics = Metrics(installed_version())
        told: dict[str, object] = {"event": "ready", "log": "system", "roles": sorted(roles)}
        parts: list[Part] = []
        following = await stack.enter_async_context(behind(core))
        if "ingest" in roles:
            parts += await ingest.parts(core, following, metrics, stack)
        if "jobs" in roles:
            parts += clockwork.parts(following, stack)
            parts.append(await telling.part(following, stack))
        if "api" in roles:
            told["api"] = await api.start_api(core, metrics, stack)
        parts.append(Part("memory", memory.give_back))
        memory.settle()
        _tell(told)
        await run_until_signal(parts)


def _allow_many_connections() -> None:
    """As many open files as the machine allows: each box, browser and till is one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _remember_key(core: Core) -> None:
    async with core.database.transaction() as connection:
        state = await hub_state.get(connection)
        if state.public_key != core.keyring.hub_public_key:
            await hub_state.save_public_key(connection, core.keyring.hub_public_key)


def _tell(event: dict[str, object]) -> None:
    sys.stdout.write(orjson.dumps(event).decode() + "\n")
    sys.stdout.flush()
