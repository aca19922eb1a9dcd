"""The audit: who did or was refused what on the whole chain, sealed into a hash chain."""

from typing import Annotated, Any

from pydantic import StringConstraints

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Forbidden
from cloud_hub.services.auditing import AuditFilter
from cloud_hub.storage.database import Row
from cloud_hub.web.fields import Name, Text, Time, View
from cloud_hub.web.inventory import Moment
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339, to_ms
from cloud_hub.web.views import listed

table = Table("audit")

Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class AuditQuery(PageQuery):
    actor: Name | None = None
    """Id of a person, key or box."""
    action: Name | None = None
    """Name of an operation, such as `patch_product`."""
    entity: Text | None = None
    """The path that was asked, without the prefix."""
    since: Moment | None = None
    until: Moment | None = None


class AuditEntry(View):
    id: int
    at: Time
    actor: str
    """Empty: nobody we know."""
    action: str
    entity: str
    detail: dict[str, Any]
    """Name, address and trace id of who asked; fields that were given; `refused` with the code, and how often."""
    position: int | None
    """Place in the chain; null until it is sealed, within a minute or two."""
    hash: Hash | None


class AuditEntries(View):
    items: list[AuditEntry]
    next_cursor: str | None


@table.add("GET", "/audit", permission=Permission.AUDIT_READ, query=AuditQuery, answer=AuditEntries,
           errors=(Forbidden,))  # fmt: skip
async def list_audit(call: Call[AuditQuery, None]) -> Answer:
    """Every write and every denial, newest first"""
    query = call.query
    wanted = AuditFilter(
        actor=query.actor, action=query.action, entity=query.entity,
        since=None if query.since is None else to_ms(query.since),
        until=None if query.until is None else to_ms(query.until),
    )  # fmt: skip
    rows = await call.hub.audit.list(wanted, call.principal, query.after(int), query.skip, query.limit)
    return listed(call, AuditEntries, rows, _entry, lambda row: (row["id"],))


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"], at=rfc3339(row["at"]), actor=row["actor"], action=row["action"], entity=row["entity"],
        detail=row["detail"], position=row["position"], hash=None if row["hash"] is None else row["hash"].hex(),
    )  # fmt: skip
