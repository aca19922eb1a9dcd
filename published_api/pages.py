"""`/openapi.json` and the pages to read it, which ask nothing of the internet.

Their scripts are fetched by npm at install time (packaging/assets) into `assets/`; without them a page says how to
get them, and everything else works.
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ASSETS = Path(__file__).parent / "assets"
_START_SWAGGER = b"""
window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: false});
"""
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_ICON = (
    "data:image/svg+xml;base64,"
    + b64encode(
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
        b'<rect width="16" height="16" rx="4" fill="#2a47b8"/>'
        b'<path d="M4 4v8M7 4v8M9 4v8M12 4v8" stroke="#fff" stroke-width="1.2"/></svg>'
    ).decode()
)
"""In the page itself: a browser that is named no icon asks for one that neither program has."""
_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="{icon}">{head}</head>
<body>{body}</body></html>"""
_NO_ASSETS = "<p>The page is not installed: run <code>make assets</code>.</p>"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One way to read the document."""

    path: str
    head: str = ""
    body: str
    files: tuple[str, ...]
    """Of `assets/`, the script first."""
    policy: str = _POLICY
    """What a browser lets it do."""


SWAGGER = Page(
    path="/docs",
    head='<link rel="stylesheet" href="/docs/assets/swagger-ui.css">',
    body='<div id="ui"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>'
    '<script src="/docs/assets/start-swagger.js"></script>',
    files=("swagger-ui-bundle.js", "swagger-ui.css"),
)
REDOC = Page(
    path="/redoc",
    body='<redoc spec-url="/openapi.json"></redoc><script src="/docs/assets/redoc.standalone.js"></script>',
    files=("redoc.standalone.js",),
    policy=f"{_POLICY}; worker-src blob:; child-src blob:",
)


def add_pages(app: web.Application, title: str, document: Callable[[], bytes], *pages: Page) -> None:
    """Routes of the document and of its pages; `document` takes its time when it is asked first."""

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(document), content_type="application/json")

    app.router.add_get("/openapi.json", openapi)
    for page in pages:
        app.router.add_get(page.path, _shown(page, title))
    app.router.add_get("/docs/assets/{name}", _served({name for page in pages for name in page.files}))


def _shown(page: Page, title: str) -> Handler:
    async def show(_: web.Request) -> web.Response:
        is_there = (ASSETS / page.files[0]).exists()
        head, body = (page.head, page.body) if is_there else ("", _NO_ASSETS)
        headers = {"Content-Security-Policy": page.policy, "X-Content-Type-Options": "nosniff"}
        text = _HTML.format(title=title, icon=_ICON, head=head, body=body)
        return web.Response(text=text, content_type="text/html", headers=headers)

    return show


def _served(names: Collection[str]) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name == "start-swagger.js":
            return web.Response(body=_START_SWAGGER, content_type="text/javascript")
        path = ASSETS / name
        if name not in names or not path.exists():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": _TYPES[path.suffix], "Cache-Control": "max-age=3600"})

    return serve
