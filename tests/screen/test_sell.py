"""Selling: every scan counts once, at once, whoever scanned; and the last one can be taken back."""

from playwright.async_api import Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen.conftest import level, open_flow, pair, type_fast, until_level
from tests.screen.shop import APPLES, COFFEE, OATS, PASTA, WATER, code_of


async def test_each_scan_sells_and_the_slip_adds_up(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    await open_flow(page, "sell")

    hand.scan(code_of(OATS))
    hand.scan(code_of(COFFEE))
    hand.scan(code_of(OATS))

    await expect(page.locator(".slip .row")).to_have_count(3)
    await expect(page.locator(".total")).to_contain_text("€13.37")
    assert (await level(agent, OATS.product_id), await level(agent, COFFEE.product_id)) == ("16", "11")


async def test_a_pack_sells_all_that_is_in_it(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    await open_flow(page, "sell")
    hand.scan(code_of(WATER, pack=1))

    await expect(page.locator(".band.good")).to_contain_text("42 left here")
    assert await level(agent, WATER.product_id) == "42"


async def test_the_last_scan_is_taken_back(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    await open_flow(page, "sell")
    hand.scan(code_of(OATS))
    await expect(page.locator(".slip .row.sold")).to_have_count(1)

    await page.get_by_role("button", name="Undo the last scan").click()

    await expect(page.locator(".band.good")).to_contain_text(f"Taken back: {OATS.name}")
    await expect(page.locator(".slip .row.undone")).to_have_count(1)
    await expect(page.locator(".slip .row.undone")).not_to_contain_text("left here")
    await until_level(agent, OATS.product_id, "18")


async def test_the_slip_has_what_this_screens_own_scanner_sold_and_no_other_tills_sales(
    page: Page, till: PtyScanner, hand: PtyScanner, agent: AgentProcess
) -> None:
    await open_flow(page, "sell")
    till.scan(code_of(OATS))
    await until_level(agent, OATS.product_id, "17")
    hand.scan(code_of(PASTA))
    await expect(page.locator(".slip .row.sold")).to_contain_text(PASTA.name)
    await expect(page.locator(".slip .row")).to_have_count(1)

    await pair(page, "till-1")
    await open_flow(page, "sell")
    till.scan(code_of(OATS))
    await expect(page.locator(".slip .row.sold").first).to_contain_text(OATS.name)

    assert (await agent.ask("PUT", "/api/v1/scanners/till-1/mode", {"mode": "receive"}))[0] == 200
    till.scan(code_of(COFFEE))
    await expect(page.locator(".band.good")).to_contain_text("1 taken in")
    await expect(page.locator(".slip .row")).to_have_count(2)


async def test_selling_what_is_not_there_is_doubtful_and_not_stopped(page: Page, hand: PtyScanner) -> None:
    await open_flow(page, "sell")
    hand.scan(code_of(APPLES))

    await expect(page.locator(".band")).to_contain_text(APPLES.name)
    await expect(page.locator(".band.doubtful")).to_be_visible()


async def _type_how_many(page: Page, many: str) -> None:
    await page.get_by_role("button", name="How many: 1").click()
    await page.get_by_role("textbox", name="How many").fill(many)
    await page.get_by_role("button", name="Confirm").click()


async def test_how_many_is_asked_once_and_holds_for_one_scan(page: Page, agent: AgentProcess) -> None:
    await open_flow(page, "sell")
    await page.get_by_role("button", name="How many: 1").click()
    await page.keyboard.press("3")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="How many: 3")).to_be_visible()

    await type_fast(page, code_of(OATS))
    await type_fast(page, code_of(PASTA))

    await expect(page.locator(".slip .row")).to_have_count(2)
    await expect(page.locator(".total")).to_contain_text("4 items")
    assert (await level(agent, OATS.product_id), await level(agent, PASTA.product_id)) == ("15", "2")


async def test_so_many_typed_that_there_are_not_so_many_is_asked_once_and_pieces_are_sold_whole(
    page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "sell")
    await _type_how_many(page, "999")
    await type_fast(page, code_of(OATS))
    sheet = page.get_by_role("dialog", name=OATS.name)
    await expect(sheet).to_contain_text("Really 999? Only 18 are here.")
    await sheet.get_by_role("button", name="Cancel").click()
    await type_fast(page, code_of(OATS))
    await expect(page.locator(".total")).to_contain_text("1 item")
    await _type_how_many(page, "9999")
    await type_fast(page, code_of(OATS))
    await expect(sheet).to_contain_text("Really 9,999? Only 17 are here.")
    await sheet.get_by_role("button", name="Cancel").click()
    await _type_how_many(page, "100")
    await type_fast(page, code_of(OATS))
    await sheet.get_by_role("button", name="Yes").click()
    await expect(page.locator(".total")).to_contain_text("101 items")
    assert await level(agent, OATS.product_id) == "-83"

    await _type_how_many(page, "0.5")
    await type_fast(page, code_of(PASTA))
    await expect(page.locator(".band.refused")).to_contain_text("Pieces are whole")
    await _type_how_many(page, "0.5")
    await type_fast(page, code_of(APPLES))
    await expect(page.locator(".slip")).to_contain_text("0.5 kg")

    await open_flow(page, "adjust")
    await type_fast(page, code_of(PASTA))
    amount = page.get_by_role("textbox", name="How many")
    await expect(page.get_by_text("First say what happened.")).to_be_visible()
    await expect(page.get_by_role("button", name="Book it")).to_be_disabled()
    await page.get_by_role("radio", name="Broken").check()
    await amount.fill("0.5")
    await expect(page.get_by_text("Pieces are whole")).to_be_visible()
    await amount.fill("200")
    await page.get_by_role("button", name="Book it").click()
    await expect(page.get_by_text("Really 200? Only 3 are here.")).to_be_visible()
    assert await level(agent, PASTA.product_id) == "3"


async def test_a_slip_is_still_there_after_a_reload(page: Page, hand: PtyScanner) -> None:
    await open_flow(page, "sell")
    hand.scan(code_of(OATS))
    await expect(page.locator(".slip .row.sold")).to_have_count(1)

    await page.reload()

    await expect(page.locator(".slip .row.sold")).to_contain_text(OATS.name)


async def test_a_sale_while_the_box_is_away_is_kept_and_booked_once_when_it_answers(
    page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "lookup")
    await type_fast(page, code_of(OATS))
    await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()
    await open_flow(page, "sell")
    await agent.stop()
    await expect(page.locator(".connection[data-line=away]")).to_be_visible()

    await type_fast(page, code_of(OATS))
    await expect(page.locator(".band.doubtful")).to_contain_text(f"Kept on this device: {OATS.name}")
    await agent.start()

    await until_level(agent, OATS.product_id, "17")
    await expect(page.locator(".connection[data-line=live]")).not_to_contain_text("to send")
