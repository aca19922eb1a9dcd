"""Issue 3, deliverable 8: webhooks, signed, at least once, replayable, and never into our own network."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from cloud_hub.domain.event_types import FEED_TYPES, TYPES
from cloud_hub.domain.permissions import Permission, Role
from tests.integration.hub_web.conftest import Client, Running, Serve
from tests.integration.hub_web.telling import PRIVATE, Receiver, Teller, receiver, teller

DAY_MS = 86_400_000


@pytest.fixture
async def hub(serve: Serve) -> Any:
    async with serve(webhook_private_nets=PRIVATE) as running:
        yield running


@pytest.fixture
async def there() -> Any:
    async with receiver() as made:
        yield made


@pytest.fixture
async def told(hub: Running) -> Any:
    async with teller(hub) as made:
        yield made


async def make(admin: Client, there: Receiver, **fields: Any) -> dict[str, Any]:
    reply = await admin.post("/webhooks", {"url": there.url, **fields})
    assert reply.status == 201, reply.body
    return dict(reply.body)


async def test_an_event_arrives_signed_as_the_feed_shows_it(
    hub: Running, admin: Client, there: Receiver, told: Teller
) -> None:
    webhook = await make(admin, there, types=["product.changed"])
    product = await admin.make_product()
    await told.tell()
    (headers, body), *rest = there.got
    assert rest == []
    key = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    (shown,) = (await admin.get("/changes?types=product.changed")).body["items"]
    sent = json.loads(body)
    assert {name: sent[name] for name in shown} == shown
    assert (headers["webhook-id"], sent["data"]["product_id"]) == (shown["id"], product["id"])
    assert "secret" not in (await admin.get(f"/webhooks/{webhook['id']}")).body


async def test_what_was_before_it_is_not_sent_and_other_types_are_not(
    hub: Running, admin: Client, there: Receiver, told: Teller
) -> None:
    await admin.make_product()
    await told.tell()
    await make(admin, there, types=["site.changed"])
    await admin.make_product()
    await admin.make_site("hub")
    await told.tell()
    assert there.types == ["site.changed"]


async def test_a_receiver_that_fails_gets_it_later_under_the_same_id_and_others_do_not_wait(
    hub: Running, admin: Client, there: Receiver, told: Teller
) -> None:
    there.status = 500
    webhook = await make(admin, there, types=["site.changed"])
    async with receiver() as other:
        await make(admin, other, types=["site.changed"])
        await admin.make_site("hub")
        await told.tell()
        assert (other.types, len(there.got)) == (["site.changed"], 1)
    shown = (await admin.get(f"/webhooks/{webhook['id']}/deliveries")).body["items"][0]
    assert (shown["state"], shown["status"], shown["attempts"]) == ("pending", 500, 1)
    there.status = 204
    told.ahead_ms += 10_000
    await told.tell()
    assert len({headers["webhook-id"] for headers, _ in there.got}) == 1
    shown = (await admin.get(f"/webhooks/{webhook['id']}/deliveries")).body["items"][0]
    assert (shown["state"], shown["status"], shown["attempts"]) == ("sent", 204, 2)


async def test_one_that_fails_for_a_day_is_disabled_and_goes_on_where_it_stopped(
    hub: Running, admin: Client, there: Receiver, told: Teller
) -> None:
    there.status = 503
    webhook = await make(admin, there, types=["site.changed"])
    await admin.make_site("hub")
    await told.tell()
    for hours in range(30):
        told.ahead_ms = (hours + 1) * 3_700_000
        await told.tell()
    shown = (await admin.get(f"/webhooks/{webhook['id']}")).body
    assert (shown["state"], shown["failing_since"] is not None) == ("disabled", True)
    tried = len(there.got)
    there.status = 200
    await admin.make_site("hub")
    await told.tell()
    assert len(there.got) == tried
    assert (await admin.post(f"/webhooks/{webhook['id']}/ping")).status == 409
    assert (await admin.patch(f"/webhooks/{webhook['id']}", {"state": "active"})).status == 200
    await told.tell()
    assert len(there.got) == tried + 1
    failed = (await admin.get(f"/webhooks/{webhook['id']}/deliveries?state=failed")).body["items"]
    assert len(failed) == 1
    assert (await admin.post(f"/webhooks/{webhook['id']}/deliveries/{failed[0]['id']}/replay")).status == 202
    await told.tell()
    assert there.got[-1][0]["webhook-id"] == failed[0]["event_id"] == there.got[0][0]["webhook-id"]


async def test_a_ping_shows_whether_it_works(hub: Running, admin: Client, there: Receiver, told: Teller) -> None:
    webhook = await make(admin, there)
    reply = await admin.post(f"/webhooks/{webhook['id']}/ping")
    assert (reply.status, reply.body["type"]) == (202, "ping")
    await told.tell()
    assert there.types == ["ping"]


async def test_after_a_new_secret_both_sign_for_a_day(
    hub: Running, admin: Client, there: Receiver, told: Teller
) -> None:
    webhook = await make(admin, there)
    fresh = (await admin.post(f"/webhooks/{webhook['id']}/secret")).body["secret"]
    assert fresh != webhook["secret"]
    for ahead, count in ((0, 2), (DAY_MS + 1_000, 1)):
        told.ahead_ms = ahead
        await admin.post(f"/webhooks/{webhook['id']}/ping")
        await told.tell()
        assert len(there.got[-1][0]["webhook-signature"].split(" ")) == count


async def test_a_redirect_is_no_answer_and_is_not_followed(
    hub: Running, admin: Client, there: Receiver, told: Teller
) -> None:
    async with receiver() as inside:
        there.status, there.location = 307, inside.url
        webhook = await make(admin, there)
        await admin.post(f"/webhooks/{webhook['id']}/ping")
        await told.tell()
        assert (len(there.got), inside.got) == (1, [])
    shown = (await admin.get(f"/webhooks/{webhook['id']}/deliveries")).body["items"][0]
    assert (shown["state"], shown["status"]) == ("pending", 307)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0.0.0.0"]
)
async def test_nothing_is_sent_into_our_own_network_however_it_is_named(
    hub: Running, admin: Client, there: Receiver, host: str
) -> None:
    """The URL was made while the network was allowed; what counts is the address when it is dialled."""
    port = there.url.split(":")[2]
    async with hub.core.database.transaction() as connection:
        webhook = await make(admin, there)
        await connection.execute("UPDATE webhooks SET url = $1", f"http://{host}:{port}")
    await admin.post(f"/webhooks/{webhook['id']}/ping")
    async with teller(hub, private=()) as guarded:
        await guarded.tell()
    assert there.got == []
    shown = (await admin.get(f"/webhooks/{webhook['id']}/deliveries")).body["items"][0]
    assert (shown["state"], shown["attempts"]) == ("pending", 1)
    assert shown["error"] in ("the address is not one that may be called", "no connection: InvalidUrlClientError")


async def test_a_process_that_died_while_sending_is_followed_by_another(
    hub: Running, admin: Client, there: Receiver, told: Teller
) -> None:
    there.silent = True
    webhook = await make(admin, there)
    await admin.post(f"/webhooks/{webhook['id']}/ping")
    await told.telling.round()
    await told.delivering.close()
    there.silent = False
    async with teller(hub) as other:
        await other.tell()
        assert (await admin.get(f"/webhooks/{webhook['id']}/deliveries")).body["items"][0]["state"] == "pending"
        other.ahead_ms = 61_000
        await other.tell()
    assert (await admin.get(f"/webhooks/{webhook['id']}/deliveries")).body["items"][0]["state"] == "sent"


async def test_whoever_has_some_sites_makes_webhooks_for_those_and_sees_no_others(
    hub: Running, admin: Client, there: Receiver
) -> None:
    site = await admin.make_site("hub")
    everywhere = await make(admin, there)
    scopes = ["webhooks.read", "webhooks.write", "stock.read"]
    key = (await admin.post("/api-keys", {"name": "k", "site_ids": [site], "scopes": scopes})).body["key"]
    partner = Client(hub.session, hub.url, key)
    assert (await partner.post("/webhooks", {"url": there.url})).status == 403
    assert (
        await partner.post("/webhooks", {"url": there.url, "site_ids": [site], "types": ["alert.opened"]})
    ).status == 403
    made = await make(partner, there, site_ids=[site])
    assert set(made["types"]) == {name for name in FEED_TYPES if TYPES[name].permission == Permission.STOCK_READ}
    assert [each["id"] for each in (await partner.get("/webhooks")).body["items"]] == [made["id"]]
    for call in ("GET", "DELETE"):
        assert (await partner.ask(call, f"/webhooks/{everywhere['id']}")).status == 404


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "https://user:pw@example.com", "https://10.0.0.1/x", "https://[fd00::1]/", "http://x",
            "https://169.254.169.254/latest", "https://example.com/#a", "https://", "https://^K<e",
            "https://example.com/a b"]
)  # fmt: skip
async def test_an_address_that_cannot_be_right_is_refused_at_once(serve: Serve, url: str) -> None:
    async with serve() as running:
        admin = await running.add_user("admin", Role.ADMIN)
        assert (await admin.post("/webhooks", {"url": url})).status == 422
