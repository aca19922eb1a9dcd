"""F29, FEATURES 6: sheets of products in and out: dry run, aliases, row errors, undo; export and import are inverse."""

import random
import zipfile
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from cloud_hub.domain.permissions import Role
from tests.integration.hub_web.conftest import Client, Running
from tests.integration.hub_web.sheets import XLSX_TYPE, Sheets

HEADER = "sku,name,category,price,unit_cost,reorder_point,barcodes\n"


@pytest.fixture
def sheets(hub: Running, admin: Client) -> Sheets:
    return Sheets(hub, admin)


async def product(client: Client, sku: str) -> dict[str, Any]:
    (found,) = (await client.get(f"/products?sku={sku}")).body["items"]
    return dict(found)


async def changes(hub: Running) -> int:
    async with hub.core.database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM changes WHERE kind LIKE 'product%'"))


def result(job: dict[str, Any]) -> dict[str, int]:
    assert job["state"] == "done", (job["code"], job["detail"])
    return {name: count for name, count in job["result"].items() if count and name != "dry_run"}


async def test_products_are_made_and_changed_by_sku_and_stores_hear_of_those_only(
    hub: Running, admin: Client, sheets: Sheets
) -> None:
    await admin.make_product(sku="OLD", name="Old name", price="1.00", reorder_point="5")
    job = await sheets.load(
        "products", HEADER + "OLD,New name,,1.20,,,\nNEW,Cola,Drinks,0.99,0.50,12.5,4006381333931\n"
    )
    assert (result(job), job["done"], job["total"]) == ({"rows": 2, "created": 1, "changed": 1}, 2, 2)
    old, new = await product(admin, "OLD"), await product(admin, "NEW")
    assert (old["name"], old["price"], old["reorder_point"], old["version"]) == ("New name", "1.20", "5", "1-2")
    assert (new["category"], new["unit_cost"], new["reorder_point"], new["barcodes"]) == (
        "Drinks", "0.50", "12.5", [{"code": "04006381333931", "pack_quantity": "1"}],
    )  # fmt: skip
    before = await changes(hub)
    again = await sheets.load("products", HEADER + "OLD,New name,,1.20,,,\n")
    assert (result(again), await changes(hub)) == ({"rows": 1, "unchanged": 1}, before)
    assert (await admin.get("/barcode/lookup/4006381333931")).body["product"]["sku"] == "NEW"


async def test_a_dry_run_says_what_would_become_of_each_row_and_changes_nothing(
    hub: Running, admin: Client, sheets: Sheets
) -> None:
    before = await changes(hub)
    job = await sheets.load("products", HEADER + "A,Apple,,,,,\nB,,,,,,\n", dry_run="true")
    assert result(job) == {"rows": 2, "created": 1, "refused": 1}
    assert await sheets.errors(job) == [(3, "name", "required")]
    assert await changes(hub) == before


async def test_columns_that_nobody_knows_are_named_and_those_of_the_document_are_read(
    admin: Client, sheets: Sheets
) -> None:
    job = await sheets.load("products", "SKU,Name,Reorder Level,Low-Stock Threshold,\nA,Apple,5,7,\n")
    assert (job["result"]["created"], job["result"]["ignored_columns"]) == (1, ["Reorder Level"])
    assert (await product(admin, "A"))["reorder_point"] == "7"
    document = (await admin.get("/openapi.json")).body
    said = document["paths"]["/api/v1/imports/products"]["post"]["description"]
    assert "| `reorder_point` | reorder threshold, low stock threshold" in said


async def test_a_row_without_a_sku_is_found_by_its_barcode(admin: Client, sheets: Sheets) -> None:
    await admin.make_product(sku="PEN", barcodes=[{"code": "4006381333931"}])
    job = await sheets.load("products", "EAN,Price\n4006381333931,2.50\n4012345678901,1\n")
    assert (await product(admin, "PEN"))["price"] == "2.50"
    assert (result(job), await sheets.errors(job)) == (
        {"rows": 2, "changed": 1, "refused": 1},
        [(3, "sku", "required")],
    )


