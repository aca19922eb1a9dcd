"""How a caller stands with their rate limit, as every answer says it (IETF draft RateLimit header fields)."""

import time
from collections.abc import Mapping

from aiohttp import web

from cloud_hub.web.context import HUB, LIMITED


def limit_headers(request: web.Request) -> Mapping[str, str]:
    """`RateLimit` and `RateLimit-Policy` of the limit that this request was counted under; none without one."""
    key = request.get(LIMITED)
    standing = None if key is None else request.app[HUB].limits.standing(key, time.time_ns() // 1_000_000)
    if standing is None:
        return {}
    name, (requests, seconds), remaining, reset_s = standing
    return {
        "RateLimit": f'"{name}";r={remaining};t={reset_s}',
        "RateLimit-Policy": f'"{name}";q={requests};w={seconds}',
    }
