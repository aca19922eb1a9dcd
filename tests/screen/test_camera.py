"""The camera as a scanner: what our own labels say reaches the flow whole; what stands in its way is said in words.

The browser's camera is a film made here of labels that our own program drew.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, Playwright, Request, expect

from edge_agent.domain.label_design import Template
from edge_agent.domain.label_symbols import Article, Carrier
from edge_agent.labels import picture
from sync_protocol.changes import Product
from tests.integration.edge_sync.agent_process import AgentProcess
from tests.integration.labels.read_back import a_label, a_sheet
from tests.screen.conftest import launched, log_in, open_flow
from tests.screen.shop import COFFEE, OATS, code_of

WIDTH, HEIGHT, FRAMES_A_SECOND = 640, 480, 5
SHOWN_S = 2
GRANTED = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def a_film(path: Path, products: Sequence[tuple[Product, Template, Carrier]]) -> str:
    """Each label is held before the camera for a while, one after the other, for ever; the browser's argument."""
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420\n".encode())
        for product, template, carrier in products:
            lot = ("L7/A", "2027-12-31") if carrier.is_gs1 else ()
            label = a_label(template, carrier, article=Article(product.barcodes[0].code, *lot))
            drawn = Image.open(BytesIO(picture.write([a_sheet(label)]))).convert("L")
            drawn.thumbnail((WIDTH - 40, HEIGHT - 40))
            scene = Image.new("L", (WIDTH, HEIGHT), 200)
            scene.paste(drawn, ((WIDTH - drawn.width) // 2, (HEIGHT - drawn.height) // 2))
            frame = b"FRAME\n" + scene.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2)
            film.write(frame * (FRAMES_A_SECOND * SHOWN_S))
    return f"--use-file-for-fake-video-capture={path}"


@asynccontextmanager
async def a_handheld(playwright: Playwright, agent: AgentProcess, *arguments: str) -> AsyncIterator[Page]:
    """A handheld with such a camera, at which somebody has logged in; it allows itself nothing that the box forbids."""
    async with launched(playwright, *arguments) as browser:
        page = await browser.new_page(viewport={"width": 390, "height": 844}, locale="en-GB")
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        await log_in(page, agent)
        yield page
        assert complaints == []


async def test_what_the_camera_reads_is_a_scan_once_for_each_showing(
    playwright: Playwright, agent: AgentProcess, tmp_path: Path
) -> None:
    shown = [(COFFEE, Template.PRICE, Carrier.EAN13), (OATS, Template.LOT, Carrier.DATAMATRIX)]
    asked: list[str] = []
    async with a_handheld(playwright, agent, *GRANTED, a_film(tmp_path / "labels.y4m", shown)) as page:

        def note(sent: Request) -> None:
            if sent.url.endswith("/scans") and sent.post_data:
                asked.append(json.loads(sent.post_data)["code"])

        page.on("request", note)
        await open_flow(page, "sell")

        await page.get_by_role("button", name="Scan with the camera").click()
        await expect(page.locator(".slip .row.sold")).to_have_count(3, timeout=30_000)
        await page.get_by_role("button", name="Close the camera").click()

    assert set(asked) == {f"]E0{code_of(COFFEE)}", f"]d201{OATS.barcodes[0].code}10L7/A\x1d17271231"}
    assert all(one != other for one, other in pairwise(asked)), "held still it was sold twice"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--use-fake-device-for-media-stream", "--deny-permission-prompts"], "The camera may not be used here."),
        (["--use-fake-ui-for-media-stream"], "This device has no camera."),
    ],
    ids=["refused", "none"],
)
async def test_without_a_camera_the_words_say_what_to_do(
    playwright: Playwright, agent: AgentProcess, arguments: list[str], said: str
) -> None:
    async with a_handheld(playwright, agent, *arguments) as page:
        await open_flow(page, "lookup")
        await page.get_by_role("button", name="Scan with the camera").click()

        await expect(page.get_by_role("alert")).to_contain_text(said)
        await expect(page.get_by_role("alert")).to_contain_text("type the number")
