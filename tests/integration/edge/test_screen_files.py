"""The files of the store's screen: open to all, from this box only, never anything outside their folder."""

import gzip
from pathlib import Path

import pytest
from yarl import URL

from edge_agent.web import screen
from tests.integration.edge.conftest import Api

PAGE = "<!doctype html><title>Backstock</title>"
SCRIPT = "console.log('screen');" * 50


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `make screen` leaves it."""
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "sw.js").write_text("// worker")
    (folder / "licenses.txt").write_text("MIT …", encoding="utf-8")
    (folder / "assets" / "codeReader-b2.js").write_text(SCRIPT)
    (folder / "assets" / "screen-a1.js").write_text(SCRIPT)
    (folder / "assets" / "screen-a1.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "secret.js").write_text("outside")
    monkeypatch.setattr(screen, "FOLDER", folder)
    return folder


async def test_the_page_needs_no_key_is_never_kept_and_may_load_from_this_box_only(api: Api, built: Path) -> None:
    async with api.client.get("/") as response:
        policy = response.headers["Content-Security-Policy"]
        assert (response.status, await response.text()) == (200, PAGE)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_a_file_with_a_hash_in_its_name_is_kept_for_good_and_comes_compressed(api: Api, built: Path) -> None:
    async with api.client.get("/assets/screen-a1.js", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.content_type == "text/javascript"
        assert await response.text() == SCRIPT


async def test_only_the_cameras_reader_may_run_webassembly(api: Api, built: Path) -> None:
    async with api.client.get("/assets/codeReader-b2.js") as response:
        assert "script-src 'self' 'wasm-unsafe-eval'" in response.headers["Content-Security-Policy"]
    async with api.client.get("/assets/screen-a1.js") as response:
        assert "unsafe" not in response.headers["Content-Security-Policy"]


async def test_the_service_worker_is_asked_for_each_time(api: Api, built: Path) -> None:
    async with api.client.get("/sw.js") as response:
        assert (response.status, response.headers["Cache-Control"]) == (200, "no-cache")


async def test_the_licences_of_what_is_built_in_are_a_text_for_everybody(api: Api, built: Path) -> None:
    async with api.client.get("/licenses.txt") as response:
        assert (response.status, response.content_type, await response.text()) == (200, "text/plain", "MIT …")


@pytest.mark.parametrize(
    "path", ["/assets/..%2f..%2fsecret.js", "/assets/%2e%2e/secret.js", "/assets/none.js", "/x.js"]
)
async def test_nothing_outside_the_folder_is_served(api: Api, built: Path, path: str) -> None:
    async with api.client.get(URL(path, encoded=True)) as response:
        assert response.status == 404
        assert (await response.json(content_type=None))["code"] == "no_route"


async def test_a_box_without_the_built_screen_says_what_to_do(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "FOLDER", tmp_path)

    async with api.client.get("/") as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"], problem["remedy"]) == (503, "screen_not_built", "make screen")
