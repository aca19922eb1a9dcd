"""Boxes: one-time codes, enrolment, take-over of a dead box's site, renewal, revocation.

Enrolment is one transaction: the code is used up, the device and its origin are opened,
and where the site had a writer that one is closed at its mark (take-over). A box that got
no answer asks again with the same code and key and gets the same identity. Revocation is
written outside the database first, so that no restore can undo it.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidKey, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from uuid_utils import uuid7

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain import certificates, enrolment_codes
from cloud_hub.domain.certificates import Authority
from cloud_hub.errors import Conflict, Invalid, NotFound, Unauthenticated
from cloud_hub.services import formers, registering
from cloud_hub.storage import devices, hub_state, issued_certificates, origins, sites
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.devices import Device
from cloud_hub.storage.issued_certificates import Issued
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sites import Site
from cloud_hub.storage.state_files import Keyring, StateFolder
from sync_protocol.keys import Claims, issue

__all__ = ["BrokerForDevices", "Device", "Enrolment", "EnrolmentRequest", "Granted", "MadeCode"]


class MadeCode(NamedTuple):
    text: str
    expires_at_ms: int


class EnrolmentRequest(NamedTuple):
    """What a new box hands in."""

    code: str
    record_key: str
    csr: str
    name: str


class BrokerForDevices(NamedTuple):
    """The broker as boxes reach it; a password only for an embedded demo broker."""

    host: str
    port: int
    tls: bool
    username: str
    password: str | None


class Granted(NamedTuple):
    """What a new box gets."""

    device_id: str
    site_id: str
    site_name: str
    origin_id: str
    certificate: str
    client_certificate: str
    ca: str
    broker: BrokerForDevices
    hub_key: str
    hub_url: str | None


class Enrolment:
    """The use cases of boxes."""

    def __init__(
        self,
        database: Database,
        reads: Reads,
        folder: StateFolder,
        keyring: Keyring,
        *,
        broker: BrokerForDevices,
        hub_url: str | None,
    ) -> None:
        self._database = database
        self._reads = reads
        self._folder = folder
        self._keyring = keyring
        self._broker = broker
        self._hub_url = hub_url

    @property
    def authority(self) -> Authority:
        return self._keyring.authority

    def crl(self) -> bytes:
        """The revocation list, PEM."""
        return (self._folder.folder / "crl.pem").read_bytes()

    async def list(self, site_ids: list[str] | None) -> list[Device]:
        """Boxes of these sites (None: of all)."""
        found = await self._reads.run(devices.list_by_site)
        return [device for device in found if site_ids is None or device.site_id in site_ids]

    async def get(self, device_id: str) -> Device:
        """Raises NotFound."""
        device = await self._reads.run(devices.find, device_id)
        if device is None:
            raise NotFound("device", "no such device")
        return device

    async def make_code(self, site_id: str, actor: str, now_ms: int) -> MadeCode:
        """A one-time code for a site with a box. Raises NotFound, Conflict."""
        random = os.urandom(enrolment_codes.CODE_BYTES)
        text = enrolment_codes.make_text(random, certificates.fingerprint(self.authority.certificate))
        made = MadeCode(text, now_ms + enrolment_codes.TTL_MS)
        async with self._database.transaction() as connection:
            site = await sites.find(connection, site_id)
            if site is None:
                raise NotFound("site", "no such site")
            if site.kind != "edge":
                raise Conflict("site_kind", f"expected a site with a box, got {site.code}, which the hub runs")
            code_hash = enrolment_codes.hash_of(text)
            await devices.insert_code(connection, code_hash, site_id, actor, made.expires_at_ms, now_ms)
        return made

    async def enrol(self, asked: EnrolmentRequest, now_ms: int) -> Granted:
        """A new identity for a box. Raises NotFound, Conflict, Invalid; then nothing was changed."""
        code_hash = enrolment_codes.hash_of(asked.code)
        async with self._database.transaction() as connection:
            code = await devices.lock_code(connection, code_hash)
            if code is None:
                raise NotFound("enrolment_code", "no such enrolment code")
            record_key = _record_key(asked.record_key)
            request_key = certificates.read_request(asked.csr)
            if code.is_used:
                device = await self._again(connection, code.used_by_device, record_key)
            elif now_ms >= code.expires_at_ms:
                raise Conflict("enrolment_code_expired", "expected a code made in the last 15 minutes")
            else:
                device = await self._open(connection, code.site_id, asked.name, record_key, now_ms)
                await devices.use_code(connection, code_hash, device.id, now_ms)
            site = await sites.find(connection, device.site_id)
            assert site is not None
            granted = await self._grant(connection, device, site, now_ms)
            client = await self._certify(connection, device.id, request_key, now_ms)
            crashpoint("enrolment.before_commit")
        crashpoint("enrolment.after_commit")
        return granted._replace(client_certificate=client)

    async def renew(self, device_id: str, csr: str, now_ms: int) -> str:
        """A new client certificate for an active box. Raises Invalid, Unauthenticated."""
        request_key = certificates.read_request(csr)
        async with self._database.transaction() as connection:
            return await self._certify(connection, device_id, request_key, now_ms)

    async def revoke(self, device_id: str, actor: str, reason: str, now_ms: int) -> Device:
        """End a box's certificate, token and session. Raises NotFound."""
        await self.get(device_id)
        held = await self._reads.run(issued_certificates.list_of, device_id, now_ms)
        self._list_revoked([device_id], held, now_ms)
        crashpoint("revocation.after_file")
        async with self._database.transaction() as connection:
            revoked = await devices.revoke(connection, device_id, actor, now_ms)
            await issued_certificates.revoke(connection, device_id, reason, now_ms)
            # A renewal may have come in between; after this commit none can.
            held = await issued_certificates.list_of(connection, device_id, now_ms)
        self._list_revoked([device_id], held, now_ms)
        assert revoked is not None
        return revoked

    async def apply_revocations(self, now_ms: int) -> int:
        """Make folder and database agree: a restored database may have forgotten boxes, the folder certificates."""
        listed = self._folder.revocations().devices
        forgotten = [device for device in await self.list(None) if device.id in listed and device.state == "active"]
        async with self._database.transaction() as connection:
            for device in forgotten:
                await devices.revoke(connection, device.id, "hub", now_ms)
                await issued_certificates.revoke(
                    connection, device.id, "revoked before the database was restored", now_ms
                )
            held = await issued_certificates.list_of_revoked(connection, now_ms)
        self._list_revoked([issued.device_id for issued in held], held, now_ms)
        return len(forgotten)

    def _list_revoked(self, device_ids: Iterable[str], held: Iterable[Issued], now_ms: int) -> None:
        ends = {issued.serial: issued.expires_at_ms for issued in held}
        self._folder.revoke(device_ids, ends, self.authority, _moment(now_ms))

    def renew_crl(self, now_ms: int) -> None:
        """Sign the revocation list anew (daily)."""
        self._folder.write_crl(self.authority, _moment(now_ms))

    async def _again(self, connection: Connection, used_by: str | None, record_key: bytes) -> Device:
        device = None if used_by is None else await devices.find(connection, used_by)
        if device is None or device.public_key != record_key or device.state != "active":
            raise Conflict("enrolment_code_used", "expected a code that no box has used")
        return device

    async def _open(self, connection: Connection, site_id: str, name: str, record_key: bytes, now_ms: int) -> Device:
        """The device and its origin; the site's writer until now, if any, is closed at its mark."""
        device = await devices.insert(connection, str(uuid7()), site_id, name, record_key, now_ms)
        before = await origins.lock_open(connection, site_id)
        if before is not None:
            await formers.give_up(connection, before, now_ms)
        past = {} if before is None else await registering.closing(connection, before)
        claims = await self._claims(connection, device, str(uuid7()), past, now_ms)
        await registering.register(connection, claims, now_ms)
        return device

    async def _claims(
        self, connection: Connection, device: Device, origin_id: str, past: dict[str, Any], now_ms: int
    ) -> Claims:
        return Claims(
            site_id=device.site_id,
            device_id=device.id,
            origin_id=origin_id,
            public_key=device.public_key.hex(),
            hub_epoch=await hub_state.epoch(connection),
            issued_at=now_ms,
            **past,
        )

    async def _grant(self, connection: Connection, device: Device, site: Site, now_ms: int) -> Granted:
        origin = await origins.find(connection, await devices.newest_origin(connection, device.id))
        assert origin is not None
        past = await registering.past(connection, origin)
        claims = await self._claims(connection, device, str(origin.origin_id), past, now_ms)
        return Granted(
            device_id=device.id,
            site_id=site.id,
            site_name=site.name,
            origin_id=str(origin.origin_id),
            certificate=issue(claims, self._keyring.hub_key.sign),
            client_certificate="",
            ca=certificates.pem(self.authority.certificate),
            broker=self._broker._replace(username=self._broker.username or device.id),
            hub_key=self._keyring.hub_public_key.hex(),
            hub_url=self._hub_url,
        )

    async def _certify(self, connection: Connection, device_id: str, key: certificates.DeviceKey, now_ms: int) -> str:
        serial = x509.random_serial_number()
        made = certificates.issue_client(self.authority, key, device_id, serial, _moment(now_ms))
        expires_ms = int(made.not_valid_after_utc.timestamp() * 1000)
        if not await devices.certified_until(connection, device_id, expires_ms):
            raise Unauthenticated("device", "expected a box that is not revoked")
        await issued_certificates.insert(connection, Issued(serial, device_id, expires_ms), now_ms)
        return certificates.pem(made)


def _record_key(text: str) -> bytes:
    raw = bytes.fromhex(text)
    try:
        Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, InvalidKey, UnsupportedAlgorithm) as error:
        raise Invalid("record_key", "expected an Ed25519 public key in hex", pointer="/record_key") from error
    return raw


def _moment(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, UTC)
