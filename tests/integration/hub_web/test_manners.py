"""FEATURES 6, F33, F39: what holds for every call alike, generated from the table of operations.

Unknown parameters, ETags both ways, keys on stock writes, and rate limits that say how one stands.
"""

import asyncio
from collections import Counter
from typing import Any

import aiohttp
import pytest

from cloud_hub.domain.permissions import Permission, Role
from cloud_hub.web.app import operations
from cloud_hub.web.openapi import document
from tests.integration.hub_web.conftest import Client, Running, Serve
from tests.integration.hub_web.test_routes import guarded, path_of

REPLACED_WHOLE = {"set_alert_settings", "set_chain_alert_settings", "set_site_alert_settings", "set_approval_limit",
                  "set_chain_rules", "set_site_rules", "set_pin", "set_badge"}  # fmt: skip
"""Each names all that it sets, so there is no older version to lose."""
NOT_VERSIONED = {"edit_me", "edit_webhook", "set_level"}
"""Oneself; the address of a webhook; a level, whose guard is `expected_quantity`."""
GONE_FOR_GOOD = {"revoke_api_key", "remove_approval_limit", "end_sign_in", "delete_webhook", "unlink_barcode",
                 "forget_vendor_prices", "drop_pin", "drop_badge"}  # fmt: skip
TELL_THE_TIME = {"list_fleet", "list_audit"}
"""How long ago, at this very moment; who asked last."""
ONCE_BY_NATURE = {"release_reservation", "cancel_transfer"}
"""Asked again they find it done: the state itself is the key."""


async def test_an_unknown_parameter_is_refused_by_every_operation(admin: Client) -> None:
    for operation in guarded():
        if not operation.device:
            reply = await admin.ask(operation.method, f"{path_of(operation)}?colour=green")
            assert (reply.status, reply.body["code"]) == (422, "unknown_parameter"), (operation.name, reply.body)


async def test_whoever_has_an_answer_is_told_so_instead_of_getting_it_again(admin: Client) -> None:
    site = await admin.make_site("hub")
    product = (await admin.make_product())["id"]
    lists = [each for each in operations() if each.method == "GET" and each.answer and not each.path_parameters]
    asked = {each.name: path_of(each) for each in lists if each.name != "list_changes"}
    asked |= {"get_site": f"/sites/{site}", "get_product": f"/products/{product}"}
    moving = set()
    for name, path in asked.items():
        tag = (await admin.get(path)).headers["ETag"]
        again = await admin.get(path, If_None_Match=f'"else", W/{tag}')
        if again.status == 200 and again.headers["ETag"] != tag:
            moving.add(name)
            continue
        assert (again.status, again.body, again.headers["ETag"]) == (304, "", tag), name
        assert (await admin.get(path, If_None_Match='"else"')).status == 200, name
    assert moving <= TELL_THE_TIME


async def test_an_answer_with_the_same_version_but_other_stock_is_another_answer(admin: Client) -> None:
    site = await admin.make_site("hub")
    product = (await admin.make_product())["id"]
    path = f"/products/{product}?site_id={site}"
    before = await admin.get(path)
    change = {"product_id": product, "site_id": site, "quantity": "3"}
    assert (await admin.post("/inventory/increment", change)).status == 201

    after = await admin.get(path, If_None_Match=before.headers["ETag"])

    assert (after.status, after.body["version"]) == (200, before.body["version"])
    assert after.headers["ETag"] != before.headers["ETag"]


async def test_the_etag_of_what_was_read_guards_the_edit_whatever_else_moved(admin: Client) -> None:
    path = f"/sites/{await admin.make_site()}"
    read = (await admin.get(path)).headers["ETag"]

    first = await admin.patch(path, {"name": "First"}, If_Match=read)
    second = await admin.patch(path, {"name": "Second"}, If_Match=read)

    assert (first.status, second.status, second.body["code"]) == (200, 412, "version")
    assert (await admin.patch(path, {"name": "Second"}, If_Match=first.headers["ETag"])).status == 200


def test_every_edit_can_be_guarded_by_a_version_or_the_list_says_why_not() -> None:
    edits = {each.name for each in operations() if each.method in ("PATCH", "PUT", "DELETE") and not each.conditional}

    assert edits == REPLACED_WHOLE | NOT_VERSIONED | GONE_FOR_GOOD


def test_every_stock_write_takes_a_key_or_is_its_own() -> None:
    writes = {each.name for each in operations() if each.permission == Permission.STOCK_WRITE and each.method != "GET"}
    keyed = {each.name for each in operations() if each.idempotent}

    assert writes - keyed == ONCE_BY_NATURE


@pytest.fixture
async def limited(serve: Serve) -> Any:
    async with serve(rate_per_principal=5, rate_per_address=3) as running:
        yield running


