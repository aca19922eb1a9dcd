"""F31, F32: every route of the table × who asks: nobody, forged, expired, revoked, each role, somebody of another site.

Generated from the table of operations, so a new route is tested by existing; one that
names a site in its body needs a line in BODIES, and a test says so.
"""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import jwt

from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import GRANTS, Permission, Role
from cloud_hub.web.app import operations
from cloud_hub.web.operations import Operation
from tests.integration.hub_web.conftest import Client, Running

SOME_ID = "01a1fcc5-f651-7101-8512-e520c8fc5825"
BODIES: dict[str, dict[str, Any]] = {
    "adjust_inventory": {"product_id": "PRODUCT", "delta": "1", "reason": "correction"},
    "increment_inventory": {"product_id": "PRODUCT", "quantity": "1"},
    "decrement_inventory": {"product_id": "PRODUCT", "quantity": "1"},
    "set_level": {"quantity": "1"},
    "receive_transfer": {"from_site": SOME_ID, "lines": [{"product_id": "PRODUCT", "quantity": "1"}]},
    "create_reservation": {"product_id": "PRODUCT", "quantity": "1"},
    "post_movements": {
        "movements": [
            {"product_id": "PRODUCT", "quantity": "1", "from_location": "shelf", "to_location": "customer",
             "reason": "sale"}
        ]
    },
    "create_enrolment_code": {},
    "create_product": {"sku": "OF-ANOTHER-SITE", "name": "x"},
    "patch_product": {"name": "x"},
    "put_product": {"name": "x"},
    "create_purchase_order": {"vendor_id": "VENDOR", "lines": [{"product_id": "PRODUCT", "quantity": "1"}]},
    "create_receipt": {"lines": [{"product_id": "PRODUCT", "quantity": "1"}]},
    "restock_product": {"quantity": "1"},
    "make_stock_report": {"day": "2026-01-01"},
    "create_sale": {"lines": [{"product_id": "PRODUCT", "quantity": "1"}]},
}  # fmt: skip
"""Bodies that are right but for `site_id`, which is added."""
ABOUT_SITES = {"create_user", "edit_user", "approve_user", "create_api_key", "create_webhook", "edit_webhook"}
"""They give sites away; their own tests are in test_accounts.py and test_api_keys.py."""


def guarded() -> list[Operation]:
    return [operation for operation in operations() if operation.permission is not None]


_OTHER = {"hash": "0" * 64, "kind": "daily"}
"""Values of path parameters that are no ids."""


def path_of(operation: Operation, **values: str) -> str:
    path = operation.path.removeprefix("/api/v1")
    for name in operation.path_parameters:
        path = path.replace(f"{{{name}}}", values.get(name, _OTHER.get(name, SOME_ID)))
    return path


def test_every_route_says_its_permission_and_few_are_open_to_all() -> None:
    open_to_all = {operation.name for operation in operations() if operation.permission is None}
    assert open_to_all == {
        "log_in", "refresh", "register", "set_password", "ask_password_reset", "confirm_password_reset",
        "enrol_device", "get_ca", "get_crl",
    }  # fmt: skip
    assert len(guarded()) > 50


async def test_a_route_with_a_permission_answers_no_token_and_no_forged_one_with_401(hub: Running) -> None:
    kid, _ = hub.core.keyring.tokens.signing()
    forged = jwt.encode({"sub": "x"}, "secret" * 8, algorithm="HS256", headers={"kid": kid, "typ": tokens.TYPE})
    texts = ("", "Bearer nonsense", "Device nonsense", "Basic YWRtaW46YWRtaW4=", f"Bearer {forged}", "Bearer bsk_x")
    for operation in guarded():
        for text in texts:
            reply = await hub.nobody.ask(operation.method, path_of(operation), {}, Authorization=text)
            assert reply.status == 401, (operation.name, text, reply.body)


