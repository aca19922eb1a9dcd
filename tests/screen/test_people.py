"""People at the screen, over HTTPS at the box's address in the store's network, with head office out of reach.

The certificate is of the chain's authority: each test checks that with Python's TLS, which trusts `ca.crt` and nothing
else, and then tells Chromium to trust that very key (`--ignore-certificate-errors-spki-list`).
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, Page, Playwright, expect

from edge_agent.transport.addresses import own_names
from scanner_drivers import PtyScanner
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.edge_sync.conftest import eventually
from tests.screen import staff
from tests.screen.conftest import launched, level, log_in_as, open_flow, pair, type_fast, until_level
from tests.screen.shop import BUTTER, CHOCOLATE, OATS, code_of
from tests.screen.staff import PASSWORD, PIN, badge_of

EXPIRED = f"]d201{code_of(CHOCOLATE).zfill(14)}17200101"


@pytest_asyncio.fixture(loop_scope="session")
async def url(staffed: AgentProcess) -> str:
    """Where a tablet of the store finds the box: not on its own loopback, where there is another address."""
    found: list[str] = []

    async def is_open() -> bool:
        _, health = await staffed.ask("GET", "/health")
        found[:] = [check["detail"] for check in health["checks"] if check["name"] == "lan"]
        return found[0].startswith("https://")

    await eventually(is_open, "the box's door is open")
    names = own_names()
    address = next((name for name in names if name[0].isdigit() and not name.startswith("127.")), "127.0.0.1")
    return f"https://{address}:{found[0].rpartition(':')[2]}"


@pytest_asyncio.fixture(loop_scope="session")
async def tablets(playwright: Playwright, staffed: AgentProcess, url: str) -> AsyncIterator[Browser]:
    """A browser that trusts the box, which has shown the chain's certificate."""
    tls = ssl.create_default_context(cafile=str(staffed.folder.ca))
    host, _, port = url.removeprefix("https://").rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=tls)
    shown = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    writer.close()
    key = shown.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = b64encode(sha256(key).digest()).decode()
    async with launched(playwright, f"--ignore-certificate-errors-spki-list={pin}") as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def tablet(tablets: Browser, url: str) -> AsyncIterator[Page]:
    """A tablet at which nobody is logged in."""
    page = await a_tablet(tablets, url)
    yield page
    await page.context.close()


async def a_tablet(tablets: Browser, url: str) -> Page:
    context = await tablets.new_context(viewport={"width": 834, "height": 1112}, locale="en-GB", has_touch=True)
    page = await context.new_page()
    await page.goto(url)
    await expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    return page


async def log_out(page: Page) -> None:
    await open_flow(page, "settings")
    await page.locator(".card", has_text="Logged in").get_by_role("button", name="Log out", exact=True).click()
    await expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


async def here(page: Page, name: str) -> None:
    """This is who works at the screen."""
    await expect(page.locator(".cover")).to_have_count(0)
    await expect(page.locator(".who")).to_have_text(name)


async def actors(agent: AgentProcess, product_id: str) -> list[str]:
    """Who moved it, oldest first."""
    _, found = await agent.ask("GET", f"/api/v1/inventory/products/{product_id}/history?limit=500")
    return [each["actor"] for each in found["items"]]


