"""A newer program on the box: the next opening of the screen is the new one, and nothing that was begun is lost."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect

from edge_agent.services.health import Check
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage.database import Database
from edge_agent.storage.files import Folder
from edge_agent.web import screen
from edge_agent.web.server import StoreApi
from tests.screen.conftest import open_flow, type_fast
from tests.screen.shop import OATS, code_of

KEY = "a-key-of-this-box"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The built screen, in a folder that a test may change."""
    folder = tmp_path / "built"
    shutil.copytree(screen.FOLDER, folder, ignore=shutil.ignore_patterns("*.gz"))
    monkeypatch.setattr(screen, "FOLDER", folder)
    return folder


@asynccontextmanager
async def a_box(folder: Path) -> AsyncIterator[str]:
    """The box's API in this process, and its address."""
    database = Database.open(Folder(folder).database)
    store = StoreApi(database=database, status=LinkStatus(), api_keys={KEY: "till-1"}, boot=1, checks=_no_checks)
    async with TestServer(store.app) as server:
        yield str(server.make_url("/"))
        await store.stop()
    await database.close()


async def _no_checks() -> list[Check]:
    return []


def renew(built: Path) -> str:
    """What `make screen` of another version leaves: the same files by other names; the script's."""
    (script,) = (built / "assets").glob("screen-*.js")
    script.rename(script.with_name("screen-newer.js"))
    for name in ("index.html", "sw.js"):
        path = built / name
        path.write_text(path.read_text(encoding="utf-8").replace(script.name, "screen-newer.js"), encoding="utf-8")
    return "/assets/screen-newer.js"


async def test_a_newer_screen_takes_over_at_the_next_opening_and_loses_no_draft(
    browser: Browser, built: Path, tmp_path: Path, _enrolled: Path
) -> None:
    shutil.copytree(_enrolled, tmp_path / "box")
    async with a_box(tmp_path / "box") as url:
        page = await browser.new_page(locale="en-GB")
        await page.goto(url)
        await page.get_by_role("button", name="Use the key of the box").click()
        await page.get_by_label("Key of the box").fill(KEY)
        await page.get_by_role("button", name="Log in", exact=True).click()
        await open_flow(page, "transfer", "send")
        await type_fast(page, code_of(OATS))
        await expect(page.get_by_role("button", name="Send 1")).to_be_visible()
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")

        script = renew(built)
        await page.reload()

        await expect(page.locator(f"script[src='{script}']")).to_have_count(1)
        await expect(page.get_by_role("button", name="Send 1")).to_be_visible()
        await page.wait_for_function(
            "script => caches.keys().then((names) => names.length === 1 && names[0].includes(script))", arg=script
        )
        await page.close()
