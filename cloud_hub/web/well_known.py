"""`/.well-known/jwks.json`: the public keys by which others can check our access tokens (RFC 7517)."""

from collections.abc import Callable, Mapping

import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_hub.domain.tokens import published

PATH = "/.well-known/jwks.json"
# Shorter than a replaced key goes on verifying, so that nobody holds a list without the newest one for long.
_HEADERS = {"Cache-Control": "public, max-age=60"}


def add_well_known(app: web.Application, keys: Callable[[], Mapping[str, Ed25519PublicKey]]) -> None:
    """Outside the API's prefix, for anybody."""

    async def jwks(_: web.Request) -> web.Response:
        return web.Response(
            body=orjson.dumps(published(keys())), content_type="application/jwk-set+json", headers=_HEADERS
        )

    app.router.add_get(PATH, jwks)
