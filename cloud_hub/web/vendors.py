"""Vendors: whom the chain buys from, with versions as ETags."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import MISSING, Field, StringConstraints

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, Stale
from cloud_hub.services.vendors import Vendor, VendorFilter
from cloud_hub.web.fields import PRINTABLE, Code, Currency, Email, Input, Name, Text, Time, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed

table = Table("vendors")

Phone = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=PRINTABLE)]
Lifecycle = Literal["active", "archived"]


class NewVendor(Input):
    name: Name
    code: Code | None = None
    """Your own short name for it."""
    contact_email: Email | None = None
    contact_phone: Phone | None = None
    address: Text = ""
    currency: Currency = "EUR"
    """Of its prices, unless one says otherwise."""


class VendorPatch(Input):
    """RFC 7396: a field given replaces, null clears, a field left out stays."""

    name: Name | MISSING = MISSING
    code: Code | MISSING | None = MISSING
    contact_email: Email | MISSING | None = MISSING
    contact_phone: Phone | MISSING | None = MISSING
    address: Text | MISSING = MISSING
    currency: Currency | MISSING = MISSING
    lifecycle: Lifecycle | MISSING = MISSING


class VendorView(View):
    id: str
    code: str | None
    name: str
    contact_email: str | None
    contact_phone: str | None
    address: str
    currency: str
    lifecycle: str
    """Nothing is ordered from an archived vendor, and its prices are in no comparison."""
    version: str
    created_at: Time
    updated_at: Time


class VendorList(View):
    items: list[VendorView]
    next_cursor: str | None


class VendorsQuery(PageQuery):
    q: Annotated[Text, Field(min_length=1)] | None = None
    code: Code | None = None
    lifecycle: Lifecycle | None = None
    """active or archived; left out: all."""


_ONE = "/vendors/{vendor_id}"
_ERRORS = (NotFound, Conflict, Invalid, Stale)


@table.add("GET", "/vendors", permission=Permission.VENDORS_READ, query=VendorsQuery, answer=VendorList)
async def list_vendors(call: Call[VendorsQuery, None]) -> Answer:
    """Vendors by name; `q` searches name, code and e-mail address"""
    query = call.query
    wanted = VendorFilter(q=query.q, code=query.code, lifecycle=query.lifecycle)
    found = await call.hub.vendors.list(wanted, query.after(str, UUID), query.skip, query.limit)
    return listed(call, VendorList, found, view_of, lambda each: (each.name, each.id))


@table.add("POST", "/vendors", permission=Permission.VENDORS_WRITE, body=NewVendor, answer=VendorView, status=201,
           others={200: VendorView}, errors=(Conflict, Invalid), idempotent=True)  # fmt: skip
async def create_vendor(call: Call[None, NewVendor]) -> Answer:
    """Add a vendor"""
    vendor, replayed = await call.hub.vendors.create(call.body.model_dump(), call.key, call.principal, call.now_ms)
    headers = {"Idempotency-Replayed": "true"} if replayed else {"Location": f"{PREFIX}/vendors/{vendor.id}"}
    return _tagged(vendor, status=200 if replayed else 201, **headers)


@table.add("GET", _ONE, permission=Permission.VENDORS_READ, answer=VendorView, errors=(NotFound,))
async def get_vendor(call: Call[None, None]) -> Answer:
    """One vendor, with its version as ETag"""
    return _tagged(await call.hub.vendors.get(call.path["vendor_id"]))


@table.add("PATCH", _ONE, permission=Permission.VENDORS_WRITE, body=VendorPatch, answer=VendorView, errors=_ERRORS,
           conditional=True)  # fmt: skip
async def patch_vendor(call: Call[None, VendorPatch]) -> Answer:
    """Change fields of a vendor (RFC 7396 merge patch)"""
    return await _edit(call, call.body.model_dump())


@table.add("PUT", _ONE, permission=Permission.VENDORS_WRITE, body=VendorPatch, answer=VendorView, errors=_ERRORS,
           conditional=True)  # fmt: skip
async def put_vendor(call: Call[None, VendorPatch]) -> Answer:
    """Change fields of a vendor; a partial body is accepted, as with products"""
    return await _edit(call, call.body.model_dump())


@table.add("DELETE", _ONE, permission=Permission.VENDORS_WRITE, answer=VendorView, errors=(NotFound, Stale),
           conditional=True)  # fmt: skip
async def archive_vendor(call: Call[None, None]) -> Answer:
    """Archive a vendor: nothing more is ordered there, its history stays"""
    return await _edit(call, {"lifecycle": "archived"})


async def _edit(call: Call[Any, Any], fields: dict[str, Any]) -> Answer:
    return _tagged(await call.hub.vendors.edit(call.path["vendor_id"], fields, call.if_match, call.now_ms))


def _tagged(vendor: Vendor, *, status: int | None = None, **headers: str) -> Answer:
    return Answer(view=view_of(vendor), status=status, headers={"ETag": f'"{vendor.etag}"', **headers})


def view_of(vendor: Vendor) -> VendorView:
    """A vendor as the API shows it."""
    return VendorView(
        id=vendor.id, code=vendor.code, name=vendor.name, contact_email=vendor.contact_email,
        contact_phone=vendor.contact_phone, address=vendor.address, currency=vendor.currency,
        lifecycle=vendor.lifecycle, version=vendor.etag, created_at=rfc3339(vendor.created_at_ms),
        updated_at=rfc3339(vendor.updated_at_ms),
    )  # fmt: skip
