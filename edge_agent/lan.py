"""The box's door to the store's network: HTTPS, open as long as somebody could log in and there is a certificate.

Until then the API is on the loopback only. A renewed certificate is taken without anybody
noticing; a port that is taken is tried again and is a finding of `/health`.
"""

import asyncio
import ssl
from datetime import UTC, datetime

import structlog

from edge_agent.config import Config
from edge_agent.errors import EdgeError
from edge_agent.services import local_access
from edge_agent.services.health import Check
from edge_agent.storage import people
from edge_agent.storage.database import Database
from edge_agent.storage.files import Folder
from edge_agent.transport.addresses import own_names
from edge_agent.transport.hub_http import HubHttp
from edge_agent.web.server import StoreApi

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
RENEW_LOOK_S = 900.0


class Lan:
    """Opens and closes the door, and keeps its certificate good."""

    def __init__(self, api: StoreApi, database: Database, folder: Folder, config: Config, hub: HubHttp) -> None:
        self._api, self._database, self._folder, self._config, self._hub = api, database, folder, config, hub
        self._asked: list[str] = []
        self._tls: ssl.SSLContext | None = None
        self._taken_at = 0
        self._is_wanted = False
        self._url = self._problem = ""

    async def run(self) -> None:
        """Open and close as people come and go; never ends."""
        while True:
            try:
                await self._look()
            except (OSError, ssl.SSLError) as error:
                self._say(f"{type(error).__name__}: {error}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def renew(self) -> None:
        """A certificate under the names that the box has now; never ends."""
        while True:
            names = own_names(self._config.lan_names)
            if local_access.is_due(self._folder, names, self._asked, datetime.now(UTC)):
                try:
                    await local_access.renew(self._folder, names, self._hub.local_access)
                    self._asked = names
                    log.info("certificate of this box's HTTPS renewed", names=names)
                except EdgeError as error:
                    log.warning("no certificate for this box's HTTPS", code=error.code, detail=error.detail)
            await asyncio.sleep(RENEW_LOOK_S)

    def check(self) -> Check:
        """For `/health`."""
        if not self._config.lan_host:
            return Check("lan", "ok", "switched off: lan_host is empty")
        if not self._is_wanted:
            return Check("lan", "ok", "closed until head office has people and a certificate for this box")
        if self._problem:
            return Check("lan", "warn", self._problem, "free the port, or set lan_port; people can log in at the box")
        return Check("lan", "ok", self._url)

    async def _look(self) -> None:
        config, file = self._config, self._folder.https
        self._is_wanted = bool(config.lan_host) and file.exists() and await self._database.read(people.can_log_in)
        if not self._is_wanted:
            if self._url:
                await self._api.close_lan()
                self._url = ""
            return
        changed_at = file.stat().st_mtime_ns
        if self._tls is None or changed_at != self._taken_at:
            if self._tls is None:
                self._tls = local_access.tls(self._folder)
            else:
                self._tls.load_cert_chain(file)
            self._taken_at = changed_at
        if not self._url:
            self._url = await self._api.open_lan(config.lan_host, config.lan_port, self._tls)
            self._say("")
            log.info("people may log in from the store's network", url=self._url)

    def _say(self, problem: str) -> None:
        if problem and problem != self._problem:
            log.warning("no HTTPS on the store's network", problem=problem)
        self._problem = problem
