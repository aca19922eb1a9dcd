"""Boxes: enrolment with a one-time code, renewal, revocation, and which of two survives."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import StringConstraints

from cloud_hub.domain.certificates import pem
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.enrolment import Device, EnrolmentRequest
from cloud_hub.web.fields import Input, Name, Text, Time, Uuid, View
from cloud_hub.web.operations import Call, Table
from cloud_hub.web.times import rfc3339

table = Table("devices")


class NewCode(Input):
    site_id: Uuid


class CodeView(View):
    code: str
    """Shown once: the hub keeps a hash only."""
    site_id: str
    expires_at: Time


class EnrolBody(Input):
    code: Annotated[str, StringConstraints(pattern=r"^[Bb][Kk]-[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{16}-[0-9a-fA-F]{16}$")]
    record_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """The box's Ed25519 public key, hex."""
    csr: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    """A request for a P-256 client certificate, PEM."""
    name: Name


class RenewBody(Input):
    csr: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class Broker(View):
    host: str
    port: int
    tls: bool
    username: str
    password: str | None


class Enrolled(View):
    device_id: str
    site_id: str
    site_name: str
    origin_id: str
    certificate: str
    client_certificate: str
    ca: str
    broker: Broker
    hub_key: str
    hub_url: str


class Renewed(View):
    client_certificate: str
    ca: str


class AccessBody(Input):
    csr: Annotated[str, StringConstraints(min_length=1, max_length=8192)]
    """A request for a P-256 server certificate, PEM; its alternative names are where the box serves people."""


class Access(View):
    certificate: str
    ca: str
    people_key: str


class DeviceView(View):
    id: str
    site_id: str
    name: str
    state: str
    enrolled_at: Time
    revoked_at: Time | None
    certificate_expires_at: Time | None


class Devices(View):
    items: list[DeviceView]


class Why(Input):
    reason: Text = ""


@table.add("GET", "/devices", permission=Permission.FLEET_READ, answer=Devices)
async def list_devices(call: Call[None, None]) -> Devices:
    """The boxes of your sites"""
    found = await call.hub.enrolment.list(call.principal.site_list)
    return Devices(items=[view_of(device) for device in found])


@table.add("GET", "/devices/{device_id}", permission=Permission.FLEET_READ, answer=DeviceView, errors=(NotFound,))
async def get_device(call: Call[None, None]) -> DeviceView:
    """One box"""
    return view_of(await _own(call))


@table.add("POST", "/enrolment-codes", permission=Permission.FLEET_WRITE, body=NewCode, answer=CodeView, status=201,
           errors=(NotFound, Conflict))  # fmt: skip
async def create_enrolment_code(call: Call[None, NewCode]) -> CodeView:
    """Make a one-time code for a new box of a site; it lives 15 minutes"""
    call.principal.require_site(call.body.site_id)
    made = await call.hub.enrolment.make_code(call.body.site_id, call.principal.name, call.now_ms)
    return CodeView(code=made.text, site_id=call.body.site_id, expires_at=rfc3339(made.expires_at_ms))


@table.add("POST", "/devices/enrol", permission=None, body=EnrolBody, answer=Enrolled, status=201,
           errors=(NotFound, Conflict, Invalid), body_bytes_max=16_384)  # fmt: skip
async def enrol_device(call: Call[None, EnrolBody]) -> Enrolled:
    """Enrol a box: trade a code and two public keys for certificates, a site and a broker"""
    asked = EnrolmentRequest(**call.body.model_dump())
    given = await call.hub.enrolment.enrol(asked, call.now_ms)
    broker = Broker(**given.broker._asdict())
    hub_url = given.hub_url or str(call.request.url.origin())
    return Enrolled(**{**given._asdict(), "broker": broker, "hub_url": hub_url})


@table.add("POST", "/devices/renew", permission=Permission.SNAPSHOT_READ, device=True, body=RenewBody, answer=Renewed,
           errors=(Invalid,))  # fmt: skip
async def renew_device(call: Call[None, RenewBody]) -> Renewed:
    """A new client certificate for a box, before its old one ends"""
    certificate = await call.hub.enrolment.renew(call.principal.id, call.body.csr, call.now_ms)
    return Renewed(client_certificate=certificate, ca=pem(call.hub.enrolment.authority.certificate))


@table.add("POST", "/devices/local-access", permission=Permission.SNAPSHOT_READ, device=True, body=AccessBody,
           answer=Access, errors=(Invalid,), body_bytes_max=16_384)  # fmt: skip
async def get_local_access(call: Call[None, AccessBody]) -> Access:
    """What a box needs so that people can log in at it: a certificate for its HTTPS, and the people key"""
    found = await call.hub.local_access.grant(call.principal.id, call.body.csr, call.now_ms)
    return Access(certificate=found.certificate, ca=found.ca, people_key=found.people_key.hex())


@table.add("POST", "/devices/{device_id}/revoke", permission=Permission.FLEET_WRITE, body=Why, answer=DeviceView,
           errors=(NotFound,))  # fmt: skip
async def revoke_device(call: Call[None, Why]) -> DeviceView:
    """Revoke a box: its certificate, its token and its sync session end now"""
    device, actor = await _own(call), call.principal.name
    return view_of(await call.hub.enrolment.revoke(device.id, actor, call.body.reason, call.now_ms))


@table.add("POST", "/devices/{device_id}/confirm-survivor", permission=Permission.FLEET_WRITE, answer=DeviceView,
           errors=(NotFound, Conflict))  # fmt: skip
async def confirm_survivor(call: Call[None, None]) -> DeviceView:
    """Say that this box goes on for its site after a fork or a restored backup: it gets a successor origin"""
    device = await _own(call)
    await call.hub.recovery.confirm_survivor(device.id, call.principal.name, call.now_ms)
    return view_of(await call.hub.enrolment.get(device.id))


@table.add("GET", "/ca", permission=None, produces="application/x-pem-file")
async def get_ca(call: Call[None, None]) -> web.Response:
    """The hub's certificate authority, PEM; an enrolment code carries its fingerprint"""
    return web.Response(text=pem(call.hub.enrolment.authority.certificate), content_type="application/x-pem-file")


@table.add("GET", "/crl", permission=None, produces="application/x-pem-file")
async def get_crl(call: Call[None, None]) -> web.Response:
    """The revocation list for the broker, PEM"""
    return web.Response(body=call.hub.enrolment.crl(), content_type="application/x-pem-file")


async def _own(call: Call[Any, Any]) -> Device:
    """The box of the path. Raises NotFound, Forbidden for one of a site that is not the caller's."""
    device = await call.hub.enrolment.get(call.path["device_id"])
    call.principal.require_site(device.site_id)
    return device


def view_of(device: Device) -> DeviceView:
    return DeviceView(
        id=device.id,
        site_id=device.site_id,
        name=device.name,
        state=device.state,
        enrolled_at=rfc3339(device.enrolled_at_ms),
        revoked_at=rfc3339(device.revoked_at_ms),
        certificate_expires_at=rfc3339(device.certificate_expires_at_ms),
    )
