"""F16, F18–F20, scenario 7 (the hub's half): alerts of stock, boxes and lots; people are told once, by mail."""

import asyncio
import email
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cloud_hub.domain.permissions import Role
from cloud_hub.notify.mail import Mailer
from cloud_hub.services.posting import Posting
from cloud_hub.services.telling_people import MAIL, MailChannel, People
from cloud_hub.services.watching import Watching
from cloud_hub.storage import policies
from tests.integration.hub_web.conftest import Client, Running
from tests.integration.hub_web.mail_server import MailServer
from tests.integration.hub_web.telling import Teller, teller

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@pytest.fixture
async def told(hub: Running, post: MailServer) -> AsyncIterator[Teller]:
    channel = MailChannel(Mailer(post.url, "hub@example.com"))
    async with teller(hub, channels={MAIL: channel}, fills=[People("https://hub.example").fill]) as made:
        yield made


@pytest.fixture
def watching(hub: Running) -> Watching:
    return Watching(hub.core.database, Posting(hub.core.database, sign=hub.core.keyring.hub_key.sign))


async def address(hub: Running, username: str) -> None:
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE users SET email = $1 WHERE username = $2", f"{username}@example.com", username)


async def adjust(client: Client, site: str, product: str, delta: str) -> None:
    reply = await client.post(
        "/inventory/adjust", {"site_id": site, "product_id": product, "delta": delta, "reason": "correction"}
    )
    assert reply.status == 201, reply.body


async def low(admin: Client, site: str, name: str = "Milk") -> str:
    product = await admin.make_product(reorder_point="5", critical_level="2")
    await adjust(admin, site, product["id"], "6")
    await adjust(admin, site, product["id"], "-1")
    return str(product["id"])


async def alerts(client: Client, query: str = "") -> list[dict[str, Any]]:
    return list((await client.get(f"/alerts?{query}")).body["items"])


async def test_at_the_point_one_alert_opens_and_one_above_it_resolves(hub: Running, admin: Client) -> None:
    site = await admin.make_site("hub")
    product = await low(admin, site)
    (alert,) = await alerts(admin, "status=active&alert_type=low_stock")
    assert (alert["alert_type"], alert["severity"], alert["available"]) == ("low_stock", "info", "5")
    await adjust(admin, site, product, "-3")
    (worse,) = await alerts(admin, "alert_type=critical")
    assert (worse["id"], worse["severity"]) == (alert["id"], "warning")
    assert await alerts(admin, "alert_type=out_of_stock") == []
    await adjust(admin, site, product, "4")
    assert await alerts(admin, "status=active") == []
    assert [each["id"] for each in await alerts(admin, "status=resolved")] == [alert["id"]]


async def test_a_person_acknowledges_and_resolves_and_the_ledger_says_so(hub: Running, admin: Client) -> None:
    site = await admin.make_site("hub")
    await low(admin, site)
    (alert,) = await alerts(admin)
    reply = await admin.post(f"/alerts/{alert['id']}/acknowledge")
    assert (reply.status, reply.body["state"], reply.body["acknowledged_by"]) == (200, "acknowledged", "admin")
    assert (await admin.post(f"/alerts/{alert['id']}/resolve")).body["status"] == "resolved"
    assert (await admin.post(f"/alerts/{alert['id']}/resolve")).status == 409
    async with hub.core.database.connection() as connection:
        states = await connection.fetch(
            "SELECT body->>'state' AS state FROM facts WHERE kind = 'alert' ORDER BY sequence"
        )
    assert [row["state"] for row in states] == ["opened", "acknowledged", "resolved"]


async def test_a_damped_alert_resolves_by_the_sweep_when_it_has_calmed_down(
    hub: Running, admin: Client, watching: Watching
) -> None:
    """No movement follows: until now it stayed open for ever."""
    site = await admin.make_site("hub")
    product = await low(admin, site)
    for delta in ("1", "-1", "1", "-1", "1"):
        await adjust(admin, site, product, delta)
    assert len(await alerts(admin, "status=active")) == 1
    now_ms = await hub.core.reads.run(_now)
    await watching.sweep(now_ms)
    assert len(await alerts(admin, "status=active")) == 1
    await watching.sweep(now_ms + 2 * HOUR_MS)
    assert await alerts(admin, "status=active") == []


