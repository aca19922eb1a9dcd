"""The box is away, and somebody opens the screen anew: it is there, with all that waits on this device."""

from playwright.async_api import Page, expect

from tests.integration.edge_sync.agent_process import AgentProcess
from tests.screen.conftest import open_flow, type_fast, until_level
from tests.screen.shop import OATS, code_of


async def test_a_screen_that_is_opened_anew_while_the_box_is_away_has_its_queue_and_hands_it_in_once(
    page: Page, agent: AgentProcess
) -> None:
    await open_flow(page, "lookup")
    await type_fast(page, code_of(OATS))
    await expect(page.get_by_role("heading", name=OATS.name)).to_be_visible()
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await open_flow(page, "sell")
    await agent.stop()
    await expect(page.locator(".connection[data-line=away]")).to_be_visible()
    await type_fast(page, code_of(OATS))
    await expect(page.locator(".band.doubtful")).to_contain_text(f"Kept on this device: {OATS.name}")

    await page.reload()
    await expect(page.locator(".slip .row.kept")).to_contain_text(OATS.name)
    await type_fast(page, code_of(OATS))
    await expect(page.locator(".slip .row.kept")).to_have_count(2)
    other = await page.context.new_page()
    await other.goto(f"{agent.api}/#/sync")
    await expect(other.get_by_text("2 entries wait on this device")).to_be_visible()
    await agent.start()

    await until_level(agent, OATS.product_id, "16")
    await expect(page.locator(".connection[data-line=live]")).not_to_contain_text("to send", timeout=20_000)
    await until_level(agent, OATS.product_id, "16")
