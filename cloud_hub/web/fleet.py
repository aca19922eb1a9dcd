"""The fleet: per box its backlog, lag, last error, version and clock, as the hub knows them."""

from cloud_hub.domain.permissions import Permission
from cloud_hub.services.fleet import Link
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
    """What waits at the box; null, like its age, unless the link is live: nobody here knows."""
    pending_told: int | None
    """What of the box's last word on it, at last_seen, has not come yet."""
    oldest_unsent: Time | None
    oldest_unsent_age_s: int | None
    link: Link
    """Unheard: this hub has lost its broker, or runs no ingest; the box may be well."""
    is_live: bool
    """The link is live."""
    last_seen: Time | None
    feed_lag: int | None
    """Changes that the box has not yet applied."""
    clock_offset_ms: int | None
    """How far the box's clock is from the hub's."""
    agent_version: str | None
    last_error: str | None
    compared_at: Time | None
    """When its levels were last compared with the hub's: on each connection and daily, once all that it has is here."""
    is_equal: bool | None
    """Whether they were equal then; what differs is an exception, and is made again from the ledgers."""


class Boxes(View):
    items: list[Box]
    as_of: Time


@table.add("GET", "/fleet", permission=Permission.FLEET_READ, answer=Boxes)
async def list_fleet(call: Call[None, None]) -> Boxes:
    """Every box: is it up to date, and if not, since when"""
    rows = await call.hub.fleet.boxes(call.principal.site_list, call.now_ms)
    items = [
        Box(
            device_id=row.box.device_id, device_name=row.box.device_name, device_state=row.box.device_state,
            site_id=row.box.site_id, site_name=row.box.site_name, origin_id=row.box.origin_id,
            origin_state=row.box.origin_state, mark=row.box.mark, safe_mark=row.box.safe_mark, head=row.box.head,
            pending=row.pending, pending_told=row.box.pending, oldest_unsent=rfc3339(row.oldest_unsent_ms),
            oldest_unsent_age_s=row.oldest_unsent_age_s, link=row.link, is_live=row.link is Link.LIVE,
            last_seen=rfc3339(row.box.last_seen_ms), feed_lag=row.box.feed_lag,
            clock_offset_ms=row.box.clock_offset_ms, agent_version=row.box.agent_version,
            last_error=row.box.last_error, compared_at=rfc3339(row.box.digest_at_ms),
            is_equal=None if row.box.digest_at_ms is None else row.box.is_digest_equal,
        )
        for row in rows
    ]  # fmt: skip
    return Boxes(items=items, as_of=rfc3339(call.now_ms))
