"""Real screens in Chromium, on a box with 100,000 products: a scan until it is shown, and the first load.

Nine further screens are event streams. A page writes down with its own clock when the event
came in and when the frame is drawn that shows it; how far that clock is off is measured first.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from scanner_drivers import PtyScanner
from tests.benchmarks.big_store import SCREENS, BigStore, a_code, in_big_store
from tests.benchmarks.harness import Figures, percentile
from tests.screen.conftest import launched, log_in, open_flow, pair

SCANS = 300
SLIP = 20
"""Lines of one customer."""
LOADS = 10
_WATCH = """
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = (window.bench = { now, heard: [], shown: [] });
  const asked = window.fetch;
  window.fetch = async (address, options) => {
    const answer = await asked(address, options);
    if (!String(address).endsWith("/api/v1/events")) return answer;
    const [theirs, ours] = answer.body.tee();
    const listen = async () => {
      for await (const chunk of ours.pipeThrough(new TextDecoderStream()))
        if (chunk.includes("event: scan")) seen.heard.push(now());
    };
    void listen();
    return new Response(theirs, answer);
  };
  let last = null;
  new MutationObserver(() => {
    const line = document.querySelector(".slip .row");
    if (line && line !== last && line.isConnected) requestAnimationFrame(() => seen.shown.push(now()));
    last = line;
  }).observe(document, { childList: true, subtree: true });
})();
"""


def scan_to_screen() -> Figures:
    """From the last byte on a scanner's line, which sells, to the frame of the tenth screen that has the sale."""
    with PtyScanner() as till:

        async def measure(store: BigStore) -> Figures:
            async with store.screens(SCREENS - 1) as others, _browser() as browser:
                page = await (await browser.new_context(locale="en-GB")).new_page()
                await page.add_init_script(_WATCH)
                await log_in(page, store.agent)
                await pair(page, "till-1")
                await open_flow(page, "sell")
                sent = await _scan(page, till)
                heard = [[await screen.get() for _ in sent] for screen in others]
                return await _figures(page, sent, heard)

        return in_big_store(measure, till.path)


def first_load() -> Figures:
    """A browser that has never been here, until somebody can log in; and what it fetched for that."""
    return in_big_store(_first_load)


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        try:
            async with launched(playwright) as browser:
                yield browser
        except pytest.skip.Exception as missing:
            raise FileNotFoundError(str(missing)) from missing


async def _scan(page: Page, till: PtyScanner) -> list[float]:
    """One after the other is shown; when each was sent."""
    sent = []
    for number in range(SCANS):
        if number and number % SLIP == 0:
            await page.get_by_role("button", name="Next customer").click()
            await expect(page.locator(".slip .row")).to_have_count(0)
        sent.append(time.time())
        till.scan(a_code(number))
        await page.wait_for_function("count => bench.shown.length >= count", arg=number + 1, timeout=10_000)
    return sent


async def _figures(page: Page, sent: list[float], others: list[list[float]]) -> Figures:
    off, exact = float("nan"), 1.0
    for _ in range(20):
        before = time.time()
        theirs = await page.evaluate("bench.now()") / 1e3
        if (took := time.time() - before) < exact:
            exact, off = took, theirs - (before + took / 2)
    seen = await page.evaluate("({ heard: bench.heard, shown: bench.shown })")
    assert len(seen["heard"]) == len(seen["shown"]) == len(sent), {name: len(times) for name, times in seen.items()}
    shown = [at / 1e3 - off - since for at, since in zip(seen["shown"], sent, strict=True)]
    heard = [at / 1e3 - off - since for at, since in zip(seen["heard"], sent, strict=True)]
    last = [max(times) - since for *times, since in zip(*others, sent, strict=True)]
    return {
        **{f"p{part}_ms": percentile(shown, part) * 1e3 for part in (50, 95, 99)},
        "event_p95_ms": percentile(heard, 95) * 1e3, "others_p95_ms": percentile(last, 95) * 1e3,
    }  # fmt: skip


async def _first_load(store: BigStore) -> Figures:
    seconds, script = [], 0.0
    async with _browser() as browser:
        for _ in range(LOADS):
            context = await browser.new_context(locale="en-GB")
            page = await context.new_page()
            started = time.perf_counter()
            await page.goto(store.agent.api)
            await page.get_by_role("button", name="Log in", exact=True).wait_for()
            seconds.append(time.perf_counter() - started)
            script = await page.evaluate(
                "performance.getEntriesByType('resource').filter((one) => one.name.endsWith('.js'))"
                ".reduce((sum, one) => sum + one.encodedBodySize, 0)"
            )
            await context.close()
    return {"p50_s": percentile(seconds, 50), "max_s": max(seconds), "script_kb": script / 1e3}
