"""SQL of a short stretch: what a till has just sold, with all that belongs to it, in one statement.

Five tables get a row or two then. One by one they would mostly wait for one another's
answers; a long stretch goes table by table, by COPY (`services/writing.py` chooses).
"""

from collections.abc import Sequence

import sqlalchemy as sa

from cloud_hub.domain.intake import KeyUse, Plan
from cloud_hub.storage import batches, ledger, levels, origins
from cloud_hub.storage.at_once import AtOnce
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin

_APPEND = AtOnce(
    movements=ledger.inserting_movements(), levels=levels.adding_levels(), keys=ledger.adding_keys(),
    batches=batches.inserting_batches(), mark=origins.SAVE_MARK,
)  # fmt: skip
_IF_MOVED = sa.exists().select_from(sa.table("wrote_mark"))
_ADVANCE = AtOnce(
    mark=origins.moving_mark(~levels.falling_below_zero(), ~ledger.has_used_a_key()),
    movements=ledger.inserting_movements(_IF_MOVED), levels=levels.adding_levels(_IF_MOVED),
    keys=ledger.adding_keys(_IF_MOVED), batches=batches.inserting_batches(_IF_MOVED),
)  # fmt: skip


async def advance(
    connection: Connection, origin: Origin, made: Plan, kept: Sequence[batches.Kept], now_ms: int
) -> int | None:
    """All of it and the mark, if the origin still is as we knew it and nothing has to follow; else nothing.

    Needs no transaction and no lock before it: a statement is its own. Returns the safe mark. None: the mark or the
    lease has moved, a level would fall below zero, or a key was used before.
    """
    deltas = levels.levels_given(_deltas(origin, made))
    asked = {**deltas, "used_at": origin.site_id, "used_keys": [use.key for use in made.keys]}
    found = await _ADVANCE.run(
        connection,
        mark=asked | origins.mark_moved(origin, made.mark, made.mark_hash, now_ms),
        movements=ledger.movements_given(made.movements),
        levels=deltas,
        keys=ledger.keys_given(origin.site_id, origin.origin_id, made.keys),
        batches=batches.batches_given(kept, now_ms),
    )
    return next((safe_mark for (safe_mark,) in found["mark"]), None)


async def append(
    connection: Connection, origin: Origin, made: Plan, kept: Sequence[batches.Kept], now_ms: int
) -> tuple[list[levels.Level], list[KeyUse]]:
    """Movements, levels, keys, batches and the mark; levels that went below zero, keys that were used before."""
    site_id, origin_id = origin.site_id, origin.origin_id
    deltas = _deltas(origin, made)
    found = await _APPEND.run(
        connection,
        movements=ledger.movements_given(made.movements),
        levels=levels.levels_given(deltas),
        keys=ledger.keys_given(site_id, origin_id, made.keys),
        batches=batches.batches_given(kept, now_ms),
        mark=origins.mark_given(origin_id, made.mark, made.mark_hash, now_ms),
    )
    return levels.below_zero(found["levels"], deltas).get(site_id, []), ledger.reused(made.keys, found["keys"])


def _deltas(origin: Origin, made: Plan) -> dict[levels.Place, int]:
    return {(origin.site_id, *place): quantity for place, quantity in made.levels.items()}
