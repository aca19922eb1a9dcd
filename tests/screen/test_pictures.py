"""Every view as a picture at three sizes in both looks, for a person to look at; and none of them hard to use.

`SCREEN_PICTURES=folder pytest tests/screen/test_pictures.py` leaves the pictures there. axe looks at each view; a
finding that it calls serious or critical fails.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import ROOT, AgentProcess
from tests.screen.conftest import log_in_as, open_flow, type_fast
from tests.screen.shop import BUTTER, CHOCOLATE, COFFEE, OATS, ORDER, PASTA, WATER, code_of
from tests.screen.test_expiry import days, take_in

SIZES = {"handheld": (390, 844), "tablet": (834, 1112), "desktop": (1440, 900)}
AXE = ROOT / "edge_agent/screen/node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")


async def _sold(page: Page) -> None:
    await open_flow(page, "sell")
    for product in (OATS, COFFEE, CHOCOLATE, OATS):
        await type_fast(page, code_of(product))
        await expect(page.locator(".band")).to_contain_text(product.name)
    await page.get_by_role("button", name="Undo the last scan").click()
    await expect(page.locator(".slip .row.undone").first).to_be_visible()


async def _questioned(page: Page) -> None:
    await open_flow(page, "sell")
    await page.get_by_role("button", name="How many: 1").click()
    await page.get_by_role("textbox", name="How many").fill("999")
    await page.get_by_role("button", name="Confirm").click()
    await type_fast(page, code_of(OATS))
    await expect(page.get_by_role("dialog", name=OATS.name)).to_be_visible()


async def _looked_up(page: Page) -> None:
    await open_flow(page, "lookup")
    await type_fast(page, code_of(OATS))
    await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()


async def _searched(page: Page) -> None:
    await open_flow(page, "lookup")
    await page.get_by_role("searchbox").fill("o")
    await expect(page.locator(".found .row").first).to_be_visible()


async def _counted(page: Page) -> None:
    await open_flow(page, "count")
    await page.get_by_label("What is counted").fill("Cold shelf, aisle 3")
    await page.get_by_role("button", name="Begin a count").click()
    await expect(page.get_by_text("Scan what you count")).to_be_visible()
    for product in (BUTTER, PASTA, WATER):
        await type_fast(page, code_of(product))
        await expect(page.locator(".counted h2")).to_have_text(product.name)


async def _received(page: Page) -> None:
    await open_flow(page, "receive")
    await page.get_by_role("button", name=ORDER.vendor).click()
    for code, name in ((code_of(OATS), OATS.name), (code_of(BUTTER), BUTTER.name), (code_of(COFFEE), COFFEE.name)):
        await type_fast(page, code)
        await expect(page.locator(".band")).to_contain_text(name)


async def _wasted(page: Page) -> None:
    await open_flow(page, "adjust")
    await type_fast(page, code_of(CHOCOLATE))
    await page.get_by_role("radio", name="Broken").check()
    await expect(page.get_by_role("button", name="Book it")).to_be_enabled()


async def _sending(page: Page) -> None:
    await open_flow(page, "transfer", "send")
    await expect(page.get_by_text("Scan what you send")).to_be_visible()
    await type_fast(page, code_of(WATER, pack=1))
    await expect(page.get_by_role("button", name="Send 6")).to_be_visible()


async def _unknown(page: Page) -> None:
    await open_flow(page, "")
    await type_fast(page, "ABC-UNKNOWN")
    await expect(page.locator(".band.refused")).to_be_visible()


async def _linking(page: Page) -> None:
    await open_flow(page, "link", "ABC-UNKNOWN")
    await expect(page.get_by_text("What is ABC-UNKNOWN?")).to_be_visible()


async def _labelled(page: Page) -> None:
    await open_flow(page, "labels", OATS.product_id)
    await expect(page.get_by_role("img", name=OATS.name)).to_be_visible()


async def _setting_up(page: Page) -> None:
    await open_flow(page, "scanners", "till-1")
    await expect(page.get_by_role("img", name="A code to try it with")).to_be_visible()


async def _asked(page: Page) -> None:
    await _wasted(page)
    await page.get_by_role("textbox", name="How many").fill("50")
    await page.get_by_role("button", name="Book it").click()
    await expect(page.get_by_role("dialog", name="A manager has to agree")).to_be_visible()


async def _left(page: Page) -> None:
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await open_flow(page, "settings")
    await page.locator(".card", has_text="Logged in").get_by_role("button", name="Log out", exact=True).click()
    await expect(page.get_by_text("What was begun here stays as it is.")).to_be_visible()


async def _zones(page: Page) -> None:
    await open_flow(page, "count")
    await page.get_by_label("What is counted").fill("Whole store")
    await page.get_by_label("Zones").fill("Aisle 1, Aisle 2, Window")
    await page.get_by_role("button", name="Begin a count").click()
    await expect(page.get_by_role("heading", name="Which zone do you count?")).to_be_visible()


async def _differences(page: Page) -> None:
    await _counted(page)
    await page.get_by_role("button", name="Confirm").click()
    await page.get_by_role("button", name="Finish this count").click()
    await page.get_by_role("button", name="Finish this count").click()
    await expect(page.locator(".differences .row").first).to_be_visible()


def _plain(flow: str) -> Callable[[Page], Awaitable[None]]:
    async def show(page: Page) -> None:
        await open_flow(page, flow)
        await expect(page.locator(".loading")).to_have_count(0)

    return show


VIEWS: dict[str, Callable[[Page], Awaitable[None]]] = {
    "24-zones": _zones, "25-differences": _differences,
    "01-start": _plain(""), "02-sell": _sold, "26-question": _questioned,
    "03-look-up": _looked_up, "04-search": _searched, "05-receive": _received,
    "06-count": _counted, "07-adjust": _wasted, "08-send": _sending, "09-attention": _plain("attention"),
    "10-connection": _plain("sync"), "11-settings": _plain("settings"), "12-unknown": _unknown, "13-link": _linking,
    "14-more": _plain("more"), "17-day": _plain("day"),
    "18-scanners": _plain("scanners"), "19-a-scanner": _setting_up, "20-labels": _labelled,
    "15-orders": _plain("receive"), "16-counts": _plain("count"),
    "90-approval": _asked, "91-logged-out": _left,
}  # fmt: skip

OVERLAPS = """
(() => {
  const wanted = "button, a, select, input:not([type=checkbox], [type=radio])";
  const rooms = "li, form, .card, dialog";
  const all = [...document.querySelectorAll(`main :is(${wanted})`)];
  const places = all.map((each) => [each, each.getBoundingClientRect()]).filter(([, at]) => at.width && at.height);
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const said = (each) => each.getAttribute("aria-label") || each.textContent || each.name;
  return places.flatMap(([each, at], place) => places.slice(place + 1)
    .filter(([other, there]) => each.closest(rooms) === other.closest(rooms) && meet(at, there))
    .map(([other]) => `${said(each)} / ${said(other)}`));
})()
"""
"""What a finger could not tell apart: controls of one row, form, card or dialog that share a place."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("SCREEN_PICTURES", tmp_path / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_every_view_is_usable_and_fits_its_screen(
    browser: Browser, staffed: AgentProcess, till: PtyScanner, pictures: Path, size: str, look: str
) -> None:
    if not AXE.is_file():
        pytest.skip("MISSING: axe-core is not installed (make screen), the screen's accessibility is not checked")
    width, height = SIZES[size]
    scheme: Literal["dark", "light"] = "dark" if look == "dark" else "light"
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB"
    )
    page = await context.new_page()
    await page.goto(staffed.api)
    await _take_in_lots(staffed)
    await page.screenshot(path=pictures / f"00-log-in-{size}-{look}.png")
    found = await _findings(page, "log in")
    await log_in_as(page, "boss", staffed.api)
    for view, show in VIEWS.items():
        await show(page)
        await page.screenshot(path=pictures / f"{view}-{size}-{look}.png", full_page=False)
        found += await _findings(page, view)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{view} is too wide"
        assert await page.evaluate(OVERLAPS) == [], f"{view}: one lies on the other"
    await context.close()

    assert found == []


async def _take_in_lots(agent: AgentProcess) -> None:
    """Some that have ended and some that end soon, for who looks at the alerts."""
    [day] = await days(agent, 0)
    for product, lot, ahead in ((OATS, "A17", -2), (OATS, "B18", 3), (BUTTER, "K1", 2)):
        await take_in(agent, product.product_id, "4", lot, day + timedelta(ahead))


async def _findings(page: Page, view: str) -> list[str]:
    """What axe calls serious; its script comes in by the debugger, which the page's own policy does not stop."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    answer = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{view}: {each['id']} {node['target']} {node['any'][0]['message'] if node['any'] else each['help']}"
        for each in answer["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
