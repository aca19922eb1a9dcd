"""`/docs`, `/redoc` and `/openapi.json`: bundled pages that ask nothing of the internet.

The pages' scripts are fetched by npm at install time (packaging/assets) into `assets/`;
without them the two pages say how to get them, and everything else works.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

ASSETS = Path(__file__).parent / "assets"
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
    "start-swagger.js": "text/javascript",
}
_START_SWAGGER = b"""
window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: false});
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Backstock API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body>{body}</body></html>"""
_SWAGGER = _PAGE.format(
    head='<link rel="stylesheet" href="/docs/assets/swagger-ui.css">',
    body='<div id="ui"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>'
    '<script src="/docs/assets/start-swagger.js"></script>',
)
_REDOC = _PAGE.format(
    head="", body='<redoc spec-url="/openapi.json"></redoc><script src="/docs/assets/redoc.standalone.js"></script>'
)
_NO_ASSETS = _PAGE.format(head="", body="<p>The pages are not installed: run <code>make assets</code>.</p>")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; worker-src blob:; child-src blob:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)


def add_docs(app: web.Application, document: Callable[[], bytes]) -> None:
    """Routes of the document and its pages; `document` takes its time when it is asked first."""

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(document), content_type="application/json")

    app.router.add_get("/", _to_docs)
    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/docs", _page(_SWAGGER, "swagger-ui-bundle.js"))
    app.router.add_get("/redoc", _page(_REDOC, "redoc.standalone.js"))
    app.router.add_get("/docs/assets/{name}", _asset)


async def _to_docs(_: web.Request) -> web.Response:
    """Who types the bare address is a person."""
    return web.Response(status=302, headers={"Location": "/docs"})


def _page(html: str, needs: str) -> Any:
    async def page(_: web.Request) -> web.Response:
        text = html if (ASSETS / needs).exists() else _NO_ASSETS
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _CSP})

    return page


async def _asset(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name == "start-swagger.js":
        return web.Response(body=_START_SWAGGER, content_type=_FILES[name])
    path = ASSETS / name
    if name not in _FILES or not path.exists():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": _FILES[name], "Cache-Control": "max-age=3600"})
