"""HTTPS to the hub: enrolment, and the downloads that are too big for MQTT.

Knows URLs, TLS and how the hub says no; knows nothing of what the bytes mean. Answers are
bounded, redirects and proxies of the environment are not followed. The box proves who it
is with a 60-second token signed by its record key.
"""

import base64
import ssl
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Self
from urllib.parse import quote, urlsplit

import aiohttp
import orjson

from edge_agent.domain.enrolment import check_pin
from edge_agent.errors import Refused, Unavailable

TOKEN_S = 60
ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""A manifest of a very large chain; a chunk is checked against its own, smaller limit."""
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10, sock_read=30)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_RETRY_FROM = 500


def check_url(url: str) -> str:
    """The base of all requests. Raises Refused: plain HTTP is for loopback only."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("bad_url", f"hub URL: expected https://HOST[:PORT], got {url[:120]!r}")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise Refused("plain_http", f"hub URL: expected https:// for {parts.hostname}, got http://")
    return f"{parts.scheme}://{parts.netloc}"


def trust(ca_pem: str | None) -> ssl.SSLContext:
    """TLS 1.2 or later, host name checked, this one authority trusted (None: the system's)."""
    context = ssl.create_default_context(cadata=ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def device_token(device_id: str, sign: Callable[[bytes], bytes], now_s: int) -> str:
    """A JWT (EdDSA) that says: this device, for a minute."""
    header = {"alg": "EdDSA", "kid": device_id, "typ": "JWT"}
    claims = {"aud": "backstock-hub", "exp": now_s + TOKEN_S, "iat": now_s, "sub": device_id}
    body = f"{_part(orjson.dumps(header))}.{_part(orjson.dumps(claims))}"
    return f"{body}.{_part(sign(body.encode()))}"


async def fetch_ca(url: str, pin: str) -> str:
    """The hub's authority, believed only because its fingerprint begins as the code says.

    This one request is made before anything is trusted: it sends no secret, and what it
    brings is public and checked here, so the connection itself need not be.
    """
    async with HubHttp(url, tls=False) as hub:
        ca_pem = (await hub.get("/api/v1/ca")).decode("utf-8", "replace")
    check_pin(ca_pem, pin)
    return ca_pem


class HubHttp:
    """One client session to one hub; an async context manager."""

    def __init__(
        self,
        url: str,
        *,
        tls: ssl.SSLContext | bool = True,
        site_id: str = "",
        device_id: str = "",
        sign: Callable[[bytes], bytes] | None = None,
        hub_now_s: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self._base = check_url(url)
        self._tls = tls
        self._site_id, self._device_id, self._sign = site_id, device_id, sign
        self._hub_now_s = hub_now_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=4)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def enrol(self, body: dict[str, Any]) -> bytes:
        """Hand in the code and the keys."""
        return await self._ask("POST", "/api/v1/devices/enrol", json=body)

    async def renew(self, body: dict[str, Any]) -> bytes:
        """Ask for a new client certificate."""
        return await self._ask("POST", "/api/v1/devices/renew", json=body)

    async def local_access(self, body: dict[str, Any]) -> bytes:
        """Ask for a certificate of the box's own HTTPS, and the people key."""
        return await self._ask("POST", "/api/v1/devices/local-access", json=body)

    async def stock_elsewhere(self, product_id: str) -> bytes:
        """What the other sites of the chain have of a product."""
        return await self.get(f"/api/v1/sites/{self._site_id}/stock-elsewhere?product_id={quote(product_id, safe='')}")

    async def manifest(self, kind: str) -> bytes:
        """The manifest of a snapshot of this box's site, made now."""
        return await self.get(f"/api/v1/snapshots/{self._site_id}/manifest?kind={kind}")

    async def chunk(self, digest: str) -> bytes:
        """One content-addressed chunk."""
        data = await self.get(f"/api/v1/snapshots/{self._site_id}/chunks/{digest}")
        if sha256(data).hexdigest() != digest:
            raise Unavailable("chunk_damaged", f"chunk {digest[:12]}…: another hash after {len(data)} bytes")
        return data

    async def get(self, path: str) -> bytes:
        """Any document of the hub, bounded."""
        return await self._ask("GET", path)

    async def _ask(self, method: str, path: str, **how: Any) -> bytes:
        if self._session is None:
            raise RuntimeError("HubHttp is an async context manager")
        headers = self._credentials()
        try:
            async with self._session.request(
                method, self._base + path, headers=headers, allow_redirects=False, **how
            ) as response:
                body = await _read(response)
                return body if response.status < 300 else _refuse(response.status, body)
        except aiohttp.ClientConnectorCertificateError as error:
            raise Refused("bad_certificate", f"{self._base}: {error.certificate_error}") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            detail = f"{self._base}: expected an answer, got {type(error).__name__}: {error}"
            raise Unavailable("hub_unreachable", detail) from error

    def _credentials(self) -> dict[str, str]:
        if self._sign is None:
            return {}
        return {"Authorization": f"Device {device_token(self._device_id, self._sign, self._hub_now_s())}"}


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = await response.content.read(ANSWER_BYTES_MAX)
    while not response.content.at_eof():
        if len(body) >= ANSWER_BYTES_MAX:
            raise Unavailable("answer_too_large", f"expected at most {ANSWER_BYTES_MAX} bytes")
        body += await response.content.read(ANSWER_BYTES_MAX - len(body))
    return body


def _refuse(status: int, body: bytes) -> bytes:
    """Raise what a problem document says."""
    try:
        problem = orjson.loads(body)
        code, detail = str(problem["code"]), str(problem.get("detail") or problem.get("title") or "")
    except (orjson.JSONDecodeError, KeyError, TypeError):
        code, detail = f"http_{status}", body[:200].decode("utf-8", "replace")
    if status >= _RETRY_FROM or status in (408, 425, 429):
        raise Unavailable(code, f"the hub answered {status}: {detail}")
    raise Refused(code, f"the hub answered {status}: {detail}")


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
