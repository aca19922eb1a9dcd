"""Labels over the store's API: asked for, previewed, followed, cancelled; every bad wish with its reason.

B19. The documents themselves are read back in tests/integration/labels.
"""

import subprocess
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from edge_agent.config import PrinterConfig
from edge_agent.services.drawing import Drawing
from edge_agent.services.health import Check
from edge_agent.services.label_desk import LabelDesk
from edge_agent.storage import catalogue
from edge_agent.web.server import StoreApi
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.integration.labels.read_back import from_pdf, read
from tests.unit.edge_agent.a_store import code_of

MILK, TEA = PRODUCTS[0], PRODUCTS[1]
OF_MILK = {"product_id": MILK.product_id}
PRINTERS = [
    PrinterConfig(name="shelf", output="tcp://127.0.0.1:9", templates=("shelf", "price")),
    PrinterConfig(name="office", output=("lp",), format="pdf", dpi=300, width_mm=100, height_mm=60),
]


@pytest.fixture
async def labelled(api: Api) -> AsyncIterator[Api]:
    """The store with two printers, whose workers rest."""

    async def checks() -> list[Check]:
        return []

    store = StoreApi(
        database=api.database, status=api.status, api_keys={"secret": "till-1"}, boot=1, checks=checks,
        label_desk=LabelDesk(api.database, PRINTERS, Drawing()),
    )  # fmt: skip
    async with TestClient(TestServer(store.app)) as client:
        yield Api(client, store, api.database, api.status)


async def preview(api: Api, query: str) -> tuple[int, str, bytes]:
    headers = {"Authorization": "Bearer secret"}
    async with api.client.get(f"/api/v1/labels/preview?{query}", headers=headers) as response:
        return response.status, response.content_type, await response.read()


async def test_labels_are_queued_once_per_key_and_can_be_followed_and_cancelled(labelled: Api) -> None:
    body = {"template": "shelf", "items": [{**OF_MILK, "copies": 3}, {"code": code_of(TEA)}]}
    status, asked = await labelled.call("POST", "/labels", body, key="k1")
    assert (status, asked["labels"], asked["printer"], asked["state"]) == (202, 4, "shelf", "waiting")
    await labelled.database.write(catalogue.replace_codes, MILK.product_id, [])
    assert (await labelled.call("POST", "/labels", body, key="k1"))[1] == asked, "whatever the catalogue says meanwhile"
    job = await labelled.get(f"/labels/{asked['job']}")
    assert (job["state"], job["sent"], job["doubled"], job["actor"], job["problem"]) == (
        "waiting",
        0,
        0,
        "till-1",
        None,
    )
    assert [(each["job"], each["name"], each["products"]) for each in (await labelled.get("/labels"))["items"]] == [
        (asked["job"], MILK.name, 2)
    ]
    (shelf, office) = (await labelled.get("/printers"))["items"]
    assert (shelf["name"], shelf["state"], shelf["jobs"], shelf["labels"]) == ("shelf", "waiting", 1, 4)
    assert (office["name"], office["state"], office["format"], office["dpi"]) == ("office", "ready", "pdf", 300)
    assert (await labelled.post(f"/labels/{asked['job']}/cancel"))["state"] == "cancelled"
    assert (await labelled.get("/printers"))["items"][0]["state"] == "ready"


async def test_each_template_goes_to_the_printer_that_has_its_paper(labelled: Api) -> None:
    item = {**OF_MILK, "lot": "A1"}
    for template, printer in (("price", "shelf"), ("lot", "office")):
        assert (await _ask(labelled, {"template": template, "items": [item]}))[1]["printer"] == printer
    named = {"template": "price", "items": [item], "printer": "office"}
    assert (await _ask(labelled, named))[1]["printer"] == "office"


