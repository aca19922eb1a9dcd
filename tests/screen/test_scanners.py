"""Setting a scanner up at the screen: what it sends byte by byte, what to set otherwise, what its beeps mean."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.labels.read_back import read
from tests.screen.conftest import level, open_flow
from tests.screen.shop import OATS, code_of


@pytest.fixture
def hand_url(hand: PtyScanner) -> str:
    """So patient that a code may come in halves, however slow the machine is."""
    return f"serial://{hand.path}?idle=10000"


async def test_what_a_scanner_sends_is_shown_byte_by_byte_with_advice_until_it_is_pulled_mid_code(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    await open_flow(page, "scanners")
    await page.get_by_role("button", name="hand-1").click()
    await expect(page.get_by_text("Scan something")).to_be_visible()

    hand.send(code_of(OATS)[:6].encode())
    await expect(page.locator(".bytes.rest")).to_have_text(code_of(OATS)[:6])
    hand.scan(code_of(OATS)[6:])

    await expect(page.locator(".bytes").first).to_contain_text(OATS.barcodes[0].code)
    await expect(page.locator(".advice")).to_contain_text("Turn AIM identifiers on")
    await expect(page.get_by_role("heading", name="hand-1")).to_be_visible()

    hand.send(b"40000")
    await expect(page.locator(".bytes.rest")).to_have_text("40000")
    hand.unplug()
    await expect(page.locator(".state")).to_have_text("not plugged in", timeout=15_000)
    hand.plug()
    await expect(page.locator(".state")).to_have_text("ready", timeout=15_000)
    await expect(page.locator(".bytes.rest")).to_have_count(0)
    assert await level(agent, OATS.product_id) == "18"


async def test_the_test_code_on_the_screen_says_whether_all_of_a_code_arrives(page: Page, hand: PtyScanner) -> None:
    await open_flow(page, "scanners", "hand-1")
    shown = page.get_by_role("img", name="A code to try it with")
    await expect(shown).to_be_visible()
    await shown.scroll_into_view_if_needed()
    (printed,) = read(Image.open(BytesIO(await shown.screenshot())))

    hand.scan(printed.aim.encode() + printed.data.replace(b"\x1d", b""))
    await expect(page.get_by_text("Lot or date did not arrive")).to_be_visible()
    hand.scan(printed.aim.encode() + printed.data)

    await expect(page.get_by_text("All of it arrives")).to_be_visible()
    await expect(page.locator(".bytes mark").first).to_have_text("GS")


async def test_what_a_beep_means_and_whose_scanner_it_is_are_set_here(
    page: Page, till: PtyScanner, agent: AgentProcess
) -> None:
    await open_flow(page, "scanners", "till-1")
    goes_to_the_screen = page.get_by_role("radio", name="goes to the screen")
    await goes_to_the_screen.click()
    await expect(goes_to_the_screen).to_be_checked()
    await page.get_by_role("button", name="Scanner of this screen").click()

    await open_flow(page, "scanners")
    await expect(page.get_by_role("button", name="till-1")).to_contain_text(
        "goes to the screen · Scanner of this screen"
    )
    await open_flow(page, "lookup")
    till.scan(code_of(OATS))

    await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()
    assert await level(agent, OATS.product_id) == "18"
