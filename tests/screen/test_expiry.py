"""Lots that end: an alert in the screen's own language, what to do about it, and one tap that leads there."""

from datetime import date, timedelta

import pytest
from playwright.async_api import Page, expect

from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen.conftest import level, open_flow, until_level
from tests.screen.shop import CHEESE, OATS, code_of

GS = "\x1d"


@pytest.fixture
def settings() -> dict[str, int]:
    return {"alert_threshold_days": 7}


async def days(agent: AgentProcess, *ahead: int) -> list[date]:
    """So many days after the store's today."""
    _, told = await agent.ask("GET", "/api/v1/inventory/lots")
    return [date.fromisoformat(told["day"]) + timedelta(each) for each in ahead]


async def take_in(agent: AgentProcess, product_id: str, quantity: str, lot: str, expiry: date) -> None:
    line = {"product_id": product_id, "quantity": quantity, "lot": lot, "expiry": expiry.isoformat()}
    status, answer = await agent.ask("POST", "/api/v1/receipts", {"lines": [line]})
    assert status == 201, answer


async def test_lots_that_end_are_told_in_the_screens_language_and_what_has_ended_is_booked_as_waste_by_its_lot(
    page: Page, agent: AgentProcess
) -> None:
    ended, soon, late = await days(agent, -2, 3, 60)
    await take_in(agent, OATS.product_id, "4", "A17", ended)
    await take_in(agent, OATS.product_id, "6", "B18", soon)
    await take_in(agent, OATS.product_id, "8", "C19", late)
    await take_in(agent, CHEESE.product_id, "1.5", "K1", soon)
    await open_flow(page, "settings")
    await page.get_by_role("radio", name="Deutsch").check()
    await open_flow(page, "attention")
    oats = page.locator(".row.attention", has_text=OATS.name)
    await expect(oats).to_contain_text("dringend · Abgelaufen")
    await expect(oats).to_contain_text("4 von Charge A17 · Regal")
    await expect(oats).to_contain_text("6 von Charge B18 · Regal")
    await expect(oats).not_to_contain_text("C19")
    await expect(oats).to_contain_text("Aus dem Regal nehmen und abschreiben.")
    await expect(page.locator("main#content")).not_to_contain_text("expire")

    await open_flow(page, "settings")
    await page.get_by_role("radio", name="English").check()
    await open_flow(page, "attention")
    cheese = page.locator(".row.attention", has_text=CHEESE.name)
    await expect(cheese).to_contain_text("Expires soon")
    await expect(cheese).to_contain_text("1.5 kg of lot K1 · Shelf · Best before")
    await expect(cheese).to_contain_text("Put it in front, so that it is sold first.")
    await expect(cheese.get_by_role("button", name="waste")).to_have_count(0)
    await oats.get_by_role("button", name="Book lot A17 as waste").click()
    await expect(page.get_by_text("Lot A17 · Best before")).to_be_visible()
    await expect(page.get_by_role("radio", name="Past its date")).to_be_checked()
    await expect(page.get_by_role("textbox", name="How many")).to_have_value("4")
    await page.get_by_role("button", name="Book it").click()

    await until_level(agent, OATS.product_id, "32")
    _, told = await agent.ask("GET", f"/api/v1/inventory/lots?product_id={OATS.product_id}")
    assert "A17" not in {each["lot"] for each in told["items"]}
    await open_flow(page, "attention")
    await expect(oats).to_contain_text("6 of lot B18")
    await expect(oats).not_to_contain_text("Past its date")


async def test_what_is_scanned_with_its_lot_is_wasted_of_that_lot(
    page: Page, hand: PtyScanner, agent: AgentProcess
) -> None:
    soon, later = await days(agent, 20, 40)
    await take_in(agent, OATS.product_id, "5", "B18", soon)
    await take_in(agent, OATS.product_id, "5", "C19", later)
    await open_flow(page, "adjust")
    await expect(page.get_by_text("Scan what is broken")).to_be_visible()

    hand.scan(f"]d201{code_of(OATS).zfill(14)}10C19{GS}17{later:%y%m%d}")
    await expect(page.get_by_text("Lot C19 · Best before")).to_be_visible()
    await page.get_by_role("radio", name="Broken").check()
    await page.get_by_role("textbox", name="How many").fill("2")
    await page.get_by_role("button", name="Book it").click()

    await until_level(agent, OATS.product_id, "26")
    _, told = await agent.ask("GET", f"/api/v1/inventory/lots?product_id={OATS.product_id}")
    assert {each["lot"]: each["quantity"] for each in told["items"]} == {"B18": "5", "C19": "3", None: "18"}
    assert await level(agent, OATS.product_id) == "26"
