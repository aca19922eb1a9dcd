"""F30, F31: PINs, badges and who may log in at which store's box, as administrators set them and as boxes are told."""

from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_hub.core import now_ms
from cloud_hub.domain.permissions import Role
from cloud_hub.services import feed
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.snapshots import Snapshots
from cloud_hub.storage import feeds
from sync_protocol import credentials
from sync_protocol.changes import Person, parse_change
from sync_protocol.records import Fact, decode
from sync_protocol.snapshot import open_chunk
from tests.integration.hub_web.conftest import PASSWORD, Client, Reply, Running
from tests.integration.hub_web.test_boxes import Box, make_code


async def told(hub: Running, site_id: str) -> list[Person]:
    """What a site's feed has said of people so far."""
    async with hub.core.database.transaction() as connection:
        await feed.ensure(connection, UUID(site_id), now_ms())
        found = await feed.extend(connection, site_id, now_ms())
        assert found is not None
        rows = await feeds.read(connection, site_id, found.feed_origin, 0, 1000)
    return [change for encoded in rows if isinstance(change := _change(encoded), Person)]


def _change(encoded: bytes) -> Any:
    record = decode(encoded)
    return parse_change(record) if isinstance(record, Fact) else None


async def in_snapshot(hub: Running, site_id: str) -> dict[str, Person]:
    snapshots = Snapshots(hub.core.database, sign=hub.core.keyring.hub_key.sign)
    manifest = await snapshots._make(site_id, "catalogue", now_ms())
    assert manifest is not None
    found = {}
    for ref in manifest.chunks:
        data = await snapshots.chunk(site_id, ref.hash)
        assert data is not None
        for line in open_chunk(ref.hash, data):
            if isinstance(change := _change(line), Person):
                found[change.username or ""] = change
    return found


async def id_of(client: Client) -> str:
    return str((await client.get("/me")).body["id"])


@pytest.fixture
async def site(admin: Client) -> str:
    return await admin.make_site()


@pytest.fixture
async def clerk(hub: Running, admin: Client, site: str) -> Client:
    await told(hub, site)  # the feed begins here
    return await hub.add_user("clerk", Role.STAFF, [site])


async def test_a_store_is_told_of_its_people_and_of_nobody_elses(hub: Running, admin: Client, clerk: Client,
                                                                   site: str) -> None:  # fmt: skip
    other = await admin.make_site()
    await told(hub, other)
    await hub.add_user("elsewhere", Role.STORE_MANAGER, [other])
    await hub.add_user("reads", Role.AUDITOR, [site])
    await hub.add_user("program", Role.INTEGRATION, [site])

    (person,) = await told(hub, site)

    assert (person.username, person.role, person.is_active) == ("clerk", "staff", True)
    assert set(person.permissions) == {"orders.read", "products.read", "stock.read", "stock.write", "alerts.read"}
    assert (person.password_hash or "").startswith("$argon2id$")
    assert [each.username for each in await told(hub, other)] == ["elsewhere"]
    assert "stock.approve" in (await told(hub, other))[0].permissions


async def test_a_new_box_gets_its_people_with_its_snapshot(hub: Running, admin: Client, clerk: Client,
                                                            site: str) -> None:  # fmt: skip
    await hub.add_user("elsewhere", Role.STAFF, [await admin.make_site()])
    assert (await in_snapshot(hub, site)).keys() == {"admin", "clerk"}


async def test_whoever_is_disabled_or_goes_to_another_store_is_out_of_the_first(
    hub: Running, admin: Client, clerk: Client, site: str
) -> None:
    other, user = await admin.make_site(), await id_of(clerk)
    await told(hub, other)
    assert (await admin.patch(f"/users/{user}", {"site_ids": [other]})).status == 200
    assert [each.is_active for each in await told(hub, site)] == [True, False]
    assert (await told(hub, site))[-1].password_hash is None
    assert [each.is_active for each in await told(hub, other)] == [True]

    assert (await admin.patch(f"/users/{user}", {"state": "disabled"})).status == 200

    assert [each.is_active for each in await told(hub, other)] == [True, False]
    assert (await in_snapshot(hub, other)).keys() == {"admin"}


async def test_somebody_of_all_sites_who_gets_one_leaves_all_others(hub: Running, admin: Client, site: str) -> None:
    other = await admin.make_site()
    for each in (site, other):
        await told(hub, each)
    boss = await hub.add_user("boss", Role.STORE_MANAGER)
    await admin.patch(f"/users/{await id_of(boss)}", {"site_ids": [site]})
    assert [each.is_active for each in await told(hub, site)] == [True, False, True]
    assert [each.is_active for each in await told(hub, other)] == [True, False]


async def test_a_new_password_and_a_reset_reach_the_store(
    hub: Running, admin: Client, clerk: Client, site: str
) -> None:
    first = (await told(hub, site))[-1].password_hash
    body = {"old_password": PASSWORD, "new_password": "an entirely new secret"}
    assert (await clerk.post("/me/password", body)).status == 204
    second = (await told(hub, site))[-1].password_hash
    assert None is not second != first
    assert (await admin.post(f"/users/{await _user(admin, 'clerk')}/reset-password")).status == 200
    assert (await told(hub, site))[-1].password_hash is None


