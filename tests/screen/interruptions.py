"""A count that is cut short: a Chromium with its own profile, an agent, and a disk that can lose its power.

The power is the box's: a tablet has a battery of its own, and is killed at the same moment. What the browser is
killed by is SIGKILL of its whole process group; what it had confirmed has to be in its profile by then.
"""

import asyncio
import os
import random
import re
import signal
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import BrowserContext, Error, Page, Playwright, expect

from sync_protocol.changes import Product
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.conftest import eventually
from tests.processes.volumes import Loop
from tests.screen.conftest import ARGUMENTS, log_in, type_fast
from tests.screen.shop import code_of

LATEST_S = 0.4
"""How long after the scan of a line it may be interrupted: before, while and after it is confirmed."""
AWAY_MAX = 4
"""Lines that are counted before the agent is started again."""


class Tablet:
    """A Chromium of its own, whose profile outlives it."""

    def __init__(self, playwright: Playwright, program: str, profile: Path) -> None:
        self._playwright, self._program, self._profile = playwright, program, profile
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Page:
        port = self._profile / "DevToolsActivePort"
        port.unlink(missing_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            self._program, *ARGUMENTS, "--headless=new", "--remote-debugging-port=0", "--no-default-browser-check",
            f"--user-data-dir={self._profile}", "--window-size=834,1112", "--lang=en-GB", "about:blank",
            start_new_session=True, stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

        async def listens() -> bool:
            return port.is_file() and port.read_text().count("\n") > 0

        await eventually(listens, "Chromium listens", timeout_s=30)
        number, path = port.read_text().split("\n")[:2]
        browser = await self._playwright.chromium.connect_over_cdp(f"ws://127.0.0.1:{number}{path}")
        context: BrowserContext = browser.contexts[0]
        return context.pages[0] if context.pages else await context.new_page()

    @property
    def is_up(self) -> bool:
        return self._process is not None

    async def kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
            self._process = None


@dataclass
class Interrupted:
    """Somebody who counts line by line, whatever happens meanwhile."""

    agent: AgentProcess
    tablet: Tablet
    page: Page
    stocktake: str
    disk: Loop | None = None
    confirmed: dict[str, int] = field(default_factory=dict)
    """What the screen has said to be counted, by product."""
    away_for: int = 0
    """Lines until the agent is started again."""

    async def count(self, products: Sequence[Product], strikes: dict[int, str], choose: random.Random) -> None:
        """All of them, one after the other; `strikes` says what goes at which line."""
        for number, product in enumerate(products):
            strike = asyncio.create_task(self._strike(strikes.get(number), choose.uniform(0, LATEST_S)))
            with suppress(Error, AssertionError) if number in strikes else nullcontext():
                await self._line(product, number + 1)
            await strike
            if number in strikes:
                await self._come_back(strikes[number], choose)
                if product.product_id not in self.confirmed and not await self._is_listed(product):
                    await self._line(product, number + 1)
            self.confirmed[product.product_id] = number + 1
            await self._pass_time()

    async def _line(self, product: Product, many: int) -> None:
        """Scan it, type how many; confirmed when the screen lists it."""
        rows = self.page.locator(".row[data-state]")
        already = await rows.count()
        await self._scan(product)
        await self.page.keyboard.type(str(many))
        await self.page.keyboard.press("Enter")
        await expect(rows).to_have_count(already + 1)
        self.confirmed[product.product_id] = many

    async def _scan(self, product: Product) -> None:
        """As a keyboard that a busy machine may interrupt in the middle: then the code is none, and scanned again."""
        # While the box is away a code that is new to this device has no name yet.
        title = self.page.locator(".counted h2")
        either = re.compile(f"{re.escape(product.name)}|{code_of(product)}")
        broken = self.page.locator(".band.refused")
        for _ in range(3):
            await type_fast(self.page, code_of(product))
            await expect(title.or_(broken)).to_be_visible()
            if await title.is_visible():
                break
            await broken.get_by_role("button", name="Close").click()
        await expect(title).to_have_text(either)

    async def _is_listed(self, product: Product) -> bool:
        titles = await self.page.locator(".row[data-state] .row-title").all_text_contents()
        return product.name in titles or code_of(product) in titles

    async def _strike(self, victim: str | None, after_s: float) -> None:
        if victim is None:
            return
        await asyncio.sleep(after_s)
        if victim == "power" and self.disk is not None:
            self.disk.cut_power()
        if victim in ("agent", "power") and self.agent.process is not None:
            await self.agent.stop(signal.SIGKILL)
        if victim in ("browser", "power"):
            await self.tablet.kill()

    async def _come_back(self, victim: str, choose: random.Random) -> None:
        if victim == "agent":
            self.away_for = max(1, choose.randint(0, AWAY_MAX))
            await expect(self.page.locator(".connection[data-line=away]")).to_be_visible()
            return
        if victim == "power" and self.disk is not None:
            self.disk.unmount()
            self.disk.mount()
            await self._start_agent()
        self.page = await self.tablet.start()
        await self.open_count()

    async def open_count(self) -> None:
        """The page as somebody opens it who begins to work; logged in if the box can be asked."""
        if self.agent.process is not None:
            await log_in(self.page, self.agent)
        else:
            await self.page.goto(self.agent.api)
        await self.page.evaluate("id => { location.hash = `#/count/${id}`; }", self.stocktake)
        await expect(self.page.get_by_text("Scan what you count")).to_be_visible()
        # All that was confirmed, and perhaps what was being confirmed when it went dark.
        listed = [f".rows[data-lines='{len(self.confirmed) + more}']" for more in (0, 1)]
        await expect(self.page.locator(", ".join(listed))).to_be_visible()

    async def _pass_time(self) -> None:
        if self.agent.process is None:
            self.away_for -= 1
            if self.away_for <= 0:
                await self._start_agent()

    async def _start_agent(self) -> None:
        """Back again; a browser that was opened meanwhile is asked who counts."""
        await self.agent.start()
        if self.tablet.is_up:
            is_live = self.page.locator(".connection[data-line=live]")
            is_asked = self.page.get_by_role("button", name="Use the key of the box")
            await expect(is_live.or_(is_asked)).to_be_visible(timeout=20_000)
            if await is_asked.is_visible():
                await self.open_count()

    async def finish(self) -> None:
        """Everybody is there again, and the device has handed in what it had."""
        if self.agent.process is None:
            await self._start_agent()
        await expect(self.page.locator(".row[data-state=waiting]")).to_have_count(0, timeout=30_000)