async def test_a_route_with_a_permission_answers_expired_and_revoked_tokens_with_401(
    hub: Running, admin: Client
) -> None:
    kid, key = hub.core.keyring.tokens.signing()
    me = (await admin.get("/me")).body["id"]
    sign_in = (await admin.get("/me/sign-ins")).body["items"][0]["id"]
    expired = tokens.issue(me, sign_in, "id", kid=kid, key=key, now_s=int(time.time()) - tokens.ACCESS_S - 60)
    logged_out = await admin.log_in("admin")
    assert (await logged_out.post("/auth/logout")).status == 204
    made = await admin.post("/api-keys", {"name": "till", "scopes": ["stock.read"]})
    assert (await admin.ask("DELETE", f"/api-keys/{made.body['id']}")).status == 200
    refresh = (await hub.nobody.post("/auth/login", {"username": "admin", "password": "a long enough password"})).body
    texts = (expired, logged_out.token, made.body["key"], refresh["refresh_token"])
    for operation in guarded():
        for text in texts:
            reply = await Client(hub.session, hub.url, text).ask(operation.method, path_of(operation), {})
            assert reply.status == 401, (operation.name, reply.body)


async def test_each_role_may_do_what_its_permissions_say_and_nothing_else(hub: Running, admin: Client) -> None:
    """403 comes before anything of the request is looked at, so an empty body tells the two apart."""
    for role in Role:
        person = await hub.add_user(f"the-{role}", role)
        for operation in _in_safe_order():
            if not operation.device:
                reply = await person.ask(operation.method, path_of(operation))
                may = operation.permission in GRANTS[role]
                assert (reply.status != 403) == may, (role, operation.name, reply.body)


def _in_safe_order() -> list[Operation]:
    """Whoever logs out can ask nothing more."""
    return sorted(guarded(), key=lambda operation: operation.name == "log_out")


async def test_each_scope_of_a_key_opens_its_routes_and_no_others(hub: Running, admin: Client) -> None:
    scopes = set((await admin.get("/roles")).body["scopes"])
    for scope in sorted(scopes - {"profile.read"}):
        made = await admin.post("/api-keys", {"name": scope, "scopes": [scope]})
        key = Client(hub.session, hub.url, made.body["key"])
        for operation in guarded():
            if not operation.device:
                reply = await key.ask(operation.method, path_of(operation))
                assert (reply.status != 403) == (operation.permission in (scope, Permission.PROFILE)), operation.name


async def test_somebody_of_another_site_gets_nothing_by_naming_a_site(hub: Running, admin: Client) -> None:
    mine, other = await admin.make_site("hub"), await admin.make_site("hub")
    vendor = (await admin.post("/vendors", {"name": "Acme"})).body["id"]
    ids = {"PRODUCT": (await admin.make_product())["id"], "VENDOR": vendor}
    for role in (Role.ADMIN, Role.WAREHOUSE_MANAGER, Role.STORE_MANAGER):
        person = await hub.add_user(f"of-one-site-{role}", role, [mine])
        asked = [each for each in _naming(other, ids) if each[0].permission in GRANTS[role] and not each[0].device]
        replies = [(each[0].name, await person.ask(each[0].method, *each[1:])) for each in asked]
        assert {(name, reply.status) for name, reply in replies if reply.status not in (403, 404)} == set()


def _naming(site_id: str, ids: dict[str, str]) -> Iterator[tuple[Operation, str, Any]]:
    """Every way to say a site: in the path, in the query, in the body."""
    for operation in guarded():
        text = json.dumps(BODIES.get(operation.name, {}))
        for name, made in ids.items():
            text = text.replace(name, made)
        body, path = json.loads(text), path_of(operation, site_id=site_id, product_id=ids["PRODUCT"])
        if "site_id" in operation.path_parameters:
            yield operation, path, body
        if operation.query is not None and "site_id" in operation.query.model_fields:
            yield operation, f"{path}?site_id={site_id}", body
        if operation.body is not None and "site_id" in operation.body.model_fields:
            yield operation, path, {**body, "site_id": site_id}


def test_every_body_that_names_a_site_is_in_the_list() -> None:
    named = {
        operation.name
        for operation in guarded()
        if operation.body is not None and "site_id" in operation.body.model_fields
    }
    assert named <= set(BODIES)
    giving = {
        operation.name
        for operation in guarded()
        if operation.body is not None and "site_ids" in operation.body.model_fields
    }
    assert giving == ABOUT_SITES


async def test_unknown_ids_are_404_for_whoever_may_ask_and_never_an_error(hub: Running, admin: Client) -> None:
    for operation in guarded():
        if operation.path_parameters and operation.method in ("GET", "DELETE") and not operation.device:
            reply = await admin.ask(operation.method, path_of(operation, code=f"X{uuid4().hex[:8]}"))
            assert reply.status in (200, 404), (operation.name, reply.body)
            assert reply.status == 404 or reply.body.get("items") == [], (operation.name, reply.body)
