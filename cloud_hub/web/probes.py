"""`/health`, `/health/live`, `/health/ready` and `/metrics`: for balancers and monitoring, without login.

Live: the loop turns. Ready: this process can serve (database), and whether boxes are heard, which is a
warning: without a broker the API serves what it has, and says that it is stale. Health: every
small check with its remedy; they tell states, and no secrets.
"""

import orjson
from aiohttp import web

from cloud_hub.services.metrics import CONTENT_TYPE
from cloud_hub.web.context import HUB

_NO_STORE = {"Cache-Control": "no-store"}


def add_probes(app: web.Application) -> None:
    """Routes outside the API's prefix."""
    app.router.add_get("/health", _health)
    app.router.add_get("/health/live", _live)
    app.router.add_get("/health/ready", _ready)
    app.router.add_get("/metrics", _metrics)


async def _health(request: web.Request) -> web.Response:
    return await _checked(request, only_ready=False)


async def _ready(request: web.Request) -> web.Response:
    return await _checked(request, only_ready=True)


async def _live(_: web.Request) -> web.Response:
    return _json({"status": "ok"}, 200)


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(body=request.app[HUB].metrics.text(), headers={"Content-Type": CONTENT_TYPE, **_NO_STORE})


async def _checked(request: web.Request, *, only_ready: bool) -> web.Response:
    checks = await request.app[HUB].health.check(only_ready=only_ready)
    failed = any(not check.is_ok and check.is_vital for check in checks)
    warned = any(not check.is_ok for check in checks)
    body = {
        "status": "failed" if failed else "warning" if warned else "ok",
        "checks": [
            {"name": each.name, "ok": each.is_ok, "detail": each.detail, "remedy": each.remedy} for each in checks
        ],
    }
    return _json(body, 503 if failed else 200)


def _json(body: object, status: int) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=_NO_STORE)
