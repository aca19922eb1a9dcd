"""Sites: the places that hold stock, and their policies."""

from typing import Annotated, Literal

from pydantic import MISSING, StringConstraints

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, Stale
from cloud_hub.services.sites import Site
from cloud_hub.web.categories import ThresholdFields, thresholds_inside
from cloud_hub.web.fields import Input, Name, QuantityText, Time, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import quantity

table = Table("sites")

SiteCode = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]

TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._+/-]+$")]


class NewSite(Input):
    code: SiteCode
    name: Name
    kind: Literal["edge", "hub"] = "edge"
    """edge: a store with a box; hub: a warehouse whose ledger the hub itself writes."""
    timezone: TimeZone = "UTC"


class SitePatch(ThresholdFields):
    code: SiteCode | MISSING = MISSING
    name: Name | MISSING = MISSING
    timezone: TimeZone | MISSING = MISSING
    """Where it changes, reports are counted again in the site's own days."""


class SiteView(View):
    id: str
    code: str
    name: str
    kind: str
    is_default: bool
    timezone: str
    reorder_point: QuantityText | None
    critical_level: QuantityText | None
    created_at: Time


class Sites(View):
    items: list[SiteView]


_ONE = "/sites/{site_id}"


@table.add("GET", "/sites", permission=Permission.SITES_READ, answer=Sites)
async def list_sites(call: Call[None, None]) -> Sites:
    """The sites that you may see"""
    found = await call.hub.sites.list()
    return Sites(items=[view_of(site) for site in found if call.principal.sees(site.id)])


@table.add("POST", "/sites", permission=Permission.SITES_WRITE, body=NewSite, answer=SiteView, status=201,
           errors=(Conflict, Invalid))  # fmt: skip
async def create_site(call: Call[None, NewSite]) -> Answer:
    """Add a store or a warehouse"""
    call.principal.require_reach(None)
    body = call.body
    site = await call.hub.sites.create(body.code, body.name, body.kind, call.now_ms, timezone=body.timezone)
    return _tagged(site, Location=f"/api/v1/sites/{site.id}")


@table.add("GET", _ONE, permission=Permission.SITES_READ, answer=SiteView, errors=(NotFound,))
async def get_site(call: Call[None, None]) -> Answer:
    """One site, with its version as ETag"""
    call.principal.require_site(call.path["site_id"])
    return _tagged(await call.hub.sites.get(call.path["site_id"]))


@table.add("PATCH", _ONE, permission=Permission.SITES_WRITE, body=SitePatch, answer=SiteView,
           conditional=True, errors=(NotFound, Conflict, Invalid, Stale))  # fmt: skip
async def edit_site(call: Call[None, SitePatch]) -> Answer:
    """Rename a site or change its default thresholds; its box learns of it by its feed"""
    call.principal.require_site(call.path["site_id"])
    fields = thresholds_inside(call.body)
    return _tagged(await call.hub.sites.edit(call.path["site_id"], fields, call.if_match, call.now_ms))


def _tagged(site: Site, **headers: str) -> Answer:
    return Answer(view=view_of(site), headers={"ETag": f'"{site.etag}"', **headers})


def view_of(site: Site) -> SiteView:
    return SiteView(
        id=site.id,
        code=site.code,
        name=site.name,
        kind=site.kind,
        is_default=site.is_default,
        timezone=site.timezone,
        reorder_point=quantity(site.reorder_point),
        critical_level=quantity(site.critical_level),
        created_at=rfc3339(site.created_at_ms),
    )