async def test_a_point_that_was_raised_opens_by_the_sweep(hub: Running, admin: Client, watching: Watching) -> None:
    site, product = await admin.make_site("hub"), await admin.make_product()
    await adjust(admin, site, product["id"], "6")
    await admin.patch(f"/sites/{site}", {"reorder_point": "8"})
    assert await alerts(admin) == []
    await watching.sweep(await hub.core.reads.run(_now))
    assert [each["product_id"] for each in await alerts(admin)] == [product["id"]]


async def test_people_of_the_site_are_told_once_in_words(
    hub: Running, admin: Client, told: Teller, post: MailServer
) -> None:
    mine, other = await admin.make_site("hub"), await admin.make_site("hub")
    for name, site in (("mine", mine), ("other", other)):
        await hub.add_user(name, Role.STORE_MANAGER, [site])
        await address(hub, name)
    await low(admin, mine)
    await told.tell()
    assert post.got == []
    told.ahead_ms = 61_000
    await told.tell()
    async with teller(hub, channels={MAIL: MailChannel(Mailer(post.url, "hub@example.com"))},
                      fills=[People(None).fill]) as again:  # fmt: skip
        again.ahead_ms = DAY_MS
        await again.tell()
    ((to, raw),) = post.got
    message = email.message_from_bytes(raw)
    assert to == ["mine@example.com"]
    assert "is low, 5 left" in str(message["Subject"])
    assert message["Message-ID"].endswith("@example.com>")


async def test_what_is_over_before_it_is_told_is_told_to_nobody(
    hub: Running, admin: Client, told: Teller, post: MailServer
) -> None:
    await address(hub, "admin")
    site = await admin.make_site("hub")
    product = await low(admin, site)
    await told.tell()
    await adjust(admin, site, product, "10")
    told.ahead_ms = 61_000
    await told.tell()
    assert post.got == []


async def test_a_mail_server_that_is_away_gets_the_mail_later_and_a_refused_address_never(
    hub: Running, admin: Client, told: Teller, post: MailServer
) -> None:
    await address(hub, "admin")
    await low(admin, await admin.make_site("hub"))
    await told.tell()
    post.answer = "451 try later"
    told.ahead_ms = 61_000
    await told.tell()
    assert (post.got, post.tries) == ([], 1)
    post.answer = "250 ok"
    told.ahead_ms = 120_000
    await told.tell()
    assert len(post.got) == 1
    post.answer = "550 no such person"
    await low(admin, await admin.make_site("hub"))
    await told.tell()
    told.ahead_ms += 61_000
    await told.tell()
    tries = post.tries
    told.ahead_ms += HOUR_MS
    await told.tell()
    assert (len(post.got), post.tries) == (1, tries)


async def test_a_mail_that_may_have_been_sent_when_the_process_died_is_not_sent_again(
    hub: Running, admin: Client, told: Teller, post: MailServer
) -> None:
    await address(hub, "admin")
    await low(admin, await admin.make_site("hub"))
    await told.tell()
    told.ahead_ms, post.answer = 61_000, "silent"
    await told.telling.round()
    await post.asked.wait()
    await told.delivering.close()
    post.answer = "250 ok"
    await post.let_go()
    async with teller(hub, channels={MAIL: MailChannel(Mailer(post.url, "hub@example.com"))}) as other:
        other.ahead_ms = HOUR_MS
        await other.tell()
    async with hub.core.database.connection() as connection:
        assert await connection.fetchval("SELECT state FROM deliveries") == "unknown"
    assert post.tries == 1


async def test_settings_of_a_person_win_over_the_sites_and_those_over_the_chains(hub: Running, admin: Client) -> None:
    site = await admin.make_site("hub")
    reply = await admin.ask("PUT", "/alerts/settings/chain", {"alert_threshold_days": 14, "low_stock_enabled": False})
    assert (reply.status, reply.body["own"]) == (200, {"alert_threshold_days": 14, "low_stock_enabled": False})
    await admin.ask("PUT", f"/alerts/settings/sites/{site}", {"alert_threshold_days": 3})
    there = (await admin.get(f"/alerts/settings/sites/{site}")).body
    assert (there["alert_threshold_days"], there["low_stock_enabled"]) == (3, False)
    mine = (await admin.ask("PUT", "/alerts/settings", {"low_stock_enabled": True, "timezone": "Europe/Berlin"})).body
    assert (mine["alert_threshold_days"], mine["low_stock_enabled"]) == (14, True)
    mine = (await admin.ask("PUT", "/alerts/settings", {"low_stock_enabled": None})).body
    assert (mine["low_stock_enabled"], mine["own"]) == (False, {"timezone": "Europe/Berlin"})
    await low(admin, site)
    assert await alerts(admin) == []
    assert (await admin.ask("PUT", "/alerts/settings", {"timezone": "Mars/Base"})).status == 422
    manager = await hub.add_user("m", Role.STORE_MANAGER, [site])
    assert (await manager.ask("PUT", "/alerts/settings/chain", {"alert_threshold_days": 1})).status == 403
    assert (await manager.ask("PUT", f"/alerts/settings/sites/{site}", {"alert_threshold_days": 1})).status == 200


