"""SQL of webhooks: who wants to hear of which events, and how far they have been given."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.schema import webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One receiver. `site_ids` None means every site."""

    id: str
    url: str
    description: str
    types: tuple[str, ...]
    site_ids: frozenset[str] | None
    state: str
    """active, paused (by a person) or disabled (failed for too long)."""
    detail: str
    secret_serial: int
    rotated_at_ms: int | None
    cursor: int
    """The position up to which events were put into its outbox."""
    failing_since_ms: int | None
    made_by: str
    created_at_ms: int
    updated_at_ms: int


_ID = webhooks.c.id == bound(webhooks.c.id)
_EDITABLE = ("url", "description", "types", "site_ids", "is_everywhere", "state", "detail", "secret_serial",
             "rotated_at", "failing_since", "updated_at")  # fmt: skip
_WRITTEN = ("id", "cursor", "made_by", "created_at", *_EDITABLE)
_FIND = Query(sa.select(webhooks).where(_ID))
_LOCK = Query(sa.select(webhooks).where(_ID).with_for_update())
_LIST = Query(sa.select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id))
_BEHIND = Query(
    sa.select(webhooks)
    .where(webhooks.c.state == "active", webhooks.c.cursor < bound(webhooks.c.cursor, "head"))
    .order_by(webhooks.c.id)
    .with_for_update(skip_locked=True)
)
_COUNT = Query(sa.select(sa.func.count()).select_from(webhooks))
_INSERT = Query(webhooks.insert().values(given(webhooks, *_WRITTEN)))
_SAVE = Query(webhooks.update().where(_ID).values(given(webhooks, *_EDITABLE)))
_MOVE = Query(webhooks.update().where(_ID).values(given(webhooks, "cursor")))
_DELETE = Query(webhooks.delete().where(_ID))


async def find(connection: Connection, webhook_id: str, *, lock: bool = False) -> Webhook | None:
    row = await (_LOCK if lock else _FIND).fetchrow(connection, id=webhook_id)
    return None if row is None else _made(row)


async def list_all(connection: Connection) -> list[Webhook]:
    """Oldest first."""
    return [_made(row) for row in await _LIST.fetch(connection)]


async def list_behind(connection: Connection, head: int) -> list[Webhook]:
    """Active ones that have not been given all events, locked; those that another process serves are left out."""
    return [_made(row) for row in await _BEHIND.fetch(connection, head=head)]


async def count(connection: Connection) -> int:
    """How many there are."""
    value: int = await _COUNT.fetchval(connection)
    return value


async def insert(connection: Connection, webhook: Webhook) -> None:
    await _INSERT.execute(
        connection, **_columns(webhook), cursor=webhook.cursor, made_by=webhook.made_by,
        created_at=webhook.created_at_ms,
    )  # fmt: skip


async def save(connection: Connection, webhook: Webhook) -> None:
    """Everything that can change but its cursor."""
    await _SAVE.execute(connection, **_columns(webhook))


async def move(connection: Connection, webhook_id: str, cursor: int) -> None:
    """It was given events up to here."""
    await _MOVE.execute(connection, id=webhook_id, cursor=cursor)


async def delete(connection: Connection, webhook_id: str) -> None:
    await _DELETE.execute(connection, id=webhook_id)


def _columns(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id, "url": webhook.url, "description": webhook.description, "types": list(webhook.types),
        "site_ids": sorted(webhook.site_ids or ()), "is_everywhere": webhook.site_ids is None,
        "state": webhook.state, "detail": webhook.detail, "secret_serial": webhook.secret_serial,
        "rotated_at": webhook.rotated_at_ms, "failing_since": webhook.failing_since_ms,
        "updated_at": webhook.updated_at_ms,
    }  # fmt: skip


def _made(row: Row) -> Webhook:
    return Webhook(
        id=str(row["id"]), url=row["url"], description=row["description"], types=tuple(row["types"]),
        site_ids=None if row["is_everywhere"] else frozenset(map(str, row["site_ids"])), state=row["state"],
        detail=row["detail"], secret_serial=row["secret_serial"], rotated_at_ms=row["rotated_at"],
        cursor=row["cursor"], failing_since_ms=row["failing_since"], made_by=row["made_by"],
        created_at_ms=row["created_at"], updated_at_ms=row["updated_at"],
    )  # fmt: skip