async def test_each_bad_row_is_named_with_row_column_and_code_and_the_others_are_taken(
    admin: Client, sheets: Sheets
) -> None:
    await admin.make_product(sku="TAKEN", barcodes=[{"code": "4006381333931"}])
    rows = {
        "S1,Fine,,1.00,,,": None,
        "S2,Price,,1.005,,,": ("price", "decimals"),
        "S3,Price,,abc,,,": ("price", "number"),
        "S4,Price,,-1,,,": ("price", "negative"),
        "S5,Code,,,,,1.2E+12": ("barcodes", "scientific"),
        "S6,Code,,,,,4006381333932": ("barcodes", "check_digit"),
        "S7,Code,,,,,4006381333931": ("barcodes", "barcode_taken"),
        "S8,=1+1,,,,,": ("name", "formula"),
        "S9,short": (None, "columns"),
        "S1,Twice,,,,,": (None, "twice"),
        '"S10","two\nlines",,,,,': ("name", "characters"),
        "S11,Stock,,,,\"1,234\",": ("reorder_point", "ambiguous"),
        f"S12,{'x' * 201},,,,,": ("name", "too_long"),
    }  # fmt: skip
    job = await sheets.load("products", HEADER + "\n".join(rows) + "\n")
    assert result(job) == {"rows": 13, "created": 1, "refused": 12}
    expected = [(number, *wrong) for number, wrong in enumerate(rows.values(), 2) if wrong is not None]
    assert await sheets.errors(job) == expected


async def test_with_reject_all_one_bad_row_leaves_everything_as_it_was(
    hub: Running, admin: Client, sheets: Sheets
) -> None:
    before = await changes(hub)
    job = await sheets.load("products", HEADER + "A,Apple,,,,,\nB,,,,,,\n", error_policy="reject_all")
    assert (job["state"], job["code"], await sheets.errors(job)) == (
        "failed",
        "rows_refused",
        [(3, "name", "required")],
    )
    assert await changes(hub) == before
    assert result(await sheets.load("products", HEADER + "A,Apple,,,,,\n", error_policy="reject_all"))["created"] == 1


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("\ufeffArtikel;x\n".replace("Artikel;x", "Article Number;Product-Name;PRICE") + "A;Süßes;1,99\n", {}),
        ("sku\tname\tprice\nA\tSüßes\t1.99\n", {}),
        ("sku|name|price\r\nA|Süßes|1.99\r\n", {}),
        ('"sku","name","price"\n"A","Süßes","1,99"\n', {"decimal": "comma"}),
        ("sku;name;price\nA;Süßes;1,99\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("sku,name,price\nA,Süßes,1.99\n".encode("utf-16"), {}),
        ("sku,name,price,,\n\nA, Süßes ,1.99,,\n,,,,", {}),
    ],
    ids=["bom-semicolon-aliases", "tab", "pipe-crlf", "decimal-comma", "cp1252", "utf-16", "blank-lines"],
)
async def test_what_spreadsheets_write_is_read(
    admin: Client, sheets: Sheets, content: str | bytes, options: dict[str, str]
) -> None:
    assert result(await sheets.load("products", content, **options)) == {"rows": 1, "created": 1}
    made = await product(admin, "A")
    assert (made["name"], made["price"]) == ("Süßes", "1.99")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HEADER + 'A,Apple,,,,,\nB,"half a ro', "csv"),
        ("colour,size\nred,1\n", "header"),
        ("sku,SKU\nA,B\n", "header"),
        ("sku,name\nA,S\xfc\xdf\n".encode("latin-1"), "encoding"),
        (b"PK\x03\x04 not really a workbook", "workbook"),
        (b"\x00\x01\x02", "header"),
    ],
    ids=["half-a-file", "other-columns", "twice", "latin-1", "no-workbook", "binary"],
)
async def test_what_is_no_sheet_of_products_changes_nothing_and_says_why(
    hub: Running, admin: Client, sheets: Sheets, content: str | bytes, code: str
) -> None:
    before = await changes(hub)
    job = await sheets.load("products", content, *([XLSX_TYPE] if code == "workbook" else []))
    assert (job["state"], job["code"], await changes(hub)) == ("failed", code, before)


