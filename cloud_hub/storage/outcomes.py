"""SQL that finds a command's outcome in the ledger, whichever record carries it."""

from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, bound
from cloud_hub.storage.schema import facts, movements

_MOVEMENT = Query(
    sa.select(movements.c.origin_id, movements.c.sequence, movements.c.movement_id)
    .where(movements.c.site_id == bound(movements.c.site_id), movements.c.command_id == bound(movements.c.command_id))
    .limit(1)
)
_FACT = Query(
    sa.select(facts.c.origin_id, facts.c.sequence, facts.c.body)
    .where(
        facts.c.site_id == bound(facts.c.site_id),
        facts.c.kind == "outcome",
        facts.c.body["command_id"].astext == bound(movements.c.command_id),
    )
    .limit(1)
)


async def find(connection: Connection, site_id: object, command_id: str) -> dict[str, Any] | None:
    """What `commands.settle` takes, but the moment; None while there is none."""
    made = await _MOVEMENT.fetchrow(connection, site_id=site_id, command_id=command_id)
    if made is not None:
        return {
            "site_id": site_id,
            "id": command_id,
            "state": "done",
            "code": "",
            "detail": "",
            "outcome_origin": made["origin_id"],
            "outcome_sequence": made["sequence"],
            "movement_id": made["movement_id"],
        }
    told = await _FACT.fetchrow(connection, site_id=site_id, command_id=command_id)
    if told is None:
        return None
    body = told["body"]
    return {
        "site_id": site_id,
        "id": command_id,
        "state": str(body.get("status", "done")),
        "code": str(body.get("code", "")),
        "detail": str(body.get("detail", "")),
        "outcome_origin": told["origin_id"],
        "outcome_sequence": told["sequence"],
        "movement_id": None,
    }