@pytest.mark.parametrize(("body", "status", "code", "pointer"), [
    ({"template": "shelf", "items": []}, 422, "validation", "/items"),
    ({"template": "poster", "items": [{"code": "1"}]}, 422, "validation", "/template"),
    ({"template": "shelf", "items": [{**OF_MILK, "copies": 0}]}, 422, "validation", "/items/0/copies"),
    ({"template": "shelf", "items": [{**OF_MILK, "copies": 501}]}, 422, "validation", "/items/0/copies"),
    ({"template": "shelf", "items": [{**OF_MILK, "copies": 500}] * 11}, 422, "too_many_labels", "/items"),
    ({"template": "shelf", "items": [{}]}, 422, "goods", "/items/0/code"),
    ({"template": "shelf", "items": [{**OF_MILK, "code": "x"}]}, 422, "goods", "/items/0/code"),
    ({"template": "shelf", "items": [{"product_id": "nobody"}]}, 404, "product", None),
    ({"template": "shelf", "items": [{"code": "4006381333931"}]}, 404, "unknown_barcode", None),
    ({"template": "shelf", "items": [OF_MILK], "printer": "none"}, 404, "printer", None),
    ({"template": "lot", "items": [OF_MILK]}, 422, "lot", "/items/0/lot"),
    ({"template": "lot", "items": [{**OF_MILK, "lot": "L 1"}]}, 422, "lot", "/items/0/lot"),
    ({"template": "lot", "items": [{**OF_MILK, "lot": "L1"},
                                   {**OF_MILK, "lot": "L1", "expiry": "2027-13-01"}]},
     422, "expiry", "/items/1/expiry"),
    ({"template": "shelf", "items": [{**OF_MILK, "symbol": "ean8"}]}, 422, "gtin_length", "/items/0/symbol"),
    ({"template": "lot", "items": [{**OF_MILK, "lot": "L1"},
                                   {**OF_MILK, "lot": "L" * 20, "expiry": "2027-12-31",
                                    "symbol": "gs1_128"}], "printer": "shelf"}, 422, "label_too_small", "/items/1"),
])  # fmt: skip
async def test_what_cannot_be_printed_is_refused_before_it_is_queued(
    labelled: Api, body: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    got, answer = await _ask(labelled, body)
    assert (got, answer["code"]) == (status, code)
    assert pointer is None or pointer in [error["pointer"] for error in answer["errors"]]
    assert (await labelled.get("/labels"))["items"] == []


async def test_a_store_without_a_printer_can_look_at_labels_and_is_told_what_to_do(api: Api) -> None:
    item = OF_MILK
    got, answer = await _ask(api, {"template": "shelf", "items": [item]})
    assert (got, answer["code"]) == (409, "no_printer")
    assert "edge.toml" in answer["remedy"]
    assert (await preview(api, f"template=shelf&product_id={MILK.product_id}"))[0] == 200


async def test_a_preview_is_the_label_on_its_printers_paper(labelled: Api) -> None:
    status, kind, body = await preview(labelled, f"template=shelf&code={code_of(MILK)}")
    assert (status, kind) == (200, "image/png")
    image = Image.open(BytesIO(body))
    assert image.size == (479, 319), "60 × 40 mm at 203 dots to the inch"
    assert [found.data.decode() for found in read(image)] == [code_of(MILK)]
    query = f"template=lot&product_id={MILK.product_id}&lot=A%2F1&expiry=2027-12-31&format=pdf"
    status, kind, body = await preview(labelled, query)
    assert (status, kind) == (200, "application/pdf")
    (page,) = from_pdf(body)
    gtin = code_of(MILK).zfill(14)
    assert [found.data for found in read(page)] == [f"01{gtin}10A/1\x1d17271231".encode()]
    status, kind, body = await preview(labelled, f"template=price&product_id={MILK.product_id}&format=zpl")
    assert (status, body[:3], b"^BEN" in body) == (200, b"^XA", True)


async def test_a_preview_that_cannot_be_says_which_parameter_is_wrong(labelled: Api) -> None:
    for query, code, pointer in (
        (f"template=lot&product_id={MILK.product_id}&lot=a%20b", "lot", "/lot"),
        (f"template=shelf&product_id={MILK.product_id}&copies=2", "validation", "/copies"),
        ("template=shelf", "goods", "/code"),
    ):
        status, answer = await labelled.call("GET", f"/labels/preview?{query}")
        assert (status, answer["code"], answer["errors"][0]["pointer"]) == (422, code, pointer)


async def test_a_scanned_2d_code_brings_its_lot_and_expiry_along(labelled: Api) -> None:
    scanned = f"]d201{code_of(MILK).zfill(14)}10LOT7\x1d17271231"
    assert (await _ask(labelled, {"template": "lot", "items": [{"code": scanned}]}))[0] == 202
    (lines,) = await labelled.database.read(
        lambda connection: connection.execute("SELECT lines FROM print_jobs").fetchone()
    )
    assert '"lot":"LOT7","expiry":"2027-12-31"' in lines


async def test_the_code_of_a_pack_has_the_price_of_the_pack(labelled: Api) -> None:
    pack = "14006381333938"
    await labelled.database.write(catalogue.link, pack, MILK.product_id, 6000)
    both = [await preview(labelled, f"template=price&code={code}&printer=office") for code in (code_of(MILK), pack)]
    six = MILK._replace(price=(MILK.price or 0) * 6)
    await labelled.database.write(catalogue.save_product, six)
    single = await preview(labelled, f"template=price&code={code_of(MILK)}&printer=office")
    assert both[0][2] != single[2]
    assert price_of(from_picture(both[1][2])) == price_of(from_picture(single[2]))


async def test_signs_that_no_font_has_are_told_when_labels_are_asked_for(labelled: Api) -> None:
    await labelled.database.write(catalogue.save_product, MILK._replace(name="牛乳 Milk"))
    _, asked = await _ask(labelled, {"template": "shelf", "items": [OF_MILK]})
    assert asked["missing_signs"] == ["乳", "牛"]


async def test_a_product_without_a_barcode_has_its_sku_as_code_128(labelled: Api) -> None:
    await labelled.database.write(catalogue.replace_codes, TEA.product_id, [])
    _, _, body = await preview(labelled, f"template=price&product_id={TEA.product_id}")
    assert [(found.aim, found.data.decode()) for found in read(from_picture(body))] == [("]C0", TEA.sku)]


async def test_the_chains_own_address_stands_in_the_link(labelled: Api) -> None:
    await labelled.database.write(catalogue.set_settings, {"label_link": "https://shop.example"})
    query = f"template=lot&product_id={MILK.product_id}&lot=A1&symbol=qr&printer=office"
    gtin = code_of(MILK).zfill(14)
    assert await _link(labelled, query) == f"https://shop.example/01/{gtin}/10/A1"
    await labelled.database.write(catalogue.set_settings, {"label_link": "not an address"})
    assert await _link(labelled, query) == f"https://id.gs1.org/01/{gtin}/10/A1"


async def _link(api: Api, query: str) -> str:
    (found,) = read(from_picture((await preview(api, query))[2]))
    return found.data.decode()


def from_picture(body: bytes) -> Image.Image:
    return Image.open(BytesIO(body))


def price_of(image: Image.Image) -> bytes:
    """The dots of the upper third, where a price label has its price."""
    return image.crop((0, 0, image.width, image.height // 3)).tobytes()


async def _ask(api: Api, body: dict[str, Any]) -> tuple[int, Any]:
    return await api.call("POST", "/labels", body)


def test_the_pictures_are_drawn_in_a_program_of_their_own() -> None:
    """Fonts and drawing libraries are never in the agent's memory."""
    look = "import edge_agent.app, sys; print([m for m in ('PIL', 'reportlab', 'zint', 'fontpkg') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"
