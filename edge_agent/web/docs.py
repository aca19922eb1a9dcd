"""`/docs` and `/openapi.json`: the box's document, and a page to read and try it that asks nothing of the internet.

The page's script is fetched by npm at install time (packaging/assets) into `docs_assets/`; without it the page says
how to get it, and everything else works. The document is made when somebody first asks for it.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from edge_agent.errors import NotFound

ASSETS = Path(__file__).parent / "docs_assets"
_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "start.js": "text/javascript"}
_START = b"""
window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: false});
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Backstock store box: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head><body>{body}</body></html>"""
_WITH_ASSETS = _PAGE.format(
    body='<div id="ui"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>'
    '<script src="/docs/assets/start.js"></script>'
)
_WITHOUT = _PAGE.format(body="<p>The page is not installed: run <code>make assets</code>.</p>")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
}


def add_docs(app: web.Application, describe: Callable[[str], dict[str, Any]]) -> None:
    """Routes of the document, which `describe` makes for a version, and of its page."""

    @cache
    def document() -> bytes:
        return orjson.dumps(describe(_version()))

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=document(), content_type="application/json")

    app.router.add_get("/openapi.json", openapi, allow_head=False)
    app.router.add_get("/docs", _page, allow_head=False)
    app.router.add_get("/docs/assets/{name}", _asset, allow_head=False)


async def _page(_: web.Request) -> web.Response:
    text = _WITH_ASSETS if (ASSETS / "swagger-ui-bundle.js").exists() else _WITHOUT
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)


async def _asset(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name == "start.js":
        return web.Response(body=_START, content_type=_FILES[name])
    if name not in _FILES or not (ASSETS / name).exists():
        raise NotFound("no_route", "there is no such file of the page")
    return web.FileResponse(ASSETS / name, headers={"Content-Type": _FILES[name], "Cache-Control": "max-age=3600"})


def _version() -> str:
    try:
        return version("backstock")
    except PackageNotFoundError:
        return "0"
