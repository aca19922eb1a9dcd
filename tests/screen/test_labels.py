"""Labels at the screen: chosen, looked at, queued, stopped; what comes out is read by a reader of others. B19."""

from playwright.async_api import Page, expect

from scanner_drivers import PtyScanner
from tests.integration.labels.paper import Paper
from tests.integration.labels.read_back import Read, read, rendered
from tests.screen.conftest import open_flow
from tests.screen.shop import OATS, code_of


async def test_labels_are_asked_for_stopped_and_printed_once_the_printer_is_on(
    page: Page, hand: PtyScanner, paper: Paper
) -> None:
    hand.scan(code_of(OATS))
    await page.get_by_role("button", name="Labels").click()
    await expect(page.get_by_role("img", name=OATS.name)).to_be_visible()
    await page.get_by_role("textbox", name="Copies").fill("40")
    await page.get_by_role("button", name="Print", exact=True).click()
    job = page.locator(".row", has_text="40 × Shelf · printer shelf-1")
    await expect(job).to_contain_text(OATS.name)
    await expect(job).to_contain_text("waits for the printer")
    await expect(job).to_contain_text("The printer does not answer")
    await job.get_by_role("button", name="Stop").click()
    await expect(job).to_contain_text("stopped")

    hand.scan(f"]d201{OATS.barcodes[0].code}10L7/A\x1d17271231")
    await expect(page.get_by_role("radio", name="Lot and date")).to_be_checked()
    await expect(page.get_by_label("Lot", exact=True)).to_have_value("L7/A")
    await expect(page.get_by_role("img", name=OATS.name)).to_be_visible()
    await page.get_by_role("textbox", name="Copies").fill("2")
    await paper.switch_on()
    await page.get_by_role("button", name="Print", exact=True).click()

    await expect(page.locator(".row", has_text="2 × Lot and date")).to_contain_text("printed", timeout=20_000)
    await paper.switch_off()
    (printed,) = paper.documents
    assert paper.labels == 2, "what was stopped came out"
    (symbol,) = read(rendered(printed, dpi=203, size=(799, 479)))
    assert symbol == Read("Data Matrix", "]d2", f"01{OATS.barcodes[0].code}10L7/A\x1d17271231".encode())


async def test_a_lot_label_asks_for_its_lot_and_copies_are_whole_numbers(page: Page) -> None:
    await open_flow(page, "labels", OATS.product_id)
    await page.get_by_role("radio", name="Lot and date").click()

    await expect(page.get_by_text("Scan a code that has the lot, or type it.")).to_be_visible()
    await expect(page.get_by_role("button", name="Print", exact=True)).to_be_disabled()
    await page.get_by_label("Lot", exact=True).fill("L8")
    await expect(page.get_by_role("button", name="Print", exact=True)).to_be_enabled()
    await page.get_by_role("textbox", name="Copies").fill("9999999")

    await expect(page.get_by_text("Type a whole number from 1 to 500.")).to_be_visible()
    await expect(page.get_by_role("button", name="Print", exact=True)).to_be_disabled()