async def test_quiet_hours_have_a_beginning_and_an_end(admin: Client) -> None:
    for half in ({"quiet_from": "22:00"}, {"quiet_until": "07:00"}):
        refused = await admin.ask("PUT", "/alerts/settings", half)
        assert (refused.status, refused.body["code"]) == (422, "quiet_hours")
    assert (await admin.get("/alerts/settings")).body["own"] == {}
    await admin.ask("PUT", "/alerts/settings/chain", {"quiet_from": "22:00", "quiet_until": "07:00"})
    mine = await admin.ask("PUT", "/alerts/settings", {"quiet_from": "20:00"})
    assert (mine.status, mine.body["quiet_from"], mine.body["quiet_until"]) == (200, "20:00", "07:00")


async def test_boxes_are_told_where_low_stock_is_no_alert_and_only_those_that_it_is_about(
    hub: Running, admin: Client
) -> None:
    one, two = await admin.make_site(), await admin.make_site()
    for path, said in (
        ("chain", {"low_stock_enabled": False}), (f"sites/{one}", {"low_stock_enabled": True}),
        (f"sites/{one}", {"low_stock_enabled": True, "sync_lag_minutes": 5}),
    ):  # fmt: skip
        assert (await admin.ask("PUT", f"/alerts/settings/{path}", said)).status == 200
    await admin.ask("PUT", "/alerts/settings", {"low_stock_enabled": False})
    async with hub.core.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT site_id::text AS site, body->'settings' AS settings FROM changes WHERE kind = 'policy'"
            " AND site_id = any($1) AND body->'settings' ? 'low_stock_enabled' ORDER BY position", [one, two],
        )  # fmt: skip
        told = dict(await policies.list_told(connection, [one, two]))
    said = [(row["site"], row["settings"]["low_stock_enabled"]) for row in rows]
    assert (set(said[:2]), said[2:]) == ({(one, False), (two, False)}, [(one, True)])
    assert {site: policy.settings for site, policy in told.items()} == {
        one: {"low_stock_enabled": True}, two: {"low_stock_enabled": False},
    }  # fmt: skip


async def test_a_box_that_is_offline_for_long_is_an_alert_until_it_is_back(
    hub: Running, admin: Client, watching: Watching
) -> None:
    site, now_ms = await admin.make_site(), await hub.core.reads.run(_now)
    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO devices (id, site_id, name, public_key, enrolled_at, is_online, presence_at)"
            " VALUES (gen_random_uuid(), $1, 'till', '\\x00', 0, false, $2)",
            site,
            now_ms,
        )
        await connection.execute(
            "INSERT INTO origins (site_id, origin_id, device_id, public_key, chain_hash, opened_at, last_seen, lease)"
            " SELECT site_id, gen_random_uuid(), id, public_key, '\\x00', 0, $1, 'lease' FROM devices",
            now_ms,
        )
        await connection.execute("UPDATE shard_leases SET expires_at = $1", now_ms + DAY_MS)
    await watching.boxes(now_ms + 10 * 60_000)
    assert await alerts(admin) == []
    await asyncio.gather(*(watching.boxes(now_ms + 20 * 60_000) for _ in range(3)))
    (alert,) = await alerts(admin, "alert_type=device_offline")
    assert (alert["status"], alert["severity"], alert["site_id"]) == ("active", "warning", site)
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE devices SET is_online = true")
    await watching.boxes(now_ms + 21 * 60_000)
    assert [each["status"] for each in await alerts(admin)] == ["resolved"]


async def _now(connection: Any) -> int:
    value: int = await connection.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    return value
