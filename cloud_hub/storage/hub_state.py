"""SQL of the hub's own row: who it is and which epoch it is in."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, bound, given
from cloud_hub.storage.schema import hub_state


@dataclass(frozen=True, slots=True, kw_only=True)
class HubState:
    """`epochs` is the history: each new epoch with its moment and reason."""

    hub_id: str
    hub_epoch: int
    public_key: bytes | None
    epochs: list[dict[str, Any]]


_GET = Query(sa.select(hub_state))
_EPOCH = Query(sa.select(hub_state.c.hub_epoch))
_LOCK = Query(sa.select(hub_state).with_for_update())
_SET_EPOCH = Query(hub_state.update().values(given(hub_state, "hub_epoch", "epochs")))
_CLOCK = Query(sa.select(sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)))
_SET_KEY = Query(hub_state.update().values(public_key=bound(hub_state.c.public_key)))


async def get(connection: Connection, *, lock: bool = False) -> HubState:
    """The row; `lock` makes epochs change one at a time."""
    row = await (_LOCK if lock else _GET).fetchrow(connection)
    assert row is not None
    return HubState(
        hub_id=str(row["hub_id"]), hub_epoch=row["hub_epoch"], public_key=row["public_key"], epochs=row["epochs"]
    )


async def epoch(connection: Connection) -> int:
    """The epoch it is in, part of every version."""
    value: int = await _EPOCH.fetchval(connection)
    return value


async def save_epoch(connection: Connection, hub_epoch: int, epochs: list[dict[str, Any]]) -> None:
    """Begin another epoch."""
    await _SET_EPOCH.execute(connection, hub_epoch=hub_epoch, epochs=epochs)


async def save_public_key(connection: Connection, public_key: bytes) -> None:
    """Remember which key this hub signs with."""
    await _SET_KEY.execute(connection, public_key=public_key)


async def clock_ms(connection: Connection) -> int:
    """What the database's machine says the time is."""
    return int(await _CLOCK.fetchval(connection))
