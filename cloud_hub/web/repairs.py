"""What a person has to look at: quarantined bytes, exceptions, branches of forks, lost edits."""

from typing import Any, Literal
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.repairs import Branch, Lost, Quarantined, Raised
from cloud_hub.web.fields import Time, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.product_views import ProductView, tagged
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed
from sync_protocol.quantity import format_quantity

table = Table("repairs")
_QUANTITIES = ("reorder_point", "critical_level")


class SitePageQuery(PageQuery):
    site_id: Uuid | None = None


class StateQuery(SitePageQuery):
    state: Literal["open", "done"] | None = None


class ConflictsQuery(SitePageQuery):
    state: Literal["open", "restored", "accepted"] | None = None


class QuarantinedView(View):
    site_id: str
    origin_id: str
    position: int
    why: str
    state: str
    bytes_base64: str
    quarantined_at: Time


class QuarantinePage(View):
    items: list[QuarantinedView]
    next_cursor: str | None


class ExceptionView(View):
    id: str
    site_id: str | None
    kind: str
    detail: str
    state: str
    raised_at: Time


class ExceptionPage(View):
    items: list[ExceptionView]
    next_cursor: str | None


class ConflictView(View):
    id: str
    site_id: str | None
    entity: str
    entity_id: str
    field: str
    kept: Any
    lost: Any
    rule: str
    """Why: `hub_wins`, `store_wins` or `lww` (the last writer) of the field, `edit_over_deletion`, `code_taken` or
    `sku_taken`."""
    actor: str | None
    """Who made the store's edit."""
    state: str
    found_at: Time


class ConflictPage(View):
    items: list[ConflictView]
    next_cursor: str | None


class BranchView(View):
    id: str
    site_id: str
    origin_id: str
    device_id: str
    verdict: str
    after: int
    """The branch begins after this position of the origin."""
    records: int
    state: str
    received_at: Time


class BranchPage(View):
    items: list[BranchView]
    next_cursor: str | None


class Adoption(View):
    branch_id: str
    commands: int
    """Commands given to the site's writer; each adopts one record, at most once."""


@table.add("GET", "/quarantine", permission=Permission.FLEET_READ, query=SitePageQuery, answer=QuarantinePage)
async def list_quarantine(call: Call[SitePageQuery, None]) -> Answer:
    """Records that nobody could read yet, with their bytes"""
    query = call.query
    rows = await call.hub.repairs.quarantine(
        call.principal.sites_of(query.site_id), query.after(UUID, UUID, int), query.skip, query.limit
    )
    return listed(call, QuarantinePage, rows, _quarantined, lambda row: (row.site_id, row.origin_id, row.position))


@table.add("GET", "/exceptions", permission=Permission.FLEET_READ, query=StateQuery, answer=ExceptionPage)
async def list_exceptions(call: Call[StateQuery, None]) -> Answer:
    """Odd things that were stored and need a person"""
    query = call.query
    rows = await call.hub.repairs.exceptions(
        call.principal.sites_of(query.site_id), query.state, query.after(int, UUID), query.skip, query.limit
    )
    return listed(call, ExceptionPage, rows, _exception, lambda row: (row.at_ms, row.id))


@table.add("POST", "/exceptions/{exception_id}/done", permission=Permission.FLEET_WRITE,
           answer=ExceptionView, errors=(NotFound,))  # fmt: skip
async def close_exception(call: Call[None, None]) -> ExceptionView:
    """Say that somebody has dealt with it"""
    return _exception(await call.hub.repairs.close_exception(call.path["exception_id"], call.principal, call.now_ms))


@table.add("GET", "/conflicts", permission=Permission.PRODUCTS_READ, query=ConflictsQuery, answer=ConflictPage)
async def list_conflicts(call: Call[ConflictsQuery, None]) -> Answer:
    """Edits that lost against a concurrent one"""
    query = call.query
    rows = await call.hub.repairs.conflicts(
        call.principal.sites_of(query.site_id), query.state, query.after(int, UUID), query.skip, query.limit
    )
    return listed(call, ConflictPage, rows, _lost, lambda row: (row.at_ms, row.id))


