"""Reading both sides' ledgers for the checks."""

import sqlite3
from functools import lru_cache
from typing import TYPE_CHECKING

from sync_protocol.records import Decoded, decode

if TYPE_CHECKING:
    from tests.simulation.store import Store
    from tests.simulation.world import World


read = lru_cache(maxsize=8192)(decode)
"""Records are values and the laws look at each several times: its bytes are decoded once."""


def origins_of(world: "World", site_id: str) -> list[str]:
    """A site's origins in the order of succession."""
    return [key[0] for key, row in world.hub.tables.scan("origins") if row.site_id == site_id]


def hub_records(world: "World", origin_id: str) -> list[tuple[int, bytes, bytes]]:
    """(sequence, encoded, chain hash) of the hub's ledger of an origin, in order."""
    rows = world.hub.tables.scan("ledger", origin_id)
    return sorted((key[1], row.encoded, row.chain_hash) for key, row in rows)


def box_records(connection: sqlite3.Connection, origin_id: str, own_origin: str) -> list[tuple[int, bytes, bytes]]:
    """The same of a box's disk, for its own origin or one that it succeeded."""
    if origin_id == own_origin:
        sql, values = "SELECT sequence, encoded, chain_hash FROM ledger ORDER BY sequence", ()
    else:
        sql = "SELECT sequence, encoded, chain_hash FROM former_records WHERE origin_id = ? ORDER BY sequence"
        values = (origin_id,)  # type: ignore[assignment]
    return connection.execute(sql, values).fetchall()


def site_records(world: "World", store: "Store") -> list[Decoded]:
    """Every record that the hub's ledger of a site holds, all origins."""
    return [
        read(encoded)
        for origin_id in origins_of(world, store.site_id)
        for _, encoded, _ in hub_records(world, origin_id)
    ]