async def _user(admin: Client, name: str) -> str:
    (found,) = (await admin.get(f"/users?q={name}")).body["items"]
    return str(found["id"])


async def test_an_edit_that_changes_nothing_for_boxes_is_not_told(
    hub: Running, admin: Client, clerk: Client, site: str
) -> None:
    before = len(await told(hub, site))
    assert (await admin.patch(f"/users/{await id_of(clerk)}", {})).status == 200
    assert len(await told(hub, site)) == before


async def test_a_pin_is_told_as_a_hash_that_the_people_key_is_needed_for(
    hub: Running, admin: Client, clerk: Client, site: str
) -> None:
    user = await id_of(clerk)
    reply = await admin.ask("PUT", f"/users/{user}/pin", {"pin": "4071"})
    assert (reply.status, reply.body["has_pin"]) == (200, True)
    assert "4071" not in str(reply.body)

    person = (await told(hub, site))[-1]

    passwords = Passwords()
    try:
        secret = credentials.pin_secret(hub.core.keyring.people_key, user, "4071")
        assert await passwords.verify(person.pin_hash, secret)
        assert not await passwords.verify(person.pin_hash, "4071")
    finally:
        passwords.close()
    taken = await admin.ask("DELETE", f"/users/{user}/pin")
    assert (taken.status, taken.body["has_pin"]) == (200, False)
    after = (await told(hub, site))[-1]
    assert after.pin_hash is None
    assert after.pin_set_at > person.pin_set_at


@pytest.mark.parametrize(("pin", "code"), [("1234", "pin_weak"), ("1111", "pin_weak"), ("123", "invalid"),
                                           ("12345678901", "invalid"), ("12a4", "invalid")])  # fmt: skip
async def test_a_weak_pin_is_refused_with_what_was_expected(admin: Client, clerk: Client, pin: str, code: str) -> None:
    reply = await admin.ask("PUT", f"/users/{await id_of(clerk)}/pin", {"pin": pin})
    assert reply.status == 422
    assert (reply.body["code"], reply.body["errors"][0]["pointer"]) == (code, "/pin")


async def test_a_badge_is_one_persons_and_told_as_a_keyed_hash(
    hub: Running, admin: Client, clerk: Client, site: str
) -> None:
    user, other = await id_of(clerk), await id_of(await hub.add_user("other", Role.STAFF, [site]))
    assert (await admin.ask("PUT", f"/users/{user}/badge", {"badge": "EMP-00017"})).body["has_badge"] is True
    told_hash = credentials.badge_hash(hub.core.keyring.people_key, "EMP-00017")
    assert (await told(hub, site))[-1].badge_hash == told_hash

    taken: Reply = await admin.ask("PUT", f"/users/{other}/badge", {"badge": "EMP-00017"})

    assert (taken.status, taken.body["code"]) == (409, "badge_taken")
    assert (await admin.ask("DELETE", f"/users/{user}/badge")).body["has_badge"] is False
    assert (await admin.ask("PUT", f"/users/{other}/badge", {"badge": "EMP-00017"})).status == 200


async def test_pins_and_badges_are_set_by_those_who_govern_the_user(hub: Running, admin: Client, clerk: Client) -> None:
    user, elsewhere = await id_of(clerk), await admin.make_site()
    local = await hub.add_user("local", Role.ADMIN, [elsewhere])
    for path, body in ((f"/users/{user}/pin", {"pin": "4071"}), (f"/users/{user}/badge", {"badge": "EMP-00017"})):
        assert (await local.ask("PUT", path, body)).status == 403
        assert (await local.ask("DELETE", path)).status == 403
        assert (await clerk.ask("PUT", path, body)).status == 403


def server_csr(key: ec.EllipticCurvePrivateKey, *names: x509.GeneralName) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


async def test_a_box_gets_a_server_certificate_for_local_names_only_until_it_is_revoked(
    hub: Running, admin: Client, site: str
) -> None:
    box, key = Box(hub), ec.generate_private_key(ec.SECP256R1())
    granted = (await box.enrol(await make_code(admin, site))).body
    names = [x509.DNSName("Store-12.local"), x509.DNSName("hub.example.com"), x509.DNSName("store-12")]

    async def ask(*wanted: x509.GeneralName) -> Reply:
        headers = {"Authorization": box.token(granted["device_id"])}
        return await hub.nobody.post("/devices/local-access", {"csr": server_csr(key, *wanted)}, **headers)

    found = (await ask(*names)).body
    made = x509.load_pem_x509_certificate(found["certificate"].encode())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(found["ca"].encode()))
    alternatives = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["store-12.local", "store-12"]
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert bytes.fromhex(found["people_key"]) == hub.core.keyring.people_key
    assert (await ask(x509.DNSName("hub.example.com"))).body["code"] == "names"
    assert (await ask()).body["code"] == "names"

    assert (await admin.post(f"/devices/{granted['device_id']}/revoke", {})).status == 200

    assert (await ask(*names)).status == 401
    crl = x509.load_pem_x509_crl((await hub.nobody.get("/crl")).body.encode())
    assert crl.get_revoked_certificate_by_serial_number(made.serial_number) is not None
