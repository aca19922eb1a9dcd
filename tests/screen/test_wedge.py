"""Scanners that type: the separator however it is typed, the wrong field, a babble, a cable that is pulled."""

import json
from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen.conftest import level, open_flow, type_fast
from tests.screen.shop import COFFEE, OATS, code_of

CODE = f"]d201{OATS.barcodes[0].code}10L7/A\x1d17271231"
UNKNOWN = "4006381333931"


async def _ctrl_bracket(page: Page) -> None:
    await page.keyboard.press("Control+]")


async def _alt_0029(page: Page) -> None:
    await page.keyboard.down("Alt")
    for digit in "0029":
        await page.keyboard.press(f"Numpad{digit}")
    await page.keyboard.up("Alt")


async def _function_key(page: Page) -> None:
    await page.keyboard.press("F8")


async def _alt_gr_bracket(page: Page) -> None:
    """As Windows tells it of a keyboard with AltGr; the browser under test has none."""
    await page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: ']', code: 'Digit9', ctrlKey: true, "
        "altKey: true, modifierAltGraph: true, bubbles: true}))"
    )


async def _codes_asked_for(page: Page, act: Callable[[], Awaitable[None]]) -> str:
    async with page.expect_request("**/barcode/scan") as asked:
        await act()
    sent = await asked.value
    return str(json.loads(sent.post_data or "")["code"])


async def test_the_separator_is_kept_however_it_is_typed(page: Page) -> None:
    before, behind = CODE.split("\x1d")
    for separate in (_ctrl_bracket, _alt_0029, _function_key):

        async def scan(separate: Callable[[Page], Awaitable[None]] = separate) -> None:
            await page.keyboard.type(before)
            await separate(page)
            await type_fast(page, behind)

        await open_flow(page, "more")
        assert await _codes_asked_for(page, scan) == CODE, separate.__name__
        await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()

    async def scan_by_alt_gr() -> None:
        await _alt_gr_bracket(page)
        await type_fast(page, f"E0{code_of(COFFEE)}")

    await open_flow(page, "more")
    assert await _codes_asked_for(page, scan_by_alt_gr) == f"]E0{code_of(COFFEE)}"
    await expect(page.get_by_role("heading", name=COFFEE.name)).to_be_visible()


async def test_what_is_typed_into_the_wrong_field_leaves_it_as_it_was_and_acts(page: Page, agent: AgentProcess) -> None:
    await open_flow(page, "sell")
    await page.get_by_role("button", name="How many: 1").click()
    amount = page.get_by_role("textbox", name="How many")
    await amount.fill("3")

    await page.keyboard.type(code_of(OATS)[:9])
    await expect(page.locator(".band.refused")).to_contain_text("A scan broke off")
    await expect(amount).to_have_value("3")

    await amount.fill("")
    await type_fast(page, code_of(OATS))
    await expect(page.locator(".band.refused")).to_contain_text("First confirm how many.")
    await amount.fill("3")
    await type_fast(page, code_of(OATS))
    await expect(page.locator(".slip .row.sold")).to_contain_text("3 · 15 left here")
    await expect(amount).to_have_count(0)
    assert await level(agent, OATS.product_id) == "15"


async def test_a_view_that_takes_the_focus_in_the_middle_of_a_code_gets_none_of_it(page: Page) -> None:
    await open_flow(page, "sell")
    search = page.get_by_role("searchbox")
    await page.evaluate("""() => {
      document.activeElement?.blur();
      let keys = 0;
      addEventListener("keyup", () => { keys += 1; if (keys === 6) document.querySelector("[type=search]").focus(); });
    }""")

    await type_fast(page, code_of(COFFEE))

    await expect(page.locator(".slip .row.sold")).to_contain_text(COFFEE.name)
    await expect(search).to_be_focused()
    await expect(search).to_have_value("")


async def test_a_babble_is_no_code_and_the_next_scan_is_one(page: Page) -> None:
    await open_flow(page, "")
    await page.locator("body").click()

    await page.evaluate(
        "for (const key of '7'.repeat(3000)) document.body.dispatchEvent(new KeyboardEvent('keydown', {key, "
        "bubbles: true}))"
    )
    await page.keyboard.press("Enter")
    await expect(page.locator(".band.refused")).to_contain_text("far too long for a code")
    await type_fast(page, code_of(OATS))

    await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()


async def test_a_code_with_a_lot_that_nobody_knows_is_linked_by_its_number(page: Page, agent: AgentProcess) -> None:
    await open_flow(page, "")
    await type_fast(page, f"]d2010{UNKNOWN}10L7")
    await expect(page.locator(".band.refused")).to_contain_text(f"Nobody here knows {UNKNOWN}")
    await page.get_by_role("button", name="Link a barcode").click()
    await expect(page.get_by_text(f"What is {UNKNOWN}?")).to_be_visible()
    await page.get_by_role("searchbox").fill("espr")
    await page.get_by_role("button", name=COFFEE.name).click()
    await page.get_by_role("button", name="Link", exact=True).click()

    await expect(page.locator(".band.good")).to_contain_text("Linked to")
    _, found = await agent.ask("GET", f"/api/v1/products/{COFFEE.product_id}")
    assert f"0{UNKNOWN}" in [each["code"] for each in found["barcodes"]]
