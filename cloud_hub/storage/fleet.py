"""SQL of the fleet view: each box with its newest origin, its site and its feed."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.schema import devices, feeds, origins, sites
from cloud_hub.storage.shards import is_heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What the hub knows of one box."""

    device_id: str
    device_name: str
    device_state: str
    site_id: str
    site_name: str
    origin_id: str | None
    origin_state: str | None
    mark: int
    safe_mark: int
    head: int | None
    pending: int | None
    oldest_unsent_ms: int | None
    is_heard: bool
    is_connected: bool
    is_online: bool
    last_seen_ms: int | None
    feed_lag: int | None
    clock_offset_ms: int | None
    agent_version: str | None
    last_error: str | None
    online_since_ms: int | None
    opened_at_ms: int | None
    digest_at_ms: int | None
    """When its levels were last compared with ours, and whether they were equal."""
    is_digest_equal: bool
    telemetry: dict[str, Any] | None


def connected(origin: Any) -> sa.ColumnElement[bool]:
    """Whether a box has a session that we can hear and has not said goodbye (or its last will) since its last word."""
    is_gone = sa.and_(sa.not_(devices.c.is_online), devices.c.presence_at >= origin.last_seen)
    return sa.and_(
        origin.lease.is_not(None), sa.not_(sa.func.coalesce(is_gone, sa.false())), is_heard(devices.c.id)
    ).label("is_connected")


def pending(origin: Any) -> sa.ColumnElement[int]:
    """What the box last told of that has not arrived yet: it falls as the mark moves, not only when it tells again."""
    return sa.func.greatest(origin.head_told - origin.mark, 0).label("pending")


def oldest_unsent(origin: Any) -> sa.ColumnElement[int | None]:
    """Since when something waits at the box; nothing when all that it told of is here."""
    return sa.case((origin.mark < origin.head_told, origin.oldest_unacked_at), else_=sa.null()).label("oldest_unsent")


_NEWEST = (
    sa.select(origins).ext(distinct_on(origins.c.device_id)).order_by(origins.c.device_id, origins.c.opened_at.desc())
)
_origin = _NEWEST.subquery("origin")
_BOXES = Query(
    sa.select(
        devices.c.id, devices.c.name, devices.c.state, devices.c.site_id, devices.c.is_online, devices.c.telemetry,
        sites.c.name.label("site_name"),
        _origin.c.origin_id, _origin.c.state.label("origin_state"), _origin.c.mark, _origin.c.safe_mark,
        _origin.c.head_told, pending(_origin.c), oldest_unsent(_origin.c), connected(_origin.c),
        is_heard(devices.c.id).label("is_heard"),
        sa.case((devices.c.is_online, devices.c.presence_at)).label("online_since"), _origin.c.opened_at,
        _origin.c.digest_at, _origin.c.is_digest_equal,
        _origin.c.last_seen, _origin.c.clock_offset_ms, _origin.c.agent_version, _origin.c.last_error,
        (feeds.c.head - feeds.c.acked).label("feed_lag"),
    )
    .select_from(
        devices.join(sites, sites.c.id == devices.c.site_id)
        .outerjoin(_origin, _origin.c.device_id == devices.c.id)
        .outerjoin(feeds, feeds.c.site_id == devices.c.site_id)
    )
    .order_by(sites.c.code, devices.c.enrolled_at)
)  # fmt: skip


async def boxes(connection: Connection) -> list[Box]:
    """All boxes."""
    return [_box(row) for row in await _BOXES.fetch(connection)]


def _box(row: Row) -> Box:
    return Box(
        device_id=str(row["id"]),
        device_name=row["name"],
        device_state=row["state"],
        site_id=str(row["site_id"]),
        site_name=row["site_name"],
        origin_id=None if row["origin_id"] is None else str(row["origin_id"]),
        origin_state=row["origin_state"],
        mark=row["mark"] or 0,
        safe_mark=row["safe_mark"] or 0,
        head=None if row["origin_id"] is None else max(row["head_told"], row["mark"]),
        pending=row["pending"],
        oldest_unsent_ms=row["oldest_unsent"],
        is_heard=row["is_heard"],
        is_connected=row["is_connected"],
        is_online=row["is_online"],
        last_seen_ms=row["last_seen"],
        feed_lag=row["feed_lag"],
        clock_offset_ms=row["clock_offset_ms"],
        agent_version=row["agent_version"],
        last_error=row["last_error"],
        online_since_ms=row["online_since"],
        opened_at_ms=row["opened_at"],
        digest_at_ms=row["digest_at"],
        is_digest_equal=bool(row["is_digest_equal"]),
        telemetry=row["telemetry"],
    )
