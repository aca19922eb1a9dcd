"""Whatever is wrong with a request gets a problem document and changes nothing."""

import asyncio
from typing import Any

import orjson
import pytest

from edge_agent.storage import ledger
from edge_agent.web.operations import ANYBODY
from edge_agent.web.server import OPERATIONS
from sync_protocol.vocabulary import Reason
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import code_of

CODE, ID = code_of(PRODUCTS[0]), PRODUCTS[0].product_id


async def refused(api: Api, method: str, path: str, *, data: bytes | None = None, body: Any = None) -> tuple[int, Any]:
    """The answer, after checking its form and that nothing was written."""
    before = await api.database.read(ledger.head)
    status, problem = await api.call(method, path, body, data=data)
    assert await api.database.read(ledger.head) == before
    assert 400 <= status < 500, problem
    assert problem["code"]
    assert problem["detail"]
    assert problem["status"] == status
    return status, problem


@pytest.mark.parametrize("data", [
    b"{", b'{"code": NaN, "mode": "sell"}', b'{"code": Infinity}', b"\xff\xfe", b'{"code": "\\ud800", "mode": "sell"}',
    b'{"quantity": 1e999}', b"[" * 100_000, b'{"a":1}{"b":2}', b"nonsense",
])  # fmt: skip
async def test_what_is_not_json_is_400(api: Api, data: bytes) -> None:
    status, problem = await refused(api, "POST", "/scans", data=data)
    assert (status, problem["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(("body", "pointer"), [
    ([], ""), ("text", ""), (5, ""),
    ({"code": 5, "mode": "sell"}, "/code"), ({"code": "1", "mode": "steal"}, "/mode"), ({"code": CODE}, "/mode"),
    ({"code": CODE, "mode": "sell", "quantity": 2**63}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": -1}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": "1.0001"}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": "1e99999999"}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": True}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": {}}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": 0}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": "99999999"}, "/quantity"),
    ({"code": CODE, "mode": "sell", "quantity": 1_000_000}, "/quantity"),
    ({"code": CODE, "mode": "sell", "location": "moon"}, "/location"),
    ({"code": CODE, "mode": "sell", "document": "x" * 501}, "/document"),
    ({"code": CODE, "mode": "sell", "document": "a\u0000b"}, "/document"),
    ({"code": CODE, "mode": "sell", "surprise": 1}, "/surprise"),
    ({"code": "x" * 2000, "mode": "sell"}, "/code"),
    ({"code": CODE, "raw_base64": "AA==", "mode": "sell"}, "/code"),
    ({"mode": "sell"}, "/code"),
    ({"raw_base64": "!!", "mode": "sell"}, "/raw_base64"),
    ({"code": CODE, "mode": "sell", "handheld": {"device": "x"}}, "/handheld/counter"),
    ({"code": CODE, "mode": "sell", "handheld": {"device": "x", "counter": 2**63}}, "/handheld/counter"),
])  # fmt: skip
async def test_a_wrong_scan_is_422_and_says_where(api: Api, body: Any, pointer: str) -> None:
    status, problem = await refused(api, "POST", "/scans", body=body)
    assert status == 422
    assert pointer in [error["pointer"] for error in problem["errors"]]


async def test_all_mistakes_are_told_at_once(api: Api) -> None:
    _, problem = await refused(api, "POST", "/inventory/adjust", body={"delta": "x", "location": 5, "reason": ""})
    assert {error["pointer"] for error in problem["errors"]} == {"/product_id", "/delta", "/location", "/reason"}
    _, problem = await refused(api, "POST", "/scans", body={"mode": "steal"})
    assert {error["pointer"] for error in problem["errors"]} == {"/code", "/mode"}, "what is missing among them"


@pytest.mark.parametrize(("path", "body"), [
    ("/inventory/movements", {"movements": [{"product_id": ID, "reason": "retrun", "quantity": 1}]}),
    ("/inventory/adjust", {"product_id": ID, "delta": 1, "reason": "retrun"}),
])  # fmt: skip
async def test_a_misspelt_reason_books_nothing_and_is_told_the_words(api: Api, path: str, body: Any) -> None:
    status, problem = await refused(api, "POST", path, body=body)
    [error] = problem["errors"]
    assert (status, error["code"]) == (422, "enum")
    assert error["pointer"].endswith("/reason")
    assert all(f"'{reason}'" in error["detail"] for reason in Reason)


