"""Counting by several people: zones, joining, taking back, finishing, the differences; and the plan of the day."""

import sqlite3
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from edge_agent.services import stocktaking
from edge_agent.services.counting import LineCommand, product_of
from edge_agent.storage import catalogue, database
from sync_protocol.changes import Product
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen import shop
from tests.screen.conftest import level, log_in, open_flow, type_fast, until_level
from tests.screen.shop import BUTTER, CHOCOLATE, COFFEE, NOW, OATS, PASTA, code_of
from tests.screen.test_count import begin, count, lines_of


async def test_two_people_count_one_store_in_zones_and_the_differences_are_drawn(
    browser: Browser, page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "count")
    await page.get_by_label("What is counted").fill("Whole store")
    await page.get_by_label("Zones").fill("Aisle 1, Window")
    await page.get_by_role("button", name="Begin a count").click()
    stocktake = str(await _id_of(page))
    await page.locator(".row", has_text="Aisle 1").get_by_role("button", name="Count it").click()
    await expect(page.get_by_role("heading", name="You count Aisle 1")).to_be_visible()
    await count(page, code_of(OATS), OATS.name, "10")
    await count(page, code_of(CHOCOLATE), CHOCOLATE.name, "31")

    context = await browser.new_context(locale="en-GB")
    other = await context.new_page()
    await log_in(other, agent)
    await open_flow(other, "count")
    await other.get_by_role("button", name="Whole store").click()
    await other.locator(".row", has_text="Window").get_by_role("button", name="Count it").click()
    await count(other, code_of(OATS), OATS.name, "6")
    await expect(page.locator(".row[data-zone]", has_text="Window")).to_contain_text("counted by")
    assert await level(agent, OATS.product_id) == "18", "a part of a product says nothing of the whole"

    await other.get_by_role("button", name="Finish this count").click()
    await other.get_by_role("button", name="Finish this count").click()
    await expect(other.get_by_text("Not finished yet: Aisle 1, Window")).to_be_visible()
    await other.get_by_role("button", name="Cancel").click()
    for screen in (page, other):
        await screen.get_by_role("button", name="This zone is done").click()
        await expect(screen.get_by_role("heading", name="Which zone do you count?")).to_be_visible()
    await page.get_by_role("button", name="Finish this count").click()
    await page.get_by_role("button", name="Finish this count").click()

    await expect(page.locator(".differences .row")).to_have_count(1)
    await expect(page.locator(".differences .row")).to_contain_text("16 counted, 18 in the books")
    await expect(page.get_by_text("1 of 2 were as the books said.")).to_be_visible()
    assert await level(agent, OATS.product_id) == "16"
    assert {line["counted"] for line in await lines_of(agent, stocktake)} == {"16", "31"}
    await context.close()


async def test_a_line_that_was_a_mistake_is_taken_back_and_what_it_did_is_undone(
    page: Page, agent: AgentProcess
) -> None:
    stocktake = await begin(page)
    await count(page, code_of(COFFEE), COFFEE.name, "2")
    await until_level(agent, COFFEE.product_id, "2")
    await page.get_by_role("button", name=f"Take back: {COFFEE.name}").click()

    await expect(page.locator(".row[data-state]")).to_have_count(0)
    await until_level(agent, COFFEE.product_id, "12")
    assert [line["status"] for line in await lines_of(agent, stocktake)] == ["withdrawn"]


async def test_a_half_typed_number_is_kept_when_something_else_is_scanned(page: Page, agent: AgentProcess) -> None:
    await begin(page)
    await type_fast(page, code_of(BUTTER))
    await expect(page.locator(".counted h2")).to_have_text(BUTTER.name)
    await page.get_by_role("textbox", name="How many").fill("9999999")
    await type_fast(page, code_of(OATS))

    await expect(page.locator(".band.refused")).to_contain_text(f"{BUTTER.name} is not finished")
    await expect(page.locator(".counted h2")).to_have_text(BUTTER.name)
    await type_fast(page, "4000000100011")
    await expect(page.locator(".band.refused")).to_contain_text("One digit of this code is wrong.")
    assert await level(agent, BUTTER.product_id) == "7"


async def test_what_the_plan_says_is_begun_with_one_tap_and_shows_how_far_it_is(
    page: Page, agent: AgentProcess
) -> None:
    await agent.stop()
    connection = database.prepare(sqlite3.connect(agent.folder.database))
    each_day = {"count_plan": {"a_days": 1, "b_days": 1, "c_days": 1}}
    database.transact(connection, catalogue.set_settings, each_day)
    connection.close()
    await agent.start()
    await expect(page.locator(".connection[data-line=live]")).to_be_visible()
    await open_flow(page, "count")
    await page.get_by_role("button", name="Count these now").click()
    await expect(page.get_by_role("heading", name="0 of")).to_be_visible()
    await count(page, code_of(PASTA), PASTA.name, "3")

    await expect(page.get_by_role("heading", name="1 of")).to_be_visible()
    _, sheet = await agent.ask("GET", f"/api/v1/stocktakes/{await _id_of(page)}")
    assert sheet["kind"] == "cycle"


async def test_the_posting_of_a_long_count_is_drawn_survives_a_reload_and_ends_whoever_goes_on_with_it(
    browser: Browser, page: Page, agent: AgentProcess
) -> None:
    await agent.stop()
    stocktake = _half_posted(agent.folder.database, shop.many(400))
    await agent.start()
    await expect(page.locator(".connection[data-line=live]")).to_be_visible()
    await open_flow(page, "count", stocktake)
    bar = page.get_by_role("progressbar", name="100 of 400 lines are booked")
    await expect(bar).to_be_visible()
    await page.reload()
    await expect(bar).to_be_visible()
    context = await browser.new_context(locale="en-GB")
    other = await context.new_page()
    await log_in(other, agent)
    await open_flow(other, "count", stocktake)
    await expect(other.get_by_role("progressbar")).to_be_visible()

    await expect(page.get_by_text("This count was being finished. Go on with it.")).to_be_visible()
    await page.get_by_role("button", name="Finish this count").click()

    for screen in (page, other):
        await expect(screen.get_by_text("This count is finished")).to_be_visible()
        await expect(screen.get_by_text("0 of 400 were as the books said.")).to_be_visible()
    assert {line["status"] for line in await lines_of(agent, stocktake)} == {"posted"}
    assert await level(agent, shop.many(400)[-1].product_id) == "3"
    await context.close()


def _half_posted(path: Path, products: list[Product]) -> str:
    """A count in a zone of a box that lost its power while it posted; its id."""
    shop.fill(path, products)
    connection = database.prepare(sqlite3.connect(path))

    def act(connection: sqlite3.Connection) -> str:
        of = stocktaking.open_stocktake(connection, stocktaking.Opening(zones=["Aisle"]), NOW).stocktake_id
        for told in products:
            line = LineCommand(stocktake_id=of, product=product_of(connection, told.product_id), counted=3_000)
            stocktaking.count_in_zone(connection, line, "Aisle", NOW)
        stocktaking.finish_zone(connection, of, "Aisle", "anna", NOW)
        assert stocktaking.post_some(connection, of, "anna", NOW).left == 300
        return of

    made = database.transact(connection, act)
    connection.close()
    return made


async def _id_of(page: Page) -> str:
    await page.wait_for_url("**/#/count/*")
    return str(await page.evaluate("location.hash.split('/')[2]"))
