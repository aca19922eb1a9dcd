"""F33, F38: the HTTP server under bad and slow clients: a clear answer each, nothing changed, nobody else waits."""

import asyncio
import contextlib
import gzip
import json
import os
import tracemalloc
from contextlib import AsyncExitStack
from io import BytesIO

import pytest

from cloud_hub.core import CONNECTIONS_BEHIND, NAME_BEHIND, behind
from cloud_hub.storage.database import connect
from cloud_hub.web import server
from tests.integration.hub_web.conftest import Client, Running, Serve


async def raw(hub: Running, data: bytes, wait_s: float = 5) -> bytes:
    """What the server answers to these bytes until it closes or `wait_s` is over."""
    host, port = hub.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    got = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(wait_s):
            while piece := await reader.read(65_536):
                got += piece
    writer.close()
    return got


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"G"])
async def test_a_head_that_does_not_arrive_is_not_waited_for(
    hub: Running, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_DEADLINE_S", 0.2)
    started = asyncio.get_running_loop().time()
    assert await raw(hub, sent) == b""
    assert asyncio.get_running_loop().time() - started < 3


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"HELLO\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"),
        (b"GET /health HTTP/1.1\r\nno colon\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "head_too_large"),
        (b"GET /health HTTP/1.1\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n", 431, "head_too_large"),
    ],
)
async def test_what_is_no_readable_request_gets_a_problem_document_and_the_connection_ends(
    hub: Running, sent: bytes, status: int, code: str
) -> None:
    head, _, body = (await raw(hub, sent)).partition(b"\r\n\r\n")

    assert head.startswith((b"HTTP/1.1 %d " % status, b"HTTP/1.0 %d " % status))
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["trace_id"]


async def test_the_bare_address_leads_to_the_docs(hub: Running) -> None:
    answer = await raw(hub, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert b" 302 " in answer
    assert b"Location: /docs" in answer


async def test_a_quick_client_keeps_its_connection_beyond_the_deadline(
    hub: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_DEADLINE_S", 0.2)
    host, port = hub.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for _ in range(3):
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head
        await reader.readexactly(len(b'{"status":"ok"}'))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.4):
                assert await reader.read(1) == b"still open"
    writer.close()


async def test_beyond_the_cap_the_answer_is_503_at_once_and_health_still_answers(serve: Serve) -> None:
    async with serve(requests_in_flight=1, read_connections=1) as hub:
        admin = await hub.add_user("admin", "admin")
        async with hub.core.database.transaction() as connection:
            await connection.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
            waiting = asyncio.create_task(admin.get("/products"))
            await asyncio.sleep(0.1)
            busy = await admin.get("/me")
            live = await admin.get("/health/live")
        assert (busy.status, busy.body["code"], busy.headers["Retry-After"]) == (503, "busy", "1")
        assert live.status == 200
        assert (await waiting).status == 200


BAD_BODIES: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"[]", 422),
    (b'"text"', 422),
    (b"\xff\xfe", 400),
    (b'{"sku":"a","name":"' + b"x" * 1_000_000 + b'"}', 413),
    (b'{"sku":"a","name":"' + b"x" * 201 + b'"}', 422),
    (b'{"sku":"a","name":"b","price":NaN}', 422),
    (b'{"sku":"a","name":"b","price":Infinity}', 422),
    (b'{"sku":"a","name":"b","price":9223372036854775808}', 422),
    (b'{"sku":"a","name":"b","price":-1}', 422),
    (b'{"sku":"a","name":"b","price":"1.999"}', 422),
    (b'{"sku":"a","name":"b","price":true}', 422),
    (b'{"sku":"a","name":"b","reorder_point":1e400}', 422),
    (b'{"sku":"a","name":"b","colour":"green"}', 422),
    (b'{"sku":"a","name":"a\\u0000b"}', 422),
    (b'{"sku":"a","name":"\\ud800"}', 400),
    (b'{"sku":1,"name":"b"}', 422),
    (b'{"sku":"a","name":"b","metadata":{"x":{"y":1}}}', 422),
    (b"[" * 100_000, 400),
]


async def test_a_bad_body_gets_a_problem_and_changes_nothing(hub: Running, admin: Client) -> None:
    headers = {"Authorization": f"Bearer {admin.token}", "Content-Type": "application/json"}
    for body, status in BAD_BODIES:
        async with hub.session.post(f"{hub.url}/api/v1/products", data=body, headers=headers) as response:
            problem = json.loads(await response.read())
            assert (response.status, response.content_type) == (status, "application/problem+json"), body[:60]
        assert {"type", "title", "status", "code", "error", "detail", "trace_id"} <= set(problem)
    assert (await admin.get("/products")).body["items"] == []


