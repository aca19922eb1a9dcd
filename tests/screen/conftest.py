"""The built screen in a real browser, on a real agent whose line to head office is cut, with scanners on ptys."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect

from deploy.local.ports import free_port
from edge_agent.services import enrolment
from edge_agent.storage.files import Folder
from edge_agent.web import screen
from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.conftest import eventually
from tests.integration.edge_sync.enrolling_hub import EnrollingHub
from tests.integration.labels.paper import Paper
from tests.screen import shop, staff

ENVIRONMENT = {"EDGE_API_PORT": "0", "EDGE_BALLAST_MB": "1", "PYTHONUNBUFFERED": "1"}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser serves all tests of this folder, so they and their fixtures run on the session's event loop."""
    for item in items:
        if pytest_asyncio.is_async_test(item) and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box that was enrolled and told its catalogue; then the line was cut."""
    if not (screen.FOLDER / screen.PAGE).is_file():
        pytest.skip("MISSING: the screen is not built (make screen), its flows are not tested")
    agent = AgentProcess(Folder(tmp_path_factory.mktemp("enrolled") / "box"), dict(ENVIRONMENT))
    enrolling = EnrollingHub(free_port())
    async with TestServer(enrolling.application()) as server:
        enrolling.url = str(server.make_url("")).rstrip("/")
        code, out, err = await agent.command("enrol", enrolling.url, enrolling.codes[0], "--name", "box")
        assert code == 0, out + err
    shop.fill(agent.folder.database)
    # Enrolling reserves as much as the settings' default says; each test would copy it.
    agent.folder.ballast.unlink(missing_ok=True)
    return agent.folder.path


@pytest.fixture
def till(tmp_path: Path) -> Iterator[PtyScanner]:
    """The scanner at the counter: each beep sells."""
    with PtyScanner(tmp_path / "ttyACM0") as scanner:
        yield scanner


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[PtyScanner]:
    """The scanner that belongs to the screen: each beep goes there."""
    with PtyScanner(tmp_path / "ttyACM1") as scanner:
        yield scanner


@pytest.fixture
def paper() -> Paper:
    """The box's label printer, which is off."""
    printer = Paper()
    printer.port = free_port()
    return printer


@pytest.fixture
def printers(paper: Paper) -> list[dict[str, Any]]:
    """What stands in the box's settings of its printers."""
    return [{"name": "shelf-1", "output": f"tcp://127.0.0.1:{paper.port}", "width_mm": 100, "height_mm": 60}]


@pytest.fixture
def hand_url(hand: PtyScanner) -> str:
    """How the box reads it."""
    return f"serial://{hand.path}"


@pytest.fixture
def devices(till: PtyScanner, hand_url: str, printers: list[dict[str, Any]]) -> dict[str, str]:
    """What the box's settings say of them."""
    scanners = [
        {"url": f"serial://{till.path}", "device": "till-1", "mode": "sell"},
        {"url": hand_url, "device": "hand-1", "mode": "lookup"},
    ]
    return {"EDGE_SCANNERS": json.dumps(scanners), "EDGE_PRINTERS": json.dumps(printers)}


@pytest.fixture
def settings() -> dict[str, Any]:
    """The rules that head office has set for this store."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def agent(
    tmp_path: Path, _enrolled: Path, devices: dict[str, str], settings: dict[str, Any]
) -> AsyncIterator[AgentProcess]:
    """The agent, running, with stock."""
    shutil.copytree(_enrolled, tmp_path / "box")
    folder = Folder(tmp_path / "box")
    shop.rule(folder.database, settings)
    async with running(folder, devices) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def staffed(tmp_path: Path, _enrolled: Path, devices: dict[str, str]) -> AsyncIterator[AgentProcess]:
    """The same with people who work here, and so with its door to the store's network open."""
    shutil.copytree(_enrolled, tmp_path / "box")
    folder = Folder(tmp_path / "box")
    staff.fill(folder.database, needs_manager=["adjust", "return"])
    async with running(folder, devices) as found:
        yield found


