"""A hub that tells others, moved by hand, and a real receiver of webhooks on a loopback port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from cloud_hub.core import now_ms
from cloud_hub.notify.webhook import WebhookClient
from cloud_hub.services.delivering import Channel, Delivering
from cloud_hub.services.telling import Fill, Telling
from cloud_hub.services.webhooks import CHANNEL, WebhookChannel
from tests.integration.hub_web.conftest import Running

PRIVATE = ("127.0.0.0/8",)


@dataclass
class Teller:
    """Rounds of telling, with a clock that can be moved on."""

    telling: Telling
    delivering: Delivering
    ahead_ms: int = 0

    def now(self) -> int:
        return now_ms() + self.ahead_ms

    async def tell(self) -> None:
        """Rounds until nothing is left to do."""
        for _ in range(100):
            done = await self.telling.round()
            await self.delivering.finish()
            if not any(done):
                return
        raise AssertionError("there is always something to tell")


@asynccontextmanager
async def teller(
    hub: Running, *, private: tuple[str, ...] = PRIVATE, channels: dict[str, Channel] | None = None,
    fills: list[Fill] | None = None,
) -> AsyncIterator[Teller]:  # fmt: skip
    """What the role `jobs` runs by itself."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(WebhookClient(private))
        made: Teller
        known: dict[str, Channel] = {
            CHANNEL: WebhookChannel(hub.core.database, client, key=hub.core.keyring.webhook_key), **(channels or {})
        }  # fmt: skip
        delivering = Delivering(hub.core.database, known, now=lambda: made.now())
        made = Teller(Telling(hub.core.database, delivering, fills or [], now=lambda: made.now()), delivering)
        yield made
        await delivering.close()


@dataclass
class Receiver:
    """An integrator's server: keeps what comes and answers as it is told."""

    url: str = ""
    status: int = 200
    location: str | None = None
    silent: bool = False
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [str(dict_of(body)["type"]) for _, body in self.got]

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        if self.silent:
            await asyncio.Event().wait()
        return web.Response(status=self.status, headers={"Location": self.location} if self.location else {})


def dict_of(body: bytes) -> dict[str, Any]:
    import json

    return dict(json.loads(body))


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Listening on 127.0.0.1."""
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield made
    finally:
        await runner.cleanup()
