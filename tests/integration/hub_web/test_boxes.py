"""Enrolment, take-over, renewal and revocation of boxes, as a box and as a person sees them."""

import asyncio
import time
from functools import partial
from typing import Any
from uuid import uuid4

import jwt
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cloud_hub.domain.enrolment_codes import hash_of
from cloud_hub.domain.permissions import Role
from cloud_hub.domain.tokens import DEVICE_AUDIENCE
from cloud_hub.services.shards import ShardLeases
from cloud_hub.storage.database import Query, connect
from cloud_hub.storage.shards import is_heard
from sync_protocol import topics
from sync_protocol.keys import read_certificate, verifier
from tests.integration.hub_web.conftest import Client, Reply, Running, Serve


class Box:
    """A new box: its two keys, and what it asks."""

    def __init__(self, hub: Running) -> None:
        self.hub = hub
        self.record_key = Ed25519PrivateKey.generate()
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def csr(self) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, hashes.SHA256())
        return request.public_bytes(Encoding.PEM).decode()

    async def enrol(self, code: str) -> Reply:
        record_key = self.record_key.public_key().public_bytes_raw().hex()
        body = {"code": code, "record_key": record_key, "csr": self.csr, "name": "till box"}
        return await self.hub.nobody.post("/devices/enrol", body)

    def token(self, device_id: str, **claims: Any) -> str:
        now = int(time.time())
        body = {"aud": DEVICE_AUDIENCE, "sub": device_id, "iat": now, "exp": now + 60, **claims}
        return "Device " + jwt.encode(body, self.record_key, algorithm="EdDSA", headers={"kid": device_id})


async def make_code(admin: Client, site_id: str) -> str:
    reply = await admin.post("/enrolment-codes", {"site_id": site_id})
    assert reply.status == 201, reply.body
    return str(reply.body["code"])


async def test_a_box_gets_certificates_that_it_can_check_with_what_the_code_says(hub: Running, admin: Client) -> None:
    code, box = await make_code(admin, await admin.make_site()), Box(hub)
    ca = x509.load_pem_x509_certificate((await hub.nobody.get("/ca")).body.encode())
    assert ca.fingerprint(hashes.SHA256()).hex().startswith(code[-16:])
    granted = (await box.enrol(code)).body
    client = x509.load_pem_x509_certificate(granted["client_certificate"].encode())
    client.verify_directly_issued_by(ca)
    assert client.subject.rfc4514_string() == f"CN={granted['device_id']}"
    assert client.public_key() == box.key.public_key()
    claims = read_certificate(granted["certificate"], verifier(bytes.fromhex(granted["hub_key"])))
    assert (claims.origin_id, claims.site_id) == (granted["origin_id"], granted["site_id"])
    assert granted["broker"]["username"] == granted["device_id"]
    assert granted["hub_url"] == hub.url
    assert (await admin.get("/fleet")).body["items"][0]["origin_id"] == granted["origin_id"]


