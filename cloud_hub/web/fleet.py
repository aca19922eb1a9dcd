"""The fleet: per box its backlog, lag, last error, version and clock, as the hub knows them."""

from cloud_hub.domain.permissions import Permission
from cloud_hub.web.fields import Time, View
from cloud_hub.web.operations import Call, Table
from cloud_hub.web.times import rfc3339

table = Table("fleet")


class Box(View):
    device_id: str
    device_name: str
    device_state: str
    site_id: str
    site_name: str
    origin_id: str | None
    origin_state: str | None
    mark: int
    """Committed at the hub."""
    safe_mark: int
    """Contained in a verified backup."""
    head: int | None
    """What the box last said it has."""
    pending: int | None
    oldest_unsent: Time | None
    oldest_unsent_age_s: int | None
    is_live: bool
    last_seen: Time | None
    feed_lag: int | None
    """Changes that the box has not yet applied."""
    clock_offset_ms: int | None
    agent_version: str | None
    last_error: str | None


class Boxes(View):
    items: list[Box]
    as_of: Time


@table.add("GET", "/fleet", permission=Permission.FLEET_READ, answer=Boxes)
async def list_fleet(call: Call[None, None]) -> Boxes:
    """Every box: is it up to date, and if not, since when"""
    rows = await call.hub.fleet.boxes(call.principal.site_list, call.now_ms)
    items = [
        Box(
            device_id=row.device_id, device_name=row.device_name, device_state=row.device_state,
            site_id=row.site_id, site_name=row.site_name, origin_id=row.origin_id, origin_state=row.origin_state,
            mark=row.mark, safe_mark=row.safe_mark, head=row.head, pending=row.pending,
            oldest_unsent=rfc3339(row.oldest_unsent_ms), oldest_unsent_age_s=row.oldest_unsent_age_s,
            is_live=row.is_live, last_seen=rfc3339(row.last_seen_ms), feed_lag=row.feed_lag,
            clock_offset_ms=row.clock_offset_ms, agent_version=row.agent_version, last_error=row.last_error,
        )
        for row in rows
    ]  # fmt: skip
    return Boxes(items=items, as_of=rfc3339(call.now_ms))
