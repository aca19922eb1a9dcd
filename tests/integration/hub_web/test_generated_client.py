"""F37, F29, F11: a Python client that a generator makes of the document works against the hub that published it.

An integrator's hour: log in, make a product, restock it, read what is low, import a sheet with bad
rows, page the change feed. The client is made anew each time and is nowhere in the repository.
"""

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.integration.hub_web.conftest import PASSWORD, Client, Running
from tests.integration.hub_web.sheets import Sheets
from tests.integration.hub_web.telling import teller

PACKAGE = "generated_backstock_client"
# The generator knows files by this one media type only, and one file type per operation.
CONFIGURATION = "post_hooks: []\ncontent_type_overrides: {text/csv: application/octet-stream}\n"
NOT_UNDERSTOOD = {"GET /api/v1/ca", "GET /api/v1/crl", "GET /api/v1/events", "POST /api/v1/imports/products"}
"""PEM files, an event stream, and XLSX beside CSV: of these it makes what it can and says so."""
SHEET = "sku,name,price\nGOOD-1,Apple,1.20\n,No number,1\nGOOD-2,Pear,0.80\nBAD-2,Dear,a lot\nBAD-3,,1\n"


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Callable[[str], Any]]:
    """Make the client of a document; the result imports its modules."""

    def make(document: Any) -> Callable[[str], Any]:
        (tmp_path / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
        (tmp_path / "generator.yaml").write_text(CONFIGURATION, encoding="utf-8")
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json"]
        command += ["--output-path", PACKAGE, "--meta", "none", "--config", "generator.yaml"]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        complaints = {line.split("parsing ")[1].split(" within")[0] for line in made.stdout.splitlines()
                      if line.startswith("WARNING parsing")}  # fmt: skip
        assert complaints <= NOT_UNDERSTOOD, made.stdout
        assert "Unable to parse" not in made.stdout, made.stdout
        monkeypatch.syspath_prepend(str(tmp_path))
        return lambda name: importlib.import_module(f"{PACKAGE}.{name}")

    return make


async def test_an_integrators_hour_with_a_generated_client(
    hub: Running, admin: Client, generated: Callable[[Any], Callable[[str], Any]]
) -> None:
    await admin.make_site("hub")
    document = (await hub.nobody.get("/openapi.json")).body
    module = await asyncio.to_thread(generated, document)

    client, job_id, product_id = await asyncio.to_thread(_first_half, module, hub.url)
    await Sheets(hub, admin).work()
    async with teller(hub) as telling:
        await telling.tell()
    await asyncio.to_thread(_second_half, module, client, job_id, product_id)
    client.get_httpx_client().close()


def _first_half(module: Callable[[str], Any], url: str) -> tuple[Any, UUID, UUID]:
    """Log in, make, restock, read what is low, hand in the sheet."""
    models, types = module("models"), module("types")
    login = {"username": "admin", "password": PASSWORD}
    with module("client").Client(base_url=url) as nobody:
        token = module("api.people.log_in").sync(client=nobody, body=login)
    client = module("client").AuthenticatedClient(base_url=url, token=token.access_token)

    wanted = models.NewProduct(sku="TEA", name="Tea", price="2.40", reorder_point="10")
    made = module("api.products.create_product").sync(client=client, body=wanted)
    assert (made.sku, made.price) == ("TEA", "2.40")
    product_id = UUID(made.id)
    taken = module("api.products.create_product").sync_detailed(client=client, body=wanted)
    assert (taken.status_code, taken.parsed.code) == (409, "sku_taken")

    restock = models.Restock(quantity="4")
    received = module("api.purchasing.restock_product").sync(product_id, client=client, body=restock)
    assert [line.quantity for line in received.lines] == ["4"]
    low = module("api.stock.list_low_stock").sync(client=client)
    assert [(level.product_id, level.available) for level in low.items] == [(str(product_id), "4")]

    file = types.File(payload=BytesIO(SHEET.encode()), file_name="sheet.csv")
    job = module("api.imports.import_products").sync(client=client, body=file)
    assert job.state.value == "queued"
    return client, UUID(job.id), product_id


def _second_half(module: Callable[[str], Any], client: Any, job_id: UUID, product_id: UUID) -> None:
    """Three bad rows, two good ones; everything of this hour is in the feed, page by page."""
    job = module("api.jobs.get_job").sync(job_id, client=client)
    errors = module("api.jobs.list_job_errors").sync(job_id, client=client)
    assert job.state.value == "done"
    assert [error.row for error in errors.items] == [3, 5, 6]

    seen, cursor = [], module("types").UNSET
    while True:
        page = module("api.changes.list_changes").sync(client=client, cursor=cursor, limit=2)
        seen += [change.type_ for change in page.items]
        if not page.items:
            break
        cursor = page.next_cursor
    assert len(seen) > 2
    shown = module("api.products.get_product").sync(product_id, client=client)
    assert shown.stock.on_hand == "4"
