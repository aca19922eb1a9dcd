"""The store's screen: the files that `make screen` built, served as they are, to anybody on this network.

They hold no data and no secrets; everything shown comes from the API, which asks who is there. The page
may load from this box only (Content-Security-Policy). Names with a hash in them never change, so a browser
keeps them for good; the page that names them is asked for each time.
"""

from pathlib import Path

from aiohttp import web

from edge_agent.errors import NotFound, Unavailable

FOLDER = Path(__file__).parent / "assets"
PAGE = "index.html"
FIXED_NAMES = ("sw.js", "manifest.webmanifest", "icon.svg", "icon-maskable.svg", "licenses.txt")

_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json", ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
READER = "assets/codeReader-"
_READER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""The worker that reads the camera's pictures is WebAssembly; the page itself may run none."""
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


async def get_page(_request: web.Request) -> web.StreamResponse:
    """The one page. Raises Unavailable (`screen_not_built`)."""
    if not (FOLDER / PAGE).is_file():
        raise Unavailable("screen_not_built", "expected the built screen beside the program", remedy="make screen")
    return _file(PAGE, "no-store")


async def get_fixed(request: web.Request) -> web.StreamResponse:
    """A file whose name stays: asked for each time, sent only when it has changed."""
    name = request.path.removeprefix("/")
    return _file(name if name in FIXED_NAMES else "", "no-cache")


async def get_asset(request: web.Request) -> web.StreamResponse:
    """A file with a hash in its name."""
    name = request.match_info["name"]
    return _file(f"assets/{name}" if "/" not in name else "", "public, max-age=31536000, immutable")


def _file(name: str, caching: str) -> web.StreamResponse:
    path = FOLDER / name
    content_type = _TYPES.get(path.suffix)
    if content_type is None or not path.is_file():
        raise NotFound("no_route", "there is no such file of the screen")
    # A file with `.gz` beside it goes out compressed to whoever accepts that; the build made it.
    own = {"Content-Type": content_type, "Cache-Control": caching}
    if name.startswith(READER):
        own["Content-Security-Policy"] = _READER_POLICY
    return web.FileResponse(path, headers=_HEADERS | own)