@table.add("POST", "/conflicts/{conflict_id}/restore", permission=Permission.PRODUCTS_WRITE, answer=ProductView,
           errors=(NotFound, Conflict, Invalid))  # fmt: skip
async def restore_conflict(call: Call[None, None]) -> Answer:
    """Take the edit that lost after all"""
    return tagged(await call.hub.repairs.restore(call.path["conflict_id"], call.principal, call.now_ms))


@table.add("POST", "/conflicts/{conflict_id}/accept", permission=Permission.PRODUCTS_WRITE, answer=ConflictView,
           errors=(NotFound, Conflict))  # fmt: skip
async def accept_conflict(call: Call[None, None]) -> ConflictView:
    """Leave it as it was decided: what was kept stays, and the conflict is closed"""
    return _lost(await call.hub.repairs.accept(call.path["conflict_id"], call.principal, call.now_ms))


@table.add("GET", "/branches", permission=Permission.FLEET_READ, query=SitePageQuery, answer=BranchPage)
async def list_branches(call: Call[SitePageQuery, None]) -> Answer:
    """Signed records of fenced boxes: kept, without effect until adopted"""
    query = call.query
    rows = await call.hub.repairs.branches(
        call.principal.sites_of(query.site_id), query.after(int, UUID), query.skip, query.limit
    )
    return listed(call, BranchPage, rows, _branch, lambda row: (row.at_ms, row.id))


@table.add("POST", "/branches/{branch_id}/adopt", permission=Permission.FLEET_WRITE, answer=Adoption, status=202,
           errors=(NotFound, Conflict))  # fmt: skip
async def adopt_branch(call: Call[None, None]) -> Adoption:
    """Ask the site's writer to take over a branch, record by record, each at most once"""
    call.principal.require_site((await call.hub.repairs.branch(call.path["branch_id"])).site_id)
    commands = await call.hub.recovery.adopt(call.path["branch_id"], call.principal.name, call.now_ms)
    return Adoption(branch_id=call.path["branch_id"], commands=commands)


def _quarantined(row: Quarantined) -> QuarantinedView:
    return QuarantinedView(
        site_id=row.site_id, origin_id=row.origin_id, position=row.position, why=row.why, state=row.state,
        bytes_base64=row.bytes_base64, quarantined_at=rfc3339(row.at_ms),
    )  # fmt: skip


def _exception(row: Raised) -> ExceptionView:
    return ExceptionView(
        id=row.id, site_id=row.site_id, kind=row.kind, detail=row.detail, state=row.state, raised_at=rfc3339(row.at_ms)
    )


def _branch(row: Branch) -> BranchView:
    return BranchView(
        id=row.id, site_id=row.site_id, origin_id=row.origin_id, device_id=row.device_id, verdict=row.verdict,
        after=row.after, records=row.records, state=row.state, received_at=rfc3339(row.at_ms),
    )  # fmt: skip


def _lost(row: Lost) -> ConflictView:
    return ConflictView(
        id=row.id, site_id=row.site_id, entity=row.entity, entity_id=row.entity_id, kept=_value(row.field, row.kept),
        field="unit_cost" if row.field == "cost" else row.field, lost=_value(row.field, row.lost), rule=row.rule,
        actor=row.actor, state=row.state, found_at=rfc3339(row.at_ms),
    )  # fmt: skip


def _value(field: str, value: Any) -> Any:
    """A value of a field as the API says it: quantities as decimals."""
    if isinstance(value, dict) and "pack_quantity" in value:
        return value | {"pack_quantity": format_quantity(value["pack_quantity"])}
    return format_quantity(value) if field in _QUANTITIES and value is not None else value