def everything_kept(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_one_logs_in_by_pin_by_password_and_by_badge_and_waits_a_little_after_wrong_tries(
    tablet: Page,
) -> None:
    await tablet.get_by_label("Name", exact=True).fill("anna")
    for _ in range(4):
        await tablet.get_by_label("PIN", exact=True).fill("9999")
        await tablet.get_by_role("button", name="Log in", exact=True).click()
        await expect(tablet.get_by_label("PIN", exact=True)).to_have_value("")
        await expect(tablet.get_by_role("alert")).to_contain_text("Name or PIN is wrong.")
        await expect(tablet.get_by_role("button", name="Log in", exact=True)).to_be_enabled()
    await tablet.get_by_label("PIN", exact=True).fill(PIN)
    await tablet.get_by_role("button", name="Log in", exact=True).click()
    await expect(tablet.get_by_role("timer")).to_contain_text("You can try again in")
    await expect(tablet.get_by_role("button", name="Log in", exact=True)).to_be_disabled()
    await expect(tablet.get_by_role("timer")).to_have_count(0)
    await tablet.get_by_role("button", name="Log in", exact=True).click()
    await here(tablet, "anna")

    await log_out(tablet)
    await tablet.get_by_role("button", name="Use the password").click()
    await tablet.get_by_label("Name", exact=True).fill("bert")
    await tablet.get_by_label("Password", exact=True).fill(PASSWORD)
    await tablet.get_by_role("button", name="Log in", exact=True).click()
    await here(tablet, "bert")

    await log_out(tablet)
    await type_fast(tablet, badge_of("anna"))
    await here(tablet, "anna")
    await tablet.reload()
    await here(tablet, "anna")


async def test_a_badge_at_the_screens_own_scanner_logs_in_and_takes_over_and_nothing_begun_is_lost(
    tablet: Page, url: str, staffed: AgentProcess, hand: PtyScanner
) -> None:
    await log_in_as(tablet, "boss", url)
    await pair(tablet, "hand-1")
    await log_out(tablet)

    hand.scan(badge_of("anna"))
    await here(tablet, "anna")
    await open_flow(tablet, "receive", "without")
    await type_fast(tablet, code_of(BUTTER))
    await expect(tablet.locator(".sheet-rows .row")).to_contain_text(BUTTER.name)
    await open_flow(tablet, "count")
    await tablet.get_by_label("What is counted").fill("Cold shelf")
    await tablet.get_by_role("button", name="Begin a count").click()
    await expect(tablet.get_by_text("Scan what you count")).to_be_visible()
    hand.scan(code_of(OATS))
    await expect(tablet.get_by_role("button", name="Confirm 1")).to_be_visible()

    hand.scan(badge_of("bert"))
    await expect(tablet.locator(".band.good")).to_contain_text("Bert works here now")
    _, scanners = await staffed.ask("GET", "/api/v1/scanners")
    assert [each["last_bytes"] for each in scanners["items"] if each["name"] == "hand-1"] == [None]
    await here(tablet, "bert")
    await tablet.get_by_role("button", name="Confirm 1").click()
    await until_level(staffed, OATS.product_id, "1")
    assert (await actors(staffed, OATS.product_id))[-1] == "bert"
    await type_fast(tablet, badge_of("anna"))
    await here(tablet, "anna")
    await open_flow(tablet, "receive", "without")
    await expect(tablet.locator(".sheet-rows .row")).to_contain_text(BUTTER.name)

    kept = await asyncio.to_thread(everything_kept, staffed.folder.path)
    assert not [name for name in ("anna", "bert", "boss") if badge_of(name).encode() in kept]


async def test_a_slip_is_of_who_sells_and_is_there_again_when_they_come_back(tablet: Page, url: str) -> None:
    await log_in_as(tablet, "anna", url)
    await open_flow(tablet, "sell")
    await type_fast(tablet, code_of(OATS))
    slip = tablet.locator(".slip .row.sold")
    await expect(slip).to_contain_text(OATS.name)

    await type_fast(tablet, badge_of("bert"))
    await here(tablet, "bert")
    await expect(slip).to_have_count(0)
    await type_fast(tablet, code_of(BUTTER))
    await expect(slip).to_contain_text(BUTTER.name)
    await expect(slip).to_have_count(1)

    await log_out(tablet)
    await type_fast(tablet, badge_of("anna"))
    await here(tablet, "anna")
    await open_flow(tablet, "sell")
    await expect(slip).to_contain_text(OATS.name)
    await expect(slip).to_have_count(1)


async def test_whoever_is_logged_out_from_elsewhere_comes_back_to_where_they_were_and_what_waited_stays_theirs(
    tablet: Page, tablets: Browser, url: str, staffed: AgentProcess
) -> None:
    await log_in_as(tablet, "anna", url)
    await open_flow(tablet, "count")
    await tablet.get_by_label("What is counted").fill("Cold shelf")
    await tablet.get_by_role("button", name="Begin a count").click()
    await expect(tablet.get_by_text("Scan what you count")).to_be_visible()
    for code in (BUTTER, OATS):
        await type_fast(tablet, code_of(code))
        await expect(tablet.locator(".counted h2")).to_have_text(code.name)
        await tablet.get_by_role("button", name="Cancel").click()
    await staffed.stop()
    await expect(tablet.locator(".connection[data-line=away]")).to_be_visible()
    await type_fast(tablet, code_of(OATS))
    await tablet.get_by_role("button", name="Confirm 1").click()
    await expect(tablet.locator(".row[data-state=waiting]")).to_have_count(1)
    await type_fast(tablet, badge_of("boss"))  # which nobody can tell from goods while the box is away
    await tablet.get_by_role("button", name="Confirm 1").click()
    await expect(tablet.locator(".row[data-state=waiting]")).to_have_count(2)
    await type_fast(tablet, code_of(BUTTER))
    await expect(tablet.get_by_role("button", name="Confirm 1")).to_be_visible()
    await asyncio.to_thread(staff.fill, staffed.folder.database, staff.gone("anna"))
    await staffed.start()

    await expect(tablet.get_by_role("heading", name="Who are you?")).to_be_visible()
    await expect(tablet.get_by_text("What was begun here stays as it is.")).to_be_visible()
    await type_fast(tablet, badge_of("bert"))
    await here(tablet, "bert")
    await until_level(staffed, OATS.product_id, "1")
    await expect(tablet.locator("main#content").get_by_text(badge_of("boss"))).to_have_count(0)
    await tablet.get_by_role("button", name="Confirm 1").click()
    await until_level(staffed, BUTTER.product_id, "1")
    assert (await actors(staffed, OATS.product_id))[-1] == "anna"
    assert (await actors(staffed, BUTTER.product_id))[-1] == "bert"

    other = await a_tablet(tablets, url)
    await log_in_as(other, "boss", url)
    await open_flow(other, "settings")
    await other.get_by_role("button", name="Log out: bert").click()
    await expect(other.locator(".band.good")).to_contain_text("bert is logged out")
    await open_flow(tablet, "receive", "without")
    await expect(tablet.get_by_role("heading", name="Who are you?")).to_be_visible()
    await type_fast(tablet, badge_of("bert"))
    await here(tablet, "bert")
    assert "receive/without" in tablet.url
    await other.context.close()


async def test_what_is_left_to_managers_opens_one_sheet_and_is_sent_again_with_their_approval(
    tablet: Page, url: str, staffed: AgentProcess, till: PtyScanner
) -> None:
    await log_in_as(tablet, "boss", url)
    await pair(tablet, "till-1")
    await log_out(tablet)
    await log_in_as(tablet, "anna", url)
    sent: list[Any] = []
    tablet.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    sheet = tablet.get_by_role("dialog", name="A manager has to agree")
    await open_flow(tablet, "sell")
    await type_fast(tablet, EXPIRED)
    await expect(sheet).to_contain_text("These goods are past their last good day.")
    await sheet.get_by_role("button", name="Close").click()
    await expect(tablet.locator(".band.refused")).to_contain_text("It is past its date.")
    assert await level(staffed, CHOCOLATE.product_id) == "31"

    await type_fast(tablet, EXPIRED)
    await sheet.get_by_label("Name", exact=True).fill("anna")
    await sheet.get_by_label("PIN", exact=True).fill(PIN)
    await sheet.get_by_role("button", name="Allow it once").click()
    await expect(sheet).to_contain_text("This person may not allow it.")
    await sheet.get_by_label("Name", exact=True).fill("boss")
    await sheet.get_by_label("PIN", exact=True).fill(PIN)
    await sheet.get_by_role("button", name="Allow it once").click()
    await expect(tablet.locator(".slip .row.sold")).to_contain_text(CHOCOLATE.name)
    await until_level(staffed, CHOCOLATE.product_id, "30")
    await here(tablet, "anna")
    keys = [await request.header_value("idempotency-key") for request in sent if request.url.endswith("/scans")]
    assert len(set(keys[-2:])) == 1

    till.scan(badge_of("boss"))
    await expect(tablet.locator(".band.refused")).to_contain_text("That is a badge")
    await here(tablet, "anna")

    await open_flow(tablet, "adjust")
    await type_fast(tablet, code_of(BUTTER))
    await tablet.get_by_role("radio", name="Broken").check()
    await tablet.get_by_role("textbox", name="How many").fill("9")
    await tablet.get_by_role("button", name="Book it").click()
    await expect(sheet).to_contain_text("Changing what is in the books is left to managers here.")
    await type_fast(tablet, badge_of("boss"))
    await expect(sheet).to_contain_text("The books do not have so many.")
    await type_fast(tablet, badge_of("boss"))
    await until_level(staffed, BUTTER.product_id, "-2")
    assert (await actors(staffed, BUTTER.product_id))[-1] == "anna"

    await open_flow(tablet, "return")
    await type_fast(tablet, code_of(OATS))
    await tablet.get_by_role("button", name="Take it back").click()
    await expect(sheet).to_contain_text("Taking goods back is left to managers here.")
    await type_fast(tablet, badge_of("boss"))
    await until_level(staffed, OATS.product_id, "19")


async def test_one_is_offered_what_one_may_use_and_told_when_a_link_leads_elsewhere(tablet: Page, url: str) -> None:
    await log_in_as(tablet, "rita", url)
    tiles = tablet.locator(".tiles a")
    await expect(tiles).to_have_count(2)
    await expect(tablet.get_by_role("link", name="Sell")).to_have_count(0)
    await open_flow(tablet, "sell")
    await expect(tablet.get_by_text("You may not do this.")).to_be_visible()
    await open_flow(tablet, "day")
    await expect(tablet.get_by_text("You may not do this.")).to_be_visible()

    await type_fast(tablet, badge_of("boss"))
    await here(tablet, "boss")
    await expect(tablet.get_by_text("What this store did today.")).to_be_visible()


async def test_one_changes_ones_own_pin_and_sees_where_one_is_logged_in(
    tablet: Page, tablets: Browser, url: str
) -> None:
    other = await a_tablet(tablets, url)
    await log_in_as(other, "anna", url)
    await log_in_as(tablet, "anna", url)
    await open_flow(tablet, "settings")
    await expect(tablet.get_by_text("this device", exact=True)).to_be_visible()
    await expect(tablet.get_by_role("link", name="Licences")).to_have_attribute("href", "/licenses.txt")
    await expect(tablet.get_by_role("button", name="Log out: anna")).to_have_count(1)
    await tablet.get_by_label("Your PIN or password now").fill(PIN)
    await tablet.get_by_label("New PIN").fill("1234")
    await tablet.get_by_role("button", name="Change the PIN").click()
    await expect(tablet.get_by_text("That PIN is too easy to guess.")).to_be_visible()
    await tablet.get_by_label("New PIN").fill("90214")
    await tablet.get_by_role("button", name="Change the PIN").click()
    await expect(tablet.locator(".band.good")).to_contain_text("Your PIN is changed")

    await open_flow(other, "attention")
    await other.get_by_label("Name", exact=True).fill("anna")
    await other.get_by_label("PIN", exact=True).fill("90214")
    await other.get_by_role("button", name="Log in", exact=True).click()
    await here(other, "anna")
    await other.context.close()
