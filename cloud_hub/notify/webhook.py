"""Sends webhooks: one POST, no redirects, to addresses that may be called and no others.

The address is judged when the socket is made, after any resolving: what is dialled is what
was judged, so neither a name that resolves to us, nor one that changes its mind, nor a
number written oddly, nor a redirect gets inside.
"""

import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Self

import aiohttp

from cloud_hub.domain.webhooks import may_call
from cloud_hub.services.ports import Undelivered

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
REPLY_SHOWN_MAX = 200


class NotAllowed(OSError):
    """The address is none that we may call."""


class WebhookClient:
    """The one HTTP client of webhooks; nothing of one receiver is kept for another."""

    def __init__(self, private_nets: Sequence[str]) -> None:
        self._private_nets = private_nets

    async def __aenter__(self) -> Self:
        # trust_env stays false: a proxy would dial for us. One connection per request: a kept one was judged long ago.
        connector = aiohttp.TCPConnector(
            socket_factory=self._socket, force_close=True, use_dns_cache=False, limit=64, limit_per_host=2
        )
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
            max_line_size=4_096, max_field_size=4_096,
        )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of a 2xx answer. Raises Undelivered."""
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                if 200 <= answer.status < 300:
                    return answer.status
                said = (await answer.content.read(REPLY_SHOWN_MAX)).decode("utf-8", "replace")
        except TimeoutError as error:
            raise Undelivered("no answer within 10 seconds") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Undelivered(_why(error)) from error
        shown = "".join(char if char.isprintable() else " " for char in said)
        raise Undelivered(f"expected a 2xx answer, got {answer.status}: {shown}".rstrip(": "), status=answer.status)

    def _socket(self, info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if not may_call(ip_address(address[0].partition("%")[0]), self._private_nets):
            raise NotAllowed("expected a public address")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def _why(error: BaseException) -> str:
    """In words that tell nothing of what is behind us."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, NotAllowed):
            return "the address is not one that may be called"
        chain = chain.__cause__ or chain.__context__
    return f"no connection: {type(error).__name__}"