async def test_a_workbook_is_read_with_its_texts_numbers_and_formulas(admin: Client, sheets: Sheets) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for line in (
        ["SKU", "Name", "Price", "Barcode"], ["0042", "Pen", 1.99, 4006381333931], [],
        ["B", "=1+1", 2, None], ["C", "Ink", 3, "1.2E+12"], [17, "Number", 4, "4012345678901"],
    ):  # fmt: skip
        page.append(line)
    content = BytesIO()
    book.save(content)
    job = await sheets.load("products", content.getvalue(), XLSX_TYPE)
    assert result(job) == {"rows": 4, "created": 2, "refused": 2}
    assert await sheets.errors(job) == [(4, "name", "formula"), (5, "barcodes", "scientific")]
    pen = await product(admin, "0042")
    assert (pen["price"], pen["barcodes"][0]["code"]) == ("1.99", "04006381333931")
    assert (await product(admin, "17"))["name"] == "Number"


@pytest.mark.parametrize(
    ("member", "megabytes"), [("xl/sharedStrings.xml", 65), ("xl/worksheets/sheet1.xml", 513)], ids=["texts", "rows"]
)
async def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(
    hub: Running, admin: Client, sheets: Sheets, member: str, megabytes: int
) -> None:
    packed = BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(member, "w", force_zip64=True) as file,
    ):
        for _ in range(megabytes):
            file.write(bytes(1024 * 1024))
    job = await sheets.load("products", packed.getvalue(), XLSX_TYPE)
    assert (job["state"], job["code"], await changes(hub)) == ("failed", "workbook", 0)
    assert "expected at most" in job["detail"]


def awkward(draw: random.Random) -> str:
    """Text that a spreadsheet, a CSV reader or a trim might change."""
    alphabet = "=+-@'\"`, ;|\t".replace("\t", "") + "aß×漢\u00a0𝄞0.E"
    return "".join(draw.choice(alphabet) for _ in range(draw.randint(1, 8)))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_importing_an_export_changes_nothing(
    hub: Running, admin: Client, sheets: Sheets, form: str, seed: int
) -> None:
    draw = random.Random(seed)
    for number in range(60):
        fields = {
            "sku": awkward(draw) + str(number), "name": awkward(draw), "category": draw.choice(["", awkward(draw)]),
            "unit": draw.choice(["each", "kg", "=x "]), "price": draw.choice([None, "0", "12.5", "999999999.99"]),
            "unit_cost": draw.choice([None, "0.05"]), "currency": draw.choice(["EUR", "JPY"]),
            "reorder_point": draw.choice([None, "-1.5", "0", "1234"]), "critical_level": draw.choice([None, "0.001"]),
            "negative_policy": draw.choice([None, "block"]),
            "metadata": draw.choice([{}, {"a": awkward(draw), "b": 7, "c": None, "d": True}]),
            "barcodes": [{"code": f"={number}-{i}", "pack_quantity": draw.choice([1, "12.5"])} for i in range(2)],
        }  # fmt: skip
        if fields["currency"] == "JPY":
            fields |= {"price": "5", "unit_cost": None}
        made = await admin.make_product(**fields)
        if draw.random() < 0.2:
            await admin.ask("DELETE", f"/products/{made['id']}")
    before, told = (await admin.get("/products?limit=500")).body["items"], await changes(hub)
    content = await sheets.dump("products", form)
    job = await sheets.load("products", content, *([XLSX_TYPE] if form == "xlsx" else []))
    assert result(job) == {"rows": 60, "unchanged": 60}, await sheets.errors(job)
    assert ((await admin.get("/products?limit=500")).body["items"], await changes(hub)) == (before, told)