def test_a_step_of_which_nothing_has_to_be_said_needs_no_body_and_the_document_says_so() -> None:
    free = {operation.name for operation in operations() if operation.body is not None and not operation.needs_body}
    assert {"ship_transfer", "receive_transfer", "acknowledge_purchase_order"} <= free
    paths = document(operations(), "0")["paths"]
    said = {
        described["operationId"] for path in paths.values() for described in path.values()
        if described.get("requestBody", {}).get("required") is False
    }  # fmt: skip
    assert said == free


async def test_a_principal_that_asks_too_often_is_told_when_to_come_back_and_nobody_else_is(limited: Running) -> None:
    greedy, patient = await limited.add_user("greedy", Role.STAFF), await limited.add_user("patient", Role.STAFF)

    replies = [await greedy.get("/products") for _ in range(7)]

    assert [reply.status for reply in replies] == [200] * 5 + [429] * 2
    left = [reply.headers["RateLimit"].split(";")[1] for reply in replies]
    assert left == ["r=4", "r=3", "r=2", "r=1", "r=0", "r=0", "r=0"]
    assert {reply.headers["RateLimit-Policy"] for reply in replies} == {'"principal";q=5;w=60'}
    refused = replies[-1]
    assert (refused.body["code"], refused.headers["Content-Type"]) == ("rate", "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 12
    assert (await patient.get("/products")).status == 200


async def test_a_principals_many_connections_share_its_limit_and_nobody_else_waits_for_it(serve: Serve) -> None:
    async with (
        serve(rate_per_principal=600) as running,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session,
    ):
        people = [await running.add_user(name, Role.STAFF) for name in ("greedy", "patient")]
        greedy, patient = (Client(session, running.url, person.token) for person in people)

        async def every_now_and_then() -> list[int]:
            return [(await patient.get("/me")).status for _ in range(50)]

        floods = asyncio.gather(*(greedy.get("/me") for _ in range(1_000)))
        replies, theirs = await asyncio.gather(floods, every_now_and_then())

    count = Counter(reply.status for reply in replies)
    assert set(count) == {200, 429}
    assert 600 <= count[200] < 900, "the allowance, and what came back of it meanwhile"
    assert all(1 <= int(reply.headers["Retry-After"]) <= 60 for reply in replies if reply.status == 429)
    assert theirs == [200] * 50


async def test_an_address_without_a_name_is_limited_and_who_is_known_there_goes_on(limited: Running) -> None:
    known = await limited.add_user("known", Role.STAFF)

    replies = [await limited.nobody.get("/products") for _ in range(5)]

    assert [reply.status for reply in replies] == [401] * 3 + [429] * 2
    assert replies[-1].headers["RateLimit-Policy"] == '"address";q=3;w=60'
    assert (await known.get("/products")).status == 200


async def test_without_a_limit_nothing_is_said_of_one(hub: Running, admin: Client) -> None:
    assert "RateLimit" not in (await admin.get("/products")).headers


async def test_errors_and_good_answers_carry_the_trace_id_of_their_log_lines(hub: Running, admin: Client) -> None:
    refused = await admin.get("/products/00000000-0000-4000-8000-000000000001")

    assert refused.body["trace_id"] == refused.headers["X-Trace-Id"]
    assert len((await admin.get("/products")).headers["X-Trace-Id"]) == 32


@pytest.mark.parametrize(
    ("path", "body", "pointer", "said"),
    [
        ("/products", {"sku": "A", "name": "A", "price": "-1"}, "/price", "a decimal number of at least 0 with"),
        ("/vendors", {"name": "A", "email": "a@b.example"}, "/email", "expected some of name, code, contact_email"),
        ("/webhooks", {"url": "https://a.example", "types": ["stock"]}, "/types/0", "expected one of stock.changed"),
        ("/api-keys", {"name": "A", "scopes": ["stock.reed"]}, "/scopes/0", "expected one of alerts.govern"),
        ("/changes?types=stock", None, "/query/types", "expected some of stock.changed"),
        ("/inventory/movements?since=2026-11-21T08:00:00 02:00", None, "/query/since", "(in a URL a plus is %2B)"),
        ("/sales/report?start_date=2026-11-21&end_date=2026-11-20", None, "/query/end_date", "start_date to end_date"),
        ("/sites?code=A", None, "/query", "unknown query parameter 'code', expected none"),
        ("/fleet?limit=1", None, "/query", "unknown query parameter 'limit', expected"),
    ],
)  # fmt: skip
async def test_a_refusal_says_what_would_have_been_right(
    admin: Client, path: str, body: Any, pointer: str, said: str
) -> None:
    reply = await (admin.get(path) if body is None else admin.post(path, body))
    (error,) = reply.body["errors"]
    assert (reply.status, error["pointer"]) == (422, pointer)
    assert said in error["detail"] and not error["detail"].startswith("Value error")