@pytest.mark.parametrize(("path", "body", "status"), [
    ("/inventory/adjust", {"product_id": ID, "delta": 1, "set_to": 2, "reason": "damage"}, 422),
    ("/inventory/adjust", {"product_id": "nonsense", "delta": 1, "reason": "damage"}, 404),
    ("/inventory/adjust", {"product_id": ID, "delta": 1_000_000, "reason": "damage"}, 422),
    ("/inventory/movements", {"movements": []}, 422),
    ("/inventory/movements", {"movements": [{"product_id": ID, "reason": "sale", "quantity": 1}] * 501}, 422),
    ("/inventory/movements", {"movements": [{"product_id": ID, "reason": "sale", "quantity": 0}]}, 422),
    (
        "/inventory/movements",
        {"movements": [{"product_id": ID, "reason": "sale", "quantity": 1, "to": "supplier"}]},
        422,
    ),
    ("/inventory/movements", {"movements": [{"product_id": "x", "reason": "sale", "quantity": 1}]}, 404),
    ("/products", {"sku": "", "name": "x"}, 422), ("/products", {"sku": "x", "name": "y" * 1_000_000}, 422),
    ("/products", {"sku": "x", "name": "y", "price": "-1"}, 422), ("/products", {"sku": "SKU-1", "name": "y"}, 409),
    ("/products", {"sku": "x", "name": "y", "price": "1.999"}, 422),
    ("/barcode/link", {"code": "4711", "product_id": "x"}, 404),
    ("/barcode/link", {"code": "4006381333932", "product_id": ID}, 422),
    ("/products", {"sku": "x", "name": "y", "barcodes": [{"code": "4006381333932"}]}, 422),
    ("/barcode/link", {"code": "\u00e9", "product_id": ID}, 422),
    ("/barcode/link", {"code": "4711", "product_id": ID, "pack_quantity": 0}, 422),
    ("/stocktakes/nonsense/lines", {"product_id": ID, "counted": 1}, 404), ("/stocktakes/nonsense/close", {}, 404),
    ("/transfers", {"to_site": "nowhere"}, 404), ("/transfers/nonsense/receive", {}, 404),
    ("/transfers/nonsense/steal", {}, 404), ("/alerts/nonsense/resolve", {}, 404), ("/tasks/nonsense/done", {}, 404),
])  # fmt: skip
async def test_a_wrong_write_is_refused(api: Api, path: str, body: Any, status: int) -> None:
    found, _ = await refused(api, "POST", path, body=body)
    assert found == status


@pytest.mark.parametrize("path", [
    "/products?limit=0", "/products?limit=501", "/products?surprise=1", "/products?limit=5&limit=6",
    "/inventory/movements?after=-1", "/inventory/movements?after=99999999999999999999", "/alerts?open=perhaps",
    "/events?types=nonsense", "/products?q=" + "x" * 600, "/products?cursor=abc",
])  # fmt: skip
async def test_a_wrong_query_is_422(api: Api, path: str) -> None:
    status, _ = await refused(api, "GET", path)
    assert status == 422


@pytest.mark.parametrize("limit", ["-1", "0", "501", "many"])
async def test_a_wrong_limit_is_told_the_range(api: Api, limit: str) -> None:
    _, problem = await refused(api, "GET", f"/products?limit={limit}")
    told = {"pointer": "/limit", "code": "limit", "detail": "expected a whole number from 1 to 500"}
    assert problem["errors"] == [told]


async def test_a_body_of_2_mb_is_413(api: Api) -> None:
    status, problem = await refused(api, "POST", "/products", data=b'{"sku": "' + b"x" * 2_000_000 + b'"}')
    assert (status, problem["code"]) == (413, "too_large")


async def test_a_compressed_body_is_refused(api: Api) -> None:
    headers = {"Authorization": "Bearer secret", "Content-Encoding": "gzip"}
    async with api.client.post("/api/v1/scans", data=b"x", headers=headers, skip_auto_headers=[]) as response:
        assert response.status in (400, 413)


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic secret", "Bearer", "secret"])
async def test_every_route_of_the_api_needs_a_key(api: Api, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for each in OPERATIONS:
        path = each.path.replace("{", "").replace("}", "")
        async with api.client.request(each.method, path, headers=headers) as response:
            assert (response.status == 401) is (each.access != ANYBODY), (each.method, path)


async def test_only_logging_in_and_health_are_for_anybody() -> None:
    anybody = {each.path for each in OPERATIONS if each.access == ANYBODY}
    assert anybody == {"/api/v1/auth/login", "/health", "/health/live", "/health/ready"}


async def test_an_unknown_route_and_method_are_problems_too(api: Api) -> None:
    assert (await refused(api, "GET", "/nonsense"))[1]["code"] == "no_route"
    assert (await refused(api, "DELETE", "/products"))[1]["code"] == "method_not_allowed"


async def test_a_key_must_be_printable_and_short(api: Api) -> None:
    status, problem = await api.call("POST", "/scans", {"code": CODE, "mode": "sell"}, key="x" * 129)
    assert (status, problem["code"]) == (422, "idempotency_key")


async def test_a_full_disk_is_507_with_a_remedy(api: Api) -> None:
    await api.database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())
    statuses = set()
    for number in range(400):
        status, problem = await api.call("POST", "/scans", {"code": CODE, "mode": "sell"}, key=f"{number}" * 30)
        statuses.add(status)
        if status == 507:
            break
    assert statuses <= {201, 507}
    assert (status, problem["code"]) == (507, "storage_full")
    assert problem["remedy"]
    await api.database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert (await api.call("POST", "/scans", {"code": CODE, "mode": "sell"}))[0] == 201


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"HELLO\r\n\r\n", 400, "bad_request"),
        (b"GET /health HTTP/1.1\r\nno colon\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "head_too_large"),
        (b"GET /health HTTP/1.1\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n", 431, "head_too_large"),
    ],
)
async def test_what_is_no_readable_request_gets_a_problem_document_and_the_connection_ends(
    api: Api, sent: bytes, status: int, code: str
) -> None:
    host, port = (await api.store.start("127.0.0.1", 0)).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()

    assert b"application/problem+json" in head
    assert f" {status} ".encode() in head.splitlines()[0]
    problem = orjson.loads(body)
    assert (problem["status"], problem["code"]) == (status, code)