@asynccontextmanager
async def running(folder: Folder, devices: dict[str, str]) -> AsyncIterator[AgentProcess]:
    """An agent on this folder until the end, with stock and its devices."""
    ports = {"EDGE_API_PORT": str(free_port()), "EDGE_LAN_PORT": str(free_port())}
    agent = AgentProcess(folder, ENVIRONMENT | devices | ports)
    await agent.start()
    status, answer = await agent.ask("POST", "/api/v1/inventory/movements", {"movements": shop.opening()})
    assert status == 201, answer

    async def scanners_are_up() -> bool:
        _, health = await agent.ask("GET", "/health")
        states = [check["result"] for check in health["checks"] if check["name"].startswith("scanner ")]
        return states == ["ok", "ok"]

    await eventually(scanners_are_up, "both scanners are open")
    yield agent
    if agent.process is not None:
        await agent.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as found:
        yield found


def chromium(playwright: Playwright) -> str:
    """The system's Chromium, else Playwright's own."""
    named = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    program = next(filter(None, named), None) or shutil.which(playwright.chromium.executable_path)
    if program is None:
        pytest.skip("MISSING: no Chromium (apt install chromium), the screen's flows are not tested")
    return program


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """One for all tests."""
    async with launched(playwright) as found:
        yield found


@asynccontextmanager
async def launched(playwright: Playwright, *arguments: str) -> AsyncIterator[Browser]:
    """A browser with more arguments than usual."""
    found = await playwright.chromium.launch(executable_path=chromium(playwright), args=[*ARGUMENTS, *arguments])
    yield found
    await found.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, agent: AgentProcess) -> AsyncIterator[Page]:
    """A tablet at which somebody has logged in; anything the browser complains of fails the test."""
    complaints: list[str] = []
    context = await browser.new_context(viewport={"width": 834, "height": 1112}, locale="en-GB", has_touch=True)
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    await log_in(page, agent)
    yield page
    await context.close()
    assert complaints == []


async def log_in(page: Page, agent: AgentProcess) -> None:
    """With the box's key, by hand."""
    key = next(iter(enrolment.api_keys(agent.folder)))
    await page.goto(agent.api)
    await page.get_by_role("button", name="Use the key of the box").click()
    await page.get_by_label("Key of the box").fill(key)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await expect(page.locator(".connection[data-line=live]")).to_be_visible()


async def log_in_as(page: Page, name: str, url: str) -> None:
    """A person, with name and PIN."""
    await page.goto(url)
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("PIN", exact=True).fill(staff.PIN)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await expect(page.locator(".connection[data-line=live]")).to_be_visible()


async def open_flow(page: Page, flow: str, of: str = "") -> None:
    """Go there as a link would."""
    await page.evaluate("([flow, of]) => { location.hash = `#/${flow}${of && '/' + of}`; }", [flow, of])
    await expect(page.locator("main#content")).to_be_visible()


async def pair(page: Page, scanner: str) -> None:
    """This scanner is that of the screen from now on."""
    await open_flow(page, "scanners", scanner)
    await page.get_by_role("button", name="Scanner of this screen", pressed=False).click()
    await expect(page.get_by_role("button", name="Scanner of this screen", pressed=True)).to_be_visible()


KEY_S = 0.005
"""From one key of a scanner to the next."""


async def type_fast(page: Page, code: str) -> None:
    """As a scanner that is a keyboard: each key carries its own time, however late a busy machine brings it.

    They are sent when the last has been typed: the browser believes no time that is still to come.
    """
    line = await page.context.new_cdp_session(page)
    keys: list[dict[str, object]] = [{"key": each, "text": each} for each in code]
    keys.append({"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13})
    began = time.time()
    told = [
        {**key, "type": kind, "timestamp": began + KEY_S * place}
        for place, key in enumerate(keys)
        for kind in ("keyDown", "keyUp")
    ]
    await asyncio.sleep(KEY_S * len(keys))
    await asyncio.gather(*(line.send("Input.dispatchKeyEvent", each) for each in told))
    await line.detach()


async def level(agent: AgentProcess, product_id: str) -> str:
    """What the box itself says."""
    _, found = await agent.ask("GET", f"/api/v1/inventory?product_id={product_id}")
    return str(found["items"][0]["on_hand"])


async def until_level(agent: AgentProcess, product_id: str, wanted: str) -> None:
    async def is_so() -> bool:
        return await level(agent, product_id) == wanted

    await eventually(is_so, f"{wanted} in stock")
