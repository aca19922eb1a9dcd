"""SQL of alert settings: one document per scope that has any."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound_array, given
from cloud_hub.storage.schema import alert_settings

_FIND = Query(
    sa.select(alert_settings).where(alert_settings.c.scope == sa.any_(bound_array(alert_settings.c.scope, "scopes")))
)
_made = insert(alert_settings).values(given(alert_settings, "scope", "settings", "updated_at", "updated_by"))
_SAVE = Query(
    _made.on_conflict_do_update(
        index_elements=[alert_settings.c.scope],
        set_={name: _made.excluded[name] for name in ("settings", "updated_at", "updated_by")},
    )
)


async def find_all(connection: Connection, scopes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What these scopes say; one that says nothing is empty."""
    rows = await _FIND.fetch(connection, scopes=list(scopes))
    found = {row["scope"]: row["settings"] for row in rows}
    return {scope: found.get(scope, {}) for scope in scopes}


async def save(connection: Connection, scope: str, settings: dict[str, Any], actor: str, now_ms: int) -> None:
    """Replace what a scope says."""
    await _SAVE.execute(connection, scope=scope, settings=settings, updated_at=now_ms, updated_by=actor)
