"""SQL of a short stretch: what a till has just sold, with all that belongs to it, in one statement.

Five tables get a row or two then. One by one they would mostly wait for one another's
answers; a long stretch goes table by table, by COPY (`services/writing.py` chooses).
"""

from collections.abc import Sequence

from cloud_hub.domain.intake import KeyUse, Plan
from cloud_hub.storage import batches, ledger, levels, origins
from cloud_hub.storage.at_once import AtOnce
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin

_APPEND = AtOnce(
    movements=ledger.INSERT_MOVEMENTS, levels=levels.ADD_LEVELS, keys=ledger.ADD_KEYS,
    batches=batches.INSERT_BATCHES, mark=origins.SAVE_MARK,
)  # fmt: skip


async def append(
    connection: Connection, origin: Origin, made: Plan, kept: Sequence[batches.Kept], now_ms: int
) -> tuple[list[levels.Level], list[KeyUse]]:
    """Movements, levels, keys, batches and the mark; levels that went below zero, keys that were used before."""
    site_id, origin_id = origin.site_id, origin.origin_id
    deltas = {(site_id, *place): quantity for place, quantity in made.levels.items()}
    found = await _APPEND.run(
        connection,
        movements=ledger.movements_given(made.movements),
        levels=levels.levels_given(deltas),
        keys=ledger.keys_given(site_id, origin_id, made.keys),
        batches=batches.batches_given(kept, now_ms),
        mark=origins.mark_given(origin_id, made.mark, made.mark_hash, now_ms),
    )
    return levels.below_zero(found["levels"], deltas).get(site_id, []), ledger.reused(made.keys, found["keys"])