async def test_fifty_boxes_with_one_code_and_one_of_them_is_enrolled(hub: Running, admin: Client) -> None:
    code = await make_code(admin, await admin.make_site())
    replies = await asyncio.gather(*(Box(hub).enrol(code) for _ in range(50)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 49
    assert {reply.body["code"] for reply in replies if reply.status == 409} == {"enrolment_code_used"}
    assert len((await admin.get("/devices")).body["items"]) == 1


async def test_a_box_whose_answer_was_lost_asks_again_and_is_the_same_box(hub: Running, admin: Client) -> None:
    code, box = await make_code(admin, await admin.make_site()), Box(hub)
    first, second = (await box.enrol(code)).body, (await box.enrol(code)).body
    assert (first["device_id"], first["origin_id"]) == (second["device_id"], second["origin_id"])


async def test_codes_that_are_old_or_unknown_or_for_a_site_of_the_hub_are_refused(hub: Running, admin: Client) -> None:
    code = await make_code(admin, await admin.make_site())
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE enrolment_codes SET expires_at = 1 WHERE hash = $1", hash_of(code))
    old = await Box(hub).enrol(code)
    assert (old.status, old.body["code"]) == (409, "enrolment_code_expired")
    unknown = await Box(hub).enrol(f"BK-{'0' * 16}-{code[-16:]}")
    assert unknown.status == 404
    warehouse = await admin.make_site("hub")
    assert (await admin.post("/enrolment-codes", {"site_id": warehouse})).status == 409
    assert (await admin.get("/devices")).body["items"] == []


async def test_a_second_box_takes_over_the_site_at_the_first_ones_mark(hub: Running, admin: Client) -> None:
    site = await admin.make_site()
    first = (await Box(hub).enrol(await make_code(admin, site))).body
    second = (await Box(hub).enrol(await make_code(admin, site))).body
    claims = read_certificate(second["certificate"], verifier(bytes.fromhex(second["hub_key"])))
    assert claims.predecessor is not None
    assert (claims.predecessor.origin_id, claims.predecessor.position) == (first["origin_id"], 0)
    async with hub.core.database.transaction() as connection:
        rows = await connection.fetch("SELECT origin_id::text, state FROM origins WHERE site_id = $1", site)
        writer = await connection.fetchval("SELECT writer_origin::text FROM sites WHERE id = $1", site)
    assert {row["origin_id"]: row["state"] for row in rows} == {
        first["origin_id"]: "closed",
        second["origin_id"]: "open",
    }
    assert writer == second["origin_id"]


async def test_a_box_renews_its_certificate_with_its_own_token_only(hub: Running, admin: Client) -> None:
    box, other = Box(hub), Box(hub)
    device = (await box.enrol(await make_code(admin, await admin.make_site()))).body["device_id"]
    renewed = await hub.nobody.post("/devices/renew", {"csr": box.csr}, Authorization=box.token(device))
    certificate = x509.load_pem_x509_certificate(renewed.body["client_certificate"].encode())
    assert certificate.subject.rfc4514_string() == f"CN={device}"
    for token in (other.token(device), box.token(device, exp=int(time.time()) + 3600), f"Bearer {admin.token}", ""):
        reply = await hub.nobody.post("/devices/renew", {"csr": box.csr}, Authorization=token)
        assert reply.status == 401


async def test_a_box_with_a_wild_clock_is_told_the_hubs_time(hub: Running, admin: Client) -> None:
    box = Box(hub)
    device = (await box.enrol(await make_code(admin, await admin.make_site()))).body["device_id"]
    reply = await hub.nobody.post("/devices/renew", {"csr": box.csr}, Authorization=box.token(device, iat=60, exp=120))
    assert (reply.status, reply.body["code"]) == (401, "token_clock")
    assert abs(int(reply.body["detail"].rsplit(" ", 1)[1]) - time.time()) < 60


async def test_a_box_is_told_where_else_there_is_some_and_of_no_other_site_than_its_own(
    hub: Running, admin: Client
) -> None:
    box, here, product = Box(hub), await admin.make_site(), (await admin.make_product())["id"]
    device = (await box.enrol(await make_code(admin, here))).body["device_id"]
    warehouses = [await admin.make_site("hub") for _ in range(3)]
    for site, quantity in zip(warehouses, ("3", "20", "0"), strict=True):
        await admin.post("/inventory/adjust", {"site_id": site, "product_id": product, "set_to": quantity,
                                               "reason": "correction"})  # fmt: skip

    async def ask(site: str, authorization: str) -> Reply:
        path = f"/sites/{site}/stock-elsewhere?product_id={product}"
        return await hub.nobody.get(path, Authorization=authorization)

    found = (await ask(here, box.token(device))).body["items"]

    assert [(each["site_id"], each["available"], each["as_of"]["is_live"]) for each in found] == [
        (warehouses[1], "20", True), (warehouses[0], "3", True),
    ]  # fmt: skip
    assert (await ask(warehouses[0], box.token(device))).status == 403
    assert (await ask(here, f"Bearer {admin.token}")).status == 401


def serial_of(answer: dict[str, Any]) -> int:
    return x509.load_pem_x509_certificate(answer["client_certificate"].encode()).serial_number


async def listed(hub: Running) -> set[int]:
    """The serials on the revocation list."""
    crl = x509.load_pem_x509_crl((await hub.nobody.get("/crl")).body.encode())
    return {each.serial_number for each in crl}


async def test_every_certificate_of_a_revoked_box_that_has_not_ended_is_on_the_list(
    hub: Running, admin: Client
) -> None:
    box, other = Box(hub), Box(hub)
    granted = (await box.enrol(await make_code(admin, await admin.make_site()))).body
    bystander = (await other.enrol(await make_code(admin, await admin.make_site()))).body
    device = granted["device_id"]
    renewals = [
        (await hub.nobody.post("/devices/renew", {"csr": box.csr}, Authorization=box.token(device))).body
        for _ in range(2)
    ]
    serials = [serial_of(answer) for answer in (granted, *renewals)]
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE certificates SET expires_at = 1 WHERE serial = $1", str(serials[1]))

    await admin.post(f"/devices/{device}/revoke", {"reason": "stolen"})

    assert await listed(hub) == {serials[0], serials[2]}
    assert serial_of(bystander) not in await listed(hub)


async def test_a_renewal_that_races_with_the_revocation_is_refused_or_listed(hub: Running, admin: Client) -> None:
    box = Box(hub)
    device = (await box.enrol(await make_code(admin, await admin.make_site()))).body["device_id"]

    async def renew() -> Any:
        return await hub.nobody.post("/devices/renew", {"csr": box.csr}, Authorization=box.token(device))

    *renewals, revoked = await asyncio.gather(
        *(renew() for _ in range(6)), admin.post(f"/devices/{device}/revoke", {"reason": "stolen"})
    )

    assert revoked.status == 200
    given = {serial_of(reply.body) for reply in renewals if reply.status == 200}
    assert given <= await listed(hub)
    assert {reply.status for reply in [*renewals, await renew()]} <= {200, 401}


async def test_the_folder_learns_of_certificates_that_a_crash_kept_from_it(serve: Serve) -> None:
    async with serve() as hub:
        admin = await hub.add_user("admin", Role.ADMIN)
        box = Box(hub)
        granted = (await box.enrol(await make_code(admin, await admin.make_site()))).body
        async with hub.core.database.transaction() as connection:
            await connection.execute("UPDATE devices SET state = 'revoked'")
        assert await listed(hub) == set()
    async with serve() as hub:
        assert await listed(hub) == {serial_of(granted)}


async def test_a_box_is_only_called_live_while_a_worker_with_a_broker_hears_it(hub: Running, admin: Client) -> None:
    device = (await Box(hub).enrol(await make_code(admin, await admin.make_site()))).body["device_id"]
    worker = ShardLeases(hub.core.database, "worker", connect=partial(connect, hub.core.config.database_url))

    async def told() -> tuple[str, bool, str]:
        box = (await admin.get("/fleet")).body["items"][0]
        ready = (await hub.nobody.get("/health/ready")).body
        assert box["device_id"] == device
        (as_of,) = (await admin.get("/inventory")).body["as_of"]
        # What a box that is not heard has made since is unknown, not nothing.
        assert box["pending"] == as_of["behind"] == (3 if box["is_live"] else None)
        assert (box["oldest_unsent"] is None) == (as_of["oldest_unsent"] is None) == (not box["is_live"])
        assert box["pending_told"] == 3
        return box["link"], box["is_live"], ready["status"]

    async with hub.core.database.transaction() as connection:
        await connection.execute(
            "UPDATE origins SET lease = 'a lease', head_told = mark + 3, oldest_unacked_at = $1, last_seen = $1",
            int(time.time() * 1000),
        )
    assert await told() == ("unheard", False, "warning")
    await worker.renew()
    assert await told() == ("live", True, "ok")
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE origins SET last_seen = last_seen - 61000")
    assert await told() == ("silent", False, "ok")
    async with hub.core.database.transaction() as connection:
        await connection.execute("UPDATE origins SET lease = NULL")
    assert await told() == ("offline", False, "ok")
    await worker.leave()
    assert await told() == ("unheard", False, "warning")
    answer = await hub.nobody.get("/health/ready")
    assert answer.status == 200
    assert "not heard" in next(check["detail"] for check in answer.body["checks"] if check["name"] == "ingest")


async def test_the_database_finds_the_shard_of_a_box_as_the_topics_do(hub: Running) -> None:
    async with hub.core.database.transaction() as connection:
        for _ in range(100):
            device = uuid4()
            shard = topics.shard_of(str(device))
            await connection.execute(
                "UPDATE shard_leases SET expires_at = CASE WHEN shard = $1 THEN 1e14 ELSE 0 END", shard
            )
            found = Query(sa.select(is_heard(sa.bindparam("device", type_=sa.Uuid))))
            assert await found.fetchval(connection, device=device) is True


async def test_a_revoked_box_stays_revoked_even_when_the_database_forgets(serve: Serve) -> None:
    async with serve() as hub:
        admin = await hub.add_user("admin", Role.ADMIN)
        box = Box(hub)
        granted = (await box.enrol(await make_code(admin, await admin.make_site()))).body
        device = granted["device_id"]
        async with hub.core.database.transaction() as connection:
            await connection.execute("UPDATE origins SET lease = 'a lease'")
        revoked = await admin.post(f"/devices/{device}/revoke", {"reason": "stolen"})
        assert revoked.body["state"] == "revoked"
        assert (await admin.get("/fleet")).body["items"][0]["is_live"] is False
        async with hub.core.database.transaction() as connection:
            assert await connection.fetchval("SELECT lease FROM origins") is None
        assert serial_of(granted) in await listed(hub)
        reply = await hub.nobody.post("/devices/renew", {"csr": box.csr}, Authorization=box.token(device))
        assert reply.status == 401
        async with hub.core.database.transaction() as connection:
            await connection.execute("UPDATE devices SET state = 'active'")
    async with serve() as hub:
        reply = await hub.nobody.post("/devices/renew", {"csr": box.csr}, Authorization=box.token(device))
        assert reply.status == 401
        async with hub.core.database.transaction() as connection:
            assert await connection.fetchval("SELECT state FROM devices") == "revoked"