async def test_no_cell_of_an_export_is_a_formula(admin: Client, sheets: Sheets) -> None:
    for number, name in enumerate(("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "'quoted")):
        await admin.make_product(sku=f"={number}", name=name)
    lines = (await sheets.dump("products")).decode().splitlines()[1:]
    assert all(line.startswith("'=") for line in lines)
    page = load_workbook(BytesIO(await sheets.dump("products", "xlsx"))).active
    assert page is not None
    assert {cell.data_type for line in page.iter_rows() for cell in line} <= {"s", "n"}
    assert all(cell.value is None for line in page.iter_rows() for cell in line if cell.data_type == "n")


async def test_an_import_is_undone_but_for_what_somebody_changed_since(
    hub: Running, admin: Client, sheets: Sheets
) -> None:
    await admin.make_product(sku="OLD", name="Old", price="1.00", barcodes=[{"code": "X1"}])
    await admin.make_product(sku="LATER", name="Before")
    job = await sheets.load("products", HEADER + "OLD,Wrong,,9.99,,,X1×6 X2\nLATER,Wrong,,,,,\nNEW,Wrong,,,,,X3\n")
    assert result(job) == {"rows": 3, "created": 1, "changed": 2}
    later = await product(admin, "LATER")
    await admin.patch(f"/products/{later['id']}", {"name": "By hand"})

    undone = await sheets.done(await admin.post(f"/imports/{job['id']}/undo", Idempotency_Key="u"))

    assert (undone["state"], undone["result"]) == ("done", {"undone": 2, "refused": 1})
    assert await sheets.errors(undone) == [(3, None, "changed_since")]
    old = await product(admin, "OLD")
    assert (old["name"], old["price"], old["barcodes"]) == ("Old", "1.00", [{"code": "X1", "pack_quantity": "1"}])
    archived = (await admin.get("/products?lifecycle=archived")).body["items"]
    assert ([each["sku"] for each in archived], (await product(admin, "LATER"))["name"]) == (["NEW"], "By hand")
    assert (await admin.post(f"/imports/{job['id']}/undo", Idempotency_Key="u")).headers[
        "Idempotency-Replayed"
    ] == "true"
    again = await admin.post(f"/imports/{job['id']}/undo")
    assert (again.status, again.body["code"]) == (409, "undone")
    retried = await sheets.load("products", HEADER + "NEW,Right,,,,,X3\n")
    assert (result(retried)["changed"], (await product(admin, "NEW"))["lifecycle"]) == (1, "active")


async def test_an_import_whose_worker_died_goes_on_and_writes_each_row_once(
    hub: Running, admin: Client, sheets: Sheets
) -> None:
    rows = 2_500
    reply = await sheets.post(
        "/imports/products", (HEADER + "".join(f"R{n},Row {n},,1.00,,,\n" for n in range(rows))).encode()
    )
    async with hub.core.database.transaction() as connection:
        # The second thousand fails once in the middle of its transaction, as a killed worker would.
        await connection.execute(
            "CREATE FUNCTION die() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'killed'; END $$ LANGUAGE plpgsql"
        )
        await connection.execute(
            "CREATE TRIGGER die BEFORE INSERT ON products FOR EACH ROW WHEN (NEW.sku = 'R1500') EXECUTE FUNCTION die()"
        )
    stopped = await sheets.done(reply)
    assert (stopped["state"], stopped["done"]) == ("queued", 1_000)
    async with hub.core.database.transaction() as connection:
        await connection.execute("DROP TRIGGER die ON products")
        await connection.execute("UPDATE jobs SET run_at = 0")

    job = await sheets.done(reply)
    assert (result(job), job["attempts"]) == ({"rows": rows, "created": rows}, 2)
    async with hub.core.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM import_changes") == rows
        assert await connection.fetchval("SELECT count(*) FROM products WHERE version > 1") == 0


async def test_the_same_key_imports_a_file_once_and_another_file_under_it_is_refused(sheets: Sheets) -> None:
    first = await sheets.post("/imports/products", (HEADER + "A,Apple,,,,,\n").encode(), Idempotency_Key="once")
    again = await sheets.post("/imports/products", (HEADER + "A,Apple,,,,,\n").encode(), Idempotency_Key="once")
    other = await sheets.post("/imports/products", (HEADER + "B,Berry,,,,,\n").encode(), Idempotency_Key="once")
    assert (first.body["id"], again.headers["Idempotency-Replayed"]) == (again.body["id"], "true")
    assert (other.status, other.body["code"]) == (422, "key_reused")


async def test_only_whoever_may_change_products_imports_and_a_file_is_only_its_askers(
    hub: Running, admin: Client, sheets: Sheets
) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    assert (await Sheets(hub, clerk).post("/imports/products", b"sku\nA\n")).status == 403
    job = await sheets.done(await admin.post("/exports/products"))
    assert (await clerk.get(f"/exports/{job['id']}/file")).status == 404
    assert (await sheets.post("/imports/products", b"")).status == 422
    assert (await sheets.post("/imports/products", b"{}", "application/json")).status == 415
