"""SQL of what edges told of their levels, beside what their movements add up to.

Kinds: `summary` (advisory), `pruned` (signed), `baseline` (booked).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, copy_rows
from cloud_hub.storage.schema import level_claims

_COLUMNS = (
    "site_id",
    "origin_id",
    "kind",
    "product_id",
    "location",
    "position",
    "quantity",
    "evidence",
    "told_at",
)
_DROP_CLAIMS = Query(
    level_claims.delete().where(
        level_claims.c.site_id == bound(level_claims.c.site_id),
        level_claims.c.origin_id == bound(level_claims.c.origin_id),
        level_claims.c.kind == bound(level_claims.c.kind),
    )
)
_CLAIMS = Query(
    sa.select(level_claims).where(
        level_claims.c.site_id == bound(level_claims.c.site_id),
        level_claims.c.origin_id == bound(level_claims.c.origin_id),
        level_claims.c.kind == bound(level_claims.c.kind),
    )
)


async def save_claims(
    connection: Connection, site_id: UUID, origin_id: UUID, kind: str, position: int,
    claimed: Iterable[tuple[Any, str, int]], now_ms: int, *, evidence: bytes | None = None, replace: bool = True,
) -> None:  # fmt: skip
    """What an edge told of its levels: `summary` (advisory), `pruned` (signed), `baseline` (booked)."""
    if replace:
        await _DROP_CLAIMS.execute(connection, site_id=site_id, origin_id=origin_id, kind=kind)
    rows = [
        (site_id, origin_id, kind, product, place, position, quantity, evidence, now_ms)
        for product, place, quantity in claimed
    ]
    await copy_rows(connection, level_claims, _COLUMNS, rows)


async def list_claims(connection: Connection, site_id: object, origin_id: object, kind: str) -> list[Row]:
    """What was told of one kind."""
    return await _CLAIMS.fetch(connection, site_id=site_id, origin_id=origin_id, kind=kind)
