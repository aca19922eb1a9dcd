"""What comes and what is odd about it: differences and reasons, shortages, refusals, lots, and tasks with a remedy."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen.conftest import level, open_flow, type_fast, until_level
from tests.screen.shop import BUTTER, CHOCOLATE, COFFEE, COMING, NORTH, OATS, ORDER, PASTA, code_of

GS = "\x1d"


async def test_what_differs_from_the_order_is_said_line_by_line_and_an_unknown_order_says_what_to_do(
    page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "receive")
    await page.get_by_label("Number of an order").fill("PO-9999")
    await page.get_by_role("button", name="Find this order").click()
    await expect(page.get_by_text("Nobody here knows order PO-9999")).to_be_visible()
    await expect(page.get_by_text("take the goods in without an order")).to_be_visible()
    await page.get_by_label("Number of an order").fill(ORDER.number)
    await page.get_by_role("button", name="Find this order").click()
    awaited = page.locator(".card", has_text="Still to come")
    await expect(awaited.locator(".row", has_text=BUTTER.name)).to_have_count(1)
    before = await awaited.locator(".row", has_text=OATS.name).inner_text()
    await type_fast(page, code_of(OATS))
    await expect(awaited.locator(".row", has_text=OATS.name)).not_to_have_text(before)
    await type_fast(page, code_of(COFFEE))
    await page.get_by_label(f"What is wrong with {COFFEE.name}?").select_option("wrong_item")
    await page.get_by_role("switch", name="That was all of the order").check()
    await page.get_by_role("button", name="Take in 2").click()

    await expect(page.locator(".variances .row")).to_have_count(3)
    await expect(page.locator(".variances")).to_contain_text("too few")
    await expect(page.locator(".variances .row", has_text=COFFEE.name)).to_contain_text(
        "not ordered · Not what was ordered"
    )
    _, told = await agent.ask("GET", "/api/v1/receipts")
    odd = {line["product_id"]: (line["difference"], line["reason"]) for line in told["items"][0]["lines"]}
    assert odd == {
        OATS.product_id: ("short", None), COFFEE.product_id: ("unordered", "wrong_item"),
        BUTTER.product_id: ("short", None),
    }  # fmt: skip
    await open_flow(page, "attention")
    await expect(page.get_by_text("A delivery was not as ordered")).to_be_visible()


@pytest.mark.parametrize("settings", [{"blind_receiving": True}], ids=["blind"])
async def test_who_receives_blind_sees_no_ordered_amount_until_it_is_booked_and_then_what_differs(
    page: Page, agent: AgentProcess
) -> None:
    seen: list[str] = []

    async def note() -> None:
        seen.append(await page.locator("main#content").inner_text())

    await open_flow(page, "receive")
    await page.get_by_role("button", name=ORDER.vendor).click()
    await expect(page.get_by_text("the order does not say how many")).to_be_visible()
    awaited = page.locator(".card", has_text="Still to come")
    await expect(awaited.locator(".row", has_text=OATS.name)).to_have_count(1)
    await note()
    await type_fast(page, code_of(OATS))
    await expect(awaited.locator(".row")).to_have_count(1)
    await note()
    await open_flow(page, "lookup", OATS.product_id)
    await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()
    await expect(page.get_by_text("can be sold")).to_be_visible()
    await expect(page.get_by_text("on its way")).to_have_count(0)
    assert not [text for text in seen if re.search(r"\b(12|23|24)\b", text.replace("23 Nov", ""))], "what was ordered"

    await open_flow(page, "receive", ORDER.number)
    await page.get_by_role("switch", name="That was all of the order").check()
    await page.get_by_role("button", name="Take in 1").click()

    variances = page.locator(".variances .row")
    await expect(variances.filter(has_text=OATS.name)).to_contain_text("1 of 24")
    await expect(variances.filter(has_text=BUTTER.name)).to_contain_text("0 of 12")


async def test_a_transfer_that_comes_short_is_taken_in_and_closed_with_whose_fault_it_was(
    page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "transfer")
    await page.get_by_role("button", name=NORTH.name).click()
    await type_fast(page, code_of(PASTA))
    await page.get_by_role("button", name="Take in 1").click()
    await until_level(agent, PASTA.product_id, "4")
    await page.get_by_role("button", name=NORTH.name).click()
    await page.get_by_text("Something is missing").click()
    await page.get_by_role("radio", name="The carrier").check()
    await page.get_by_role("button", name="Close; the rest does not come").click()

    await expect(page.get_by_text("No transfer is open.")).to_be_visible()
    _, sheet = await agent.ask("GET", f"/api/v1/transfers/{COMING.transfer_id}")
    assert sheet["state"] == "closed_short"
    assert await level(agent, CHOCOLATE.product_id) == "31"


async def test_a_transfer_is_refused_only_with_a_reason(page: Page, agent: AgentProcess) -> None:
    await open_flow(page, "transfer", COMING.transfer_id)
    await page.get_by_text("Refuse all of it").click()
    await expect(page.get_by_role("button", name="Send it back")).to_be_disabled()
    await page.get_by_label("What is wrong?", exact=True).fill("wet through")
    await page.get_by_role("button", name="Send it back").click()

    await expect(page.get_by_text("No transfer is open.")).to_be_visible()
    _, sheet = await agent.ask("GET", f"/api/v1/transfers/{COMING.transfer_id}")
    assert sheet["state"] == "refused"


async def test_stock_below_zero_says_its_likely_cause_and_leads_to_what_mends_it(
    page: Page, agent: AgentProcess
) -> None:
    for _ in range(8):
        await agent.sell(code_of(BUTTER))
    await open_flow(page, "attention")
    row = page.locator(".row", has_text="Most likely a delivery that came was not taken in.")
    await row.get_by_role("button", name="Receive").click()
    await expect(page.get_by_text("Expected orders")).to_be_visible()
    await open_flow(page, "attention")
    await row.get_by_role("button", name="Count it now").click()
    await type_fast(page, code_of(BUTTER))
    await expect(page.locator(".counted h2")).to_have_text(BUTTER.name)
    await page.get_by_role("button", name="Confirm 1").click()
    await until_level(agent, BUTTER.product_id, "1")

    await open_flow(page, "attention")

    await expect(row).to_have_count(0)


async def test_lots_are_taken_in_with_their_date_and_the_first_to_end_is_named_when_another_is_sold(
    page: Page, agent: AgentProcess
) -> None:
    gtin = code_of(OATS).zfill(14)
    older, newer = f"]d201{gtin}17301001" + "10" + "A1", f"]d201{gtin}17310101" + "10" + "B2"
    await open_flow(page, "receive", "without")
    for code, lot in ((older, "A1"), (newer, "B2")):
        await type_fast(page, code)
        await expect(page.locator(".row", has_text=f"Lot {lot}")).to_contain_text("Best before")
    await page.get_by_role("button", name="Take in 2").click()
    await until_level(agent, OATS.product_id, "20")

    await open_flow(page, "lookup", OATS.product_id)
    await expect(page.locator(".row", has_text="Lot A1")).to_contain_text("1 Oct 2030")
    await open_flow(page, "sell")
    await type_fast(page, newer)

    await expect(page.locator(".band")).to_contain_text("Take first: lot A1, best before 1 Oct 2030")


async def test_a_code_that_lost_its_separator_is_told_and_never_taken_in_with_a_lot_that_may_be_wrong(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    whole = f"]d201{code_of(OATS).zfill(14)}10A1{GS}17301001"
    stripped = whole.replace(GS, "")
    band = page.locator(".band.refused")
    await open_flow(page, "receive", "without")
    await expect(page.get_by_text("Scan what came")).to_be_visible()
    for scan in (lambda: asyncio.to_thread(hand.scan, stripped), lambda: type_fast(page, stripped)):
        await scan()
        await expect(band).to_contain_text(f"{OATS.name}: lot and date did not arrive")
        await expect(band).to_contain_text("Scan its plain barcode, or find it by name.")
        await expect(band.get_by_role("button", name="Look at the scanners")).to_be_visible()
        await band.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("button", name="Take in 0")).to_be_disabled()

    hand.scan(whole)
    await expect(page.locator(".row", has_text="Lot A1")).to_contain_text("Best before")
    await expect(page.get_by_role("button", name="Take in 1")).to_be_enabled()
    await open_flow(page, "sell")
    hand.scan(stripped)
    await expect(page.locator(".band.doubtful")).to_contain_text("Lot and date were not read")
    await until_level(agent, OATS.product_id, "17")
    _, told = await agent.ask("GET", f"/api/v1/inventory/products/{OATS.product_id}/history")
    assert (told["items"][-1]["reason"], told["items"][-1]["lot"]) == ("sale", None)


async def test_a_wrong_digit_or_a_code_far_too_long_is_refused_in_words_and_nothing_is_booked(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    wrong = code_of(OATS)[:-1] + str((int(code_of(OATS)[-1]) + 1) % 10)
    inside = f"]d201{wrong.zfill(14)}10A1{GS}17301001"
    band = page.locator(".band.refused")
    await open_flow(page, "sell")
    await expect(page.get_by_text("Scan the first item.")).to_be_visible()
    for code, title in ((wrong, "One digit of this code is wrong."), (inside, "One digit of this code is wrong."),
                        ("9" * 400, "That was not a product code."), ("9" * 5_000, "too long for a code")):  # fmt: skip
        hand.scan(code)
        await expect(band).to_contain_text(title)
        await expect(band).to_contain_text(re.compile("Scan it again|Scan again|Scan one code"))
        await band.get_by_role("button", name="Close").click()
    for code, title in ((wrong, "One digit of this code is wrong."), ("9" * 400, "That was not a product code.")):
        await type_fast(page, code)
        await expect(band).to_contain_text(title)
        await band.get_by_role("button", name="Close").click()
    await expect(page.locator(".slip .row")).to_have_count(0)
    assert await level(agent, OATS.product_id) == "18"