async def test_other_media_types_and_compressed_bodies_are_refused(hub: Running, admin: Client) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/json", "Content-Encoding": "gzip"}):
        headers = {**headers, "Authorization": f"Bearer {admin.token}"}
        async with hub.session.post(f"{hub.url}/api/v1/products", data=b"{}", headers=headers) as response:
            assert response.status == 415


@pytest.mark.parametrize(("path", "kind"), [("products", "application/json"), ("imports/products", "text/csv")])
async def test_a_body_that_would_unpack_to_much_is_not_unpacked(
    hub: Running, admin: Client, path: str, kind: str
) -> None:
    bomb = gzip.compress(bytes(100 * 1024 * 1024), 1)
    headers = {"Authorization": f"Bearer {admin.token}", "Content-Type": kind, "Content-Encoding": "gzip"}
    tracemalloc.start()
    try:
        async with hub.session.post(f"{hub.url}/api/v1/{path}", data=BytesIO(bomb), headers=headers) as response:
            assert response.status == 415
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * 1024 * 1024


async def test_unknown_paths_methods_and_parameters_are_problems_too(admin: Client) -> None:
    missing = await admin.get("/nothing")
    method = await admin.ask("DELETE", "/products")
    parameter = await admin.get("/products?colour=green")
    twice = await admin.get("/products?limit=1&limit=2")
    assert (missing.status, missing.headers["Content-Type"]) == (404, "application/problem+json")
    assert (method.status, "GET" in method.headers["Allow"]) == (405, True)
    assert (parameter.status, parameter.body["code"]) == (422, "unknown_parameter")
    assert twice.status == 422
    for query in ("limit=0", "limit=501", "limit=x", "limit=1.0", "skip=-1"):
        assert (await admin.get(f"/products?{query}")).status == 422, query
    assert (await admin.get("/products?cursor=nonsense")).status == 404


async def test_a_flood_from_one_address_is_held_back_before_any_password_is_hashed(serve: Serve) -> None:
    async with serve(rate_per_address=5) as hub:
        statuses = [(await hub.nobody.get("/products")).status for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2


async def test_behind_a_proxy_each_address_that_it_saw_has_its_own_limit(serve: Serve) -> None:
    async with serve(rate_per_address=2, behind_tls_proxy=True) as hub:
        for address, lied in (("10.0.0.1", "1.1.1.1"), ("10.0.0.2", "1.1.1.1")):
            seen = {"X_Forwarded_For": f"{lied}, {address}"}
            assert [(await hub.nobody.get("/products", **seen)).status for _ in range(3)] == [401, 401, 429]
    async with serve(rate_per_address=2) as hub:
        replies = [await hub.nobody.get("/products", X_Forwarded_For=f"10.0.0.{number}") for number in range(3)]
        assert [reply.status for reply in replies] == [401, 401, 429]


async def test_a_database_that_went_away_is_503_and_forgotten_when_it_is_back(hub: Running, admin: Client) -> None:
    async def end_others() -> None:
        connection = await connect(hub.core.config.database_url)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await connection.close()

    for _ in range(3):
        await end_others()
        replies = [await admin.get("/products"), await admin.post("/products", {"sku": "x", "name": "x"})]
        assert {reply.status for reply in replies} <= {200, 201, 409, 503}
    assert (await admin.get("/products")).status == 200
    assert (await admin.post("/sites", {"code": "after", "name": "After"})).status == 201


async def test_health_metrics_and_docs_answer_without_login(hub: Running) -> None:
    assert (await hub.nobody.get("/health")).body["status"] in ("ok", "warning")
    assert (await hub.nobody.get("/health/ready")).status == 200
    assert "backstock_http_request_seconds_bucket" in (await hub.nobody.get("/metrics")).body
    for page in ("/docs", "/redoc"):
        reply = await hub.nobody.get(page)
        assert (reply.status, "default-src 'none'" in reply.headers["Content-Security-Policy"]) == (200, True)
        assert "http://" not in reply.body
        assert "https://" not in reply.body
    assert (await hub.nobody.get("/openapi.json")).body["openapi"] == "3.1.0"


@pytest.mark.skipif("HUB_TEST_POOLER" in os.environ, reason="the role jobs is given PostgreSQL itself, no pooler")
async def test_work_behind_the_writers_has_connections_of_its_own_and_holds_up_no_request(
    hub: Running, admin: Client
) -> None:
    async with behind(hub.core) as following, AsyncExitStack() as busy:
        for _ in range(CONNECTIONS_BEHIND):
            await busy.enter_async_context(following.database.transaction())
        assert (await admin.post("/products", {"sku": "x", "name": "x"})).status == 201
        async with hub.core.database.connection() as connection:
            sessions = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
            )
            assert await connection.fetchval(sessions, NAME_BEHIND) == CONNECTIONS_BEHIND
