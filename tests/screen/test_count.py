"""Counting: blind, on this device first; whatever is killed, a confirmed line reaches the box once."""

import asyncio
from typing import Any

from playwright.async_api import Browser, Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.conftest import eventually
from tests.screen.conftest import level, log_in, open_flow, type_fast, until_level
from tests.screen.shop import BUTTER, COFFEE, OATS, PRODUCTS, code_of


async def begin(page: Page) -> str:
    """A blind count; returns its id."""
    await open_flow(page, "count")
    await page.get_by_label("What is counted").fill("Cold shelf")
    await page.get_by_role("button", name="Begin a count").click()
    await expect(page.get_by_text("Scan what you count")).to_be_visible()
    return str(await page.evaluate("location.hash.split('/')[2]"))


async def count(page: Page, code: str, name: str, many: str) -> None:
    """Scan one and type how many."""
    await type_fast(page, code)
    await expect(page.locator(".counted h2")).to_have_text(name)
    await page.get_by_role("textbox", name="How many").fill(many)
    await page.get_by_role("button", name=f"Confirm {many}").click()
    await expect(page.locator(".counted")).to_have_count(0)


async def finish(page: Page) -> None:
    """Tap, and tap again when it asks."""
    await page.get_by_role("button", name="Finish this count").click()
    await page.get_by_role("alert").locator("..").get_by_role("button", name="Finish this count").click()
    await expect(page.get_by_text("This count is finished")).to_be_visible()


async def lines_of(agent: AgentProcess, stocktake: str) -> list[dict[str, Any]]:
    _, sheet = await agent.ask("GET", f"/api/v1/stocktakes/{stocktake}")
    return list(sheet["lines"])


