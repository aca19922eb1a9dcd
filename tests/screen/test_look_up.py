"""Looking up: by scanner, by keyboard, by name; with the line to head office down."""

from playwright.async_api import Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen.conftest import open_flow, type_fast, until_level
from tests.screen.shop import BUTTER, COFFEE, OATS, SOUTH, code_of

UNKNOWN = "4006381333931"


async def test_a_beep_anywhere_shows_what_it_is_and_how_many_are_here(page: Page, hand: PtyScanner) -> None:
    hand.scan(code_of(OATS))

    await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()
    await expect(page.locator(".big-figure")).to_contain_text("18")
    await expect(page.locator(".band.good")).to_contain_text(OATS.name)
    await page.mouse.wheel(0, 2_000)
    await expect(page.locator(".band.good")).to_be_in_viewport()
    await expect(page.locator(".codes code").first).to_have_text(code_of(OATS))
    await expect(page.get_by_text("Head office does not answer now. It said this at 20 Nov")).to_be_visible()
    await expect(page.get_by_text(SOUTH.name).locator("xpath=../..")).to_contain_text("24")


async def test_a_product_is_found_by_the_beginning_of_its_name(page: Page) -> None:
    await open_flow(page, "lookup")
    await page.get_by_role("searchbox").fill("espr")
    await page.get_by_role("button", name=COFFEE.name).click()

    await expect(page.get_by_role("heading", name=COFFEE.name)).to_be_visible()
    await expect(page.locator(".big-figure")).to_contain_text("12")


async def test_what_a_person_types_at_no_field_goes_to_the_search_whatever_their_pace(
    page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "sell")
    field = page.get_by_role("searchbox")
    for pace_ms in (60, 150, 300):
        await page.get_by_role("link", name="Sell").focus()
        await page.keyboard.type("espresso be", delay=pace_ms)
        await expect(field).to_have_value("espresso be")
        await expect(field).to_be_focused()
        await expect(page.locator(".found .row")).to_contain_text(COFFEE.name)
        await field.fill("")

    await page.get_by_role("link", name="Sell").focus()
    await page.keyboard.type("espr", delay=150)
    await type_fast(page, code_of(OATS))
    await expect(page.locator(".slip .row.sold")).to_contain_text(OATS.name)
    await expect(field).to_have_value("espr")
    await field.press("Enter")
    await expect(page.locator(".slip .row.sold").first).to_contain_text(COFFEE.name)

    await page.get_by_role("link", name="Sell").focus()
    await page.keyboard.type("oat", delay=60)
    await page.keyboard.press("Enter")
    await until_level(agent, OATS.product_id, "16")

    await page.get_by_role("button", name="How many: 1").focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_role("dialog", name="How many")).to_be_visible()


async def test_a_scanner_that_types_into_a_field_leaves_it_as_it_was(page: Page) -> None:
    await open_flow(page, "lookup")
    field = page.get_by_role("searchbox")
    await field.press_sequentially("but", delay=120)

    await type_fast(page, code_of(COFFEE))

    await expect(page.get_by_role("heading", name=COFFEE.name)).to_be_visible()
    await expect(page.get_by_role("searchbox")).not_to_have_value(code_of(COFFEE))


async def test_the_number_follows_a_sale_at_the_till(page: Page, hand: PtyScanner, agent: AgentProcess) -> None:
    hand.scan(code_of(BUTTER))
    await expect(page.locator(".big-figure")).to_contain_text("7")

    await agent.ask("POST", "/api/v1/scans", {"code": code_of(BUTTER), "mode": "sell"})

    await expect(page.locator(".big-figure")).to_contain_text("6")


async def test_an_unknown_code_says_what_to_do_next(page: Page, hand: PtyScanner) -> None:
    hand.scan(UNKNOWN)

    await expect(page.locator(".band.refused")).to_contain_text(f"Nobody here knows {UNKNOWN}")
    await expect(page.get_by_role("button", name="Link a barcode")).to_be_visible()


async def test_enter_keeps_what_was_found_takes_the_only_one_and_a_refusal_does_not_stay_above_it(page: Page) -> None:
    await open_flow(page, "lookup")
    field, found = page.get_by_role("searchbox"), page.locator(".found .row")
    await field.fill("c")
    async with page.expect_response("**/barcode/scan"):
        await field.press("Enter")
    await expect(page.locator(".band")).to_have_count(0)
    await expect(found).not_to_have_count(0)

    await field.fill(UNKNOWN)
    await field.press("Enter")
    await expect(page.locator(".band.refused")).to_be_visible()
    await field.fill("espr")
    await field.press("Enter")

    await expect(page.get_by_role("heading", name=COFFEE.name)).to_be_visible()
    await expect(page.locator(".band.refused")).to_have_count(0)


async def test_the_connection_is_told_in_a_cashiers_words_in_both_languages(page: Page, agent: AgentProcess) -> None:
    _, health = await agent.ask("GET", "/health")
    await expect(page.locator(".top .store")).to_have_text("Market Street")
    await open_flow(page, "sync")
    row, raw = page.locator(".card .row"), page.locator(".checks")
    await expect(row.filter(has_text="The store's books")).to_contain_text("fine")
    await expect(raw).to_be_hidden()
    await page.get_by_text("For the technician").click()
    await expect(raw).to_contain_text("SQLite")

    await open_flow(page, "settings")
    await page.get_by_role("radio", name="Deutsch").click()
    await open_flow(page, "sync")
    await expect(row.filter(has_text="Die Bücher der Filiale")).to_contain_text("gut")
    names = await page.locator(".card .row-title").all_text_contents()
    assert not {each["name"] for each in health["checks"]} & set(names), "a check has no name in German"
