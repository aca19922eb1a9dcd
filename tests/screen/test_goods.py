"""Goods that come, go, break and come back: each flow to its end, and what the box says then."""

import pytest
from playwright.async_api import Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen.conftest import level, open_flow, type_fast, until_level
from tests.screen.shop import APPLES, BUTTER, CHOCOLATE, OATS, ORDER, PASTA, SOUTH, WATER, code_of


async def test_a_delivery_against_an_order_good_and_damaged_apart(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    await open_flow(page, "receive")
    await page.get_by_role("button", name=ORDER.vendor).click()
    await expect(page.get_by_text("Scan what came")).to_be_visible()
    hand.scan(code_of(OATS))
    hand.scan(code_of(OATS))
    await expect(page.get_by_role("button", name=f"{OATS.name}: 2 good")).to_be_visible()

    await page.get_by_role("button", name=f"{OATS.name}: 0 damaged").click()
    await page.get_by_role("textbox", name="How many").fill("1")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Take in 3").click()

    await expect(page.locator(".band")).to_contain_text("3 taken in")
    await until_level(agent, OATS.product_id, "21")
    _, orders = await agent.ask("GET", "/api/v1/purchase-orders")
    assert orders["items"][0]["lines"][0]["received"] == "2"


async def test_a_delivery_without_an_order_survives_a_reload(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    await open_flow(page, "receive", "without")
    await expect(page.get_by_text("Scan what came")).to_be_visible()
    hand.scan(code_of(PASTA))
    await expect(page.get_by_role("button", name="Take in 1")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Take in 1")).to_be_visible()

    await page.get_by_role("button", name="Take in 1").click()

    await until_level(agent, PASTA.product_id, "4")


async def test_waste_is_booked_with_its_reason(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    await open_flow(page, "adjust")
    hand.scan(code_of(CHOCOLATE))
    await page.get_by_role("radio", name="Past its date").check()
    await page.get_by_role("textbox", name="How many").fill("4")
    await page.get_by_role("button", name="Book it").click()

    await expect(page.locator(".band.good")).to_contain_text("27 here now")
    _, found = await agent.ask("GET", f"/api/v1/inventory/products/{CHOCOLATE.product_id}/history")
    assert (found["items"][-1]["reason"], found["items"][-1]["quantity"]) == ("expiry", "4")


async def test_a_wrong_number_is_set_right(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    await open_flow(page, "adjust")
    hand.scan(code_of(BUTTER))
    await page.get_by_role("radio", name="The number is wrong").check()
    await page.get_by_role("textbox", name="How many").fill("11")
    await page.get_by_role("button", name="Book it").click()

    await until_level(agent, BUTTER.product_id, "11")


async def test_more_waste_than_there_is_says_so_and_books_nothing(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    await open_flow(page, "adjust")
    hand.scan(code_of(PASTA))
    await page.get_by_role("radio", name="Stolen").check()
    await page.get_by_role("textbox", name="How many").fill("50")
    await page.get_by_role("button", name="Book it").click()
    await page.get_by_role("dialog", name="A manager has to agree").get_by_role("button", name="Close").click()

    await expect(page.locator(".band.refused")).to_contain_text("There are not so many here.")
    assert await level(agent, PASTA.product_id) == "3"


async def test_what_a_customer_brings_back_is_on_the_shelf_again(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    await open_flow(page, "return")
    hand.scan(code_of(OATS))
    await page.get_by_role("button", name="Take it back").click()

    await expect(page.locator(".band.good")).to_contain_text(OATS.name)
    await until_level(agent, OATS.product_id, "19")


async def test_goods_are_sent_to_another_store(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    await open_flow(page, "transfer", "send")
    await page.get_by_role("radio", name=SOUTH.name).check()
    hand.scan(code_of(WATER, pack=1))
    await page.get_by_role("button", name="Send 6").click()

    await expect(page.get_by_role("button", name=SOUTH.name)).to_be_visible()
    assert await level(agent, WATER.product_id) == "42"


async def test_an_unknown_code_is_linked_to_a_product_and_sells(page: Page, agent: AgentProcess) -> None:
    await open_flow(page, "sell")
    await type_fast(page, "INTERN-77")
    await page.get_by_role("button", name="Link a barcode").click()
    await page.get_by_role("searchbox").fill("apples")
    await page.get_by_role("button", name=APPLES.name).click()
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.locator(".band.good")).to_contain_text(f"Linked to {APPLES.name}")

    await open_flow(page, "sell")
    await type_fast(page, "INTERN-77")

    await expect(page.locator(".slip")).to_contain_text(APPLES.name)


async def test_a_new_product_is_made_and_can_be_sold_at_once(page: Page) -> None:
    await open_flow(page, "link", "NEW-1")
    await page.get_by_label("What is it called?").fill("Candle, red")
    await page.get_by_label("Price").fill("4.50")
    await page.get_by_role("button", name="Make a new product").click()
    await expect(page.get_by_role("heading", name="Candle, red")).to_be_visible()

    await open_flow(page, "sell")
    await type_fast(page, "NEW-1")

    await expect(page.locator(".total")).to_contain_text("€4.50")


async def test_an_alert_is_seen_and_the_connection_is_told_in_words(page: Page) -> None:
    await open_flow(page, "attention")
    await expect(page.locator(".row.attention")).to_contain_text(PASTA.name)
    await page.get_by_role("button", name="I have seen it").click()
    await expect(page.get_by_role("button", name="It is solved")).to_be_visible()

    await open_flow(page, "sync")

    await expect(page.get_by_text("No line to head office")).to_be_visible()
    await expect(page.get_by_text("Go on working.")).to_be_visible()


async def test_the_screen_speaks_german(page: Page) -> None:
    await open_flow(page, "settings")
    await page.get_by_role("radio", name="Deutsch").check()

    await expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    await open_flow(page, "sell")
    await expect(page.get_by_text("Scannen Sie den ersten Artikel.")).to_be_visible()


async def test_the_day_and_the_scanners_are_told(page: Page, hand: PtyScanner) -> None:
    await open_flow(page, "sell")
    hand.scan(code_of(OATS))
    await expect(page.locator(".slip .row.sold")).to_have_count(1)

    await open_flow(page, "day")
    await expect(page.locator(".tiles.figures li").first).to_contain_text("€2.19")
    await open_flow(page, "scanners")
    await expect(page.get_by_text("ready")).to_have_count(2)


@pytest.mark.parametrize("printers", [[]], ids=["none"])
async def test_a_box_without_a_printer_says_so(page: Page) -> None:
    await open_flow(page, "labels")

    await expect(page.get_by_text("No printer is set up at this box.")).to_be_visible()