async def test_what_is_counted_is_what_the_box_has_then_and_nobody_is_told_what_was_expected(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    answers: list[str] = []

    async def note(answer: Any) -> None:
        if "/stocktakes" in answer.url:
            answers.append(await answer.text())

    page.on("response", note)
    stocktake = await begin(page)
    hand.scan(code_of(OATS))
    hand.scan(code_of(OATS))
    await expect(page.get_by_role("button", name="Confirm 2")).to_be_visible()
    await page.get_by_role("button", name="Confirm 2").click()

    await until_level(agent, OATS.product_id, "2")
    await expect(page.locator(".row[data-state=done]")).to_contain_text("saved")
    assert [line["counted"] for line in await lines_of(agent, stocktake)] == ["2"]
    assert answers
    assert "variance" not in "".join(answers)
    assert "expected" not in "".join(answers)


async def test_scanning_something_else_confirms_what_was_tallied(page: Page, agent: AgentProcess) -> None:
    await begin(page)
    await type_fast(page, code_of(OATS))
    await expect(page.locator(".counted h2")).to_have_text(OATS.name)
    await type_fast(page, code_of(BUTTER))

    await expect(page.locator(".counted h2")).to_have_text(BUTTER.name)
    await until_level(agent, OATS.product_id, "1")


async def test_lines_counted_while_the_box_is_away_arrive_with_what_was_sold_before_them(
    page: Page, agent: AgentProcess
) -> None:
    stocktake = await begin(page)
    await count(page, code_of(COFFEE), COFFEE.name, "12")
    await until_level(agent, COFFEE.product_id, "12")
    await expect(page.locator(".row[data-state=done]")).to_have_count(1)
    await agent.stop()
    await expect(page.locator(".connection[data-line=away]")).to_be_visible()

    await count(page, code_of(COFFEE), COFFEE.name, "9")
    await expect(page.locator(".row[data-state=waiting]")).to_have_count(1)
    await agent.start()

    await expect(page.locator(".row[data-state=waiting]")).to_have_count(0)
    await until_level(agent, COFFEE.product_id, "9")
    assert len(await lines_of(agent, stocktake)) == 2


async def test_a_killed_page_loses_no_confirmed_line(browser: Browser, agent: AgentProcess) -> None:
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await log_in(page, agent)
    stocktake = await begin(page)
    for product in PRODUCTS[:3]:
        await type_fast(page, code_of(product))
        await expect(page.locator(".counted h2")).to_have_text(product.name)
        await page.get_by_role("button", name="Cancel").click()
    await agent.stop()
    await expect(page.locator(".connection[data-line=away]")).to_be_visible()
    for number, product in enumerate(PRODUCTS[:3], 1):
        await count(page, code_of(product), product.name, str(number))

    session = await context.new_cdp_session(page)
    async with page.expect_event("crash"):
        killing = asyncio.create_task(session.send("Page.crash"))
    killing.cancel()
    await agent.start()
    again = await context.new_page()
    await log_in(again, agent)

    async def all_came() -> bool:
        return len(await lines_of(agent, stocktake)) == 3

    await eventually(all_came, "three lines")
    for number, product in enumerate(PRODUCTS[:3], 1):
        assert await level(agent, product.product_id) == str(number)
    await context.close()


async def test_two_tabs_hand_in_what_both_counted_once(browser: Browser, agent: AgentProcess) -> None:
    context = await browser.new_context(locale="en-GB")
    one, other = await context.new_page(), await context.new_page()
    await log_in(one, agent)
    await log_in(other, agent)
    stocktake = await begin(one)
    await open_flow(other, "count", stocktake)
    for page, product in ((one, OATS), (other, BUTTER)):
        await type_fast(page, code_of(product))
        await expect(page.locator(".counted h2")).to_have_text(product.name)
        await page.get_by_role("button", name="Cancel").click()
    await agent.stop()
    for page in (one, other):
        await expect(page.locator(".connection[data-line=away]")).to_be_visible()
    await count(one, code_of(OATS), OATS.name, "5")
    await count(other, code_of(BUTTER), BUTTER.name, "6")
    await agent.start()

    async def both_came() -> bool:
        return len(await lines_of(agent, stocktake)) == 2

    await eventually(both_came, "both lines", timeout_s=20)
    await expect(one.locator(".row[data-state=done]")).to_have_count(2)
    assert (await level(agent, OATS.product_id), await level(agent, BUTTER.product_id)) == ("5", "6")
    await context.close()


async def test_a_number_that_is_absurd_is_asked_twice(page: Page) -> None:
    await begin(page)
    await type_fast(page, code_of(OATS))
    await page.get_by_role("textbox", name="How many").fill("9999999")
    await expect(page.get_by_text("At most 99,999 at once.")).to_be_visible()
    await expect(page.get_by_role("button", name="Confirm", exact=False)).to_be_disabled()

    await page.get_by_role("textbox", name="How many").fill("5000")
    await page.get_by_role("button", name="Confirm 5,000").click()

    await expect(page.get_by_text("Really 5,000?")).to_be_visible()


async def test_what_differs_is_counted_again_by_one_tap_and_the_second_figure_stands(
    page: Page, agent: AgentProcess
) -> None:
    await begin(page)
    await count(page, code_of(OATS), OATS.name, "16")
    await count(page, code_of(BUTTER), BUTTER.name, "7")
    await until_level(agent, OATS.product_id, "16")
    await expect(page.locator(".row[data-state=done]")).to_have_count(2)
    await finish(page)
    await expect(page.locator(".differences .row")).to_have_count(1)
    await expect(page.locator(".differences .row")).to_contain_text("16 counted, 18 in the books")

    await page.get_by_role("button", name="Count what differs again").click()

    await expect(page.get_by_text("Again: Cold shelf")).to_be_visible()
    await expect(page.locator(".card", has_text="0 of 1 counted")).to_contain_text(OATS.name)
    await count(page, code_of(OATS), OATS.name, "17")
    await until_level(agent, OATS.product_id, "17")
    await finish(page)
    await expect(page.locator(".differences .row")).to_contain_text("17 counted, 16 in the books")
    assert (await level(agent, OATS.product_id), await level(agent, BUTTER.product_id)) == ("17", "7")


async def test_what_the_till_sells_meanwhile_is_neither_counted_nor_told_here(
    page: Page, till: PtyScanner, hand: PtyScanner, agent: AgentProcess
) -> None:
    await begin(page)

    till.scan(code_of(OATS))
    await until_level(agent, OATS.product_id, "17")
    hand.scan(code_of(BUTTER))

    await expect(page.locator(".counted h2")).to_have_text(BUTTER.name)
    await expect(page.get_by_text(OATS.name)).to_have_count(0)
    assert await level(agent, OATS.product_id) == "17"
