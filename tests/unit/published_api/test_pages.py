"""The pages to read a document: served with their scripts and no others, and of use where the scripts are missing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from published_api import pages
from published_api.pages import REDOC, SWAGGER, add_pages

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(pages, "ASSETS", tmp_path)
    app = web.Application()
    add_pages(app, "Ours", lambda: b'{"openapi": "3.1.0"}', SWAGGER)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_page_asks_nothing_of_the_internet_and_its_scripts_come_from_here(
    client: Client, tmp_path: Path
) -> None:
    for name in SWAGGER.files:
        (tmp_path / name).write_text("/* it */")
    page = await client.get("/docs")
    text = await page.text()

    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<title>Ours</title>" in text
    assert "://" not in text
    assert '<link rel="icon" href="data:' in text, "or the browser asks for /favicon.ico, which is not there"
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    for name, kind in (("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css"),
                       ("start-swagger.js", "text/javascript")):  # fmt: skip
        assert f"/docs/assets/{name}" in text
        answer = await client.get(f"/docs/assets/{name}")
        assert (answer.status, answer.content_type) == (200, kind)
    assert await (await client.get("/openapi.json")).json() == {"openapi": "3.1.0"}


async def test_without_its_scripts_a_page_says_how_to_get_them(client: Client) -> None:
    assert "make assets" in await (await client.get("/docs")).text()
    assert (await client.get("/docs/assets/swagger-ui-bundle.js")).status == 404


async def test_only_what_a_page_needs_is_served(client: Client, tmp_path: Path) -> None:
    for name in (*REDOC.files, "other.js"):
        (tmp_path / name).write_text("/* it */")
    for path in ("/redoc", "/docs/assets/redoc.standalone.js", "/docs/assets/other.js", "/docs/assets/..%2fother.js"):
        assert (await client.get(path)).status == 404
