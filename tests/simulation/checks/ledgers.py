"""Reading both sides' ledgers for the checks: each record is read and decoded once for all laws."""

import sqlite3
from functools import lru_cache
from typing import TYPE_CHECKING

from sync_protocol.records import Decoded, decode
from tests.simulation.evidence import Baseline

if TYPE_CHECKING:
    from tests.simulation.world import World


read = lru_cache(maxsize=8192)(decode)
"""Records are values; what is asked for during a run is asked for again and again."""


class Ledgers:
    """The hub's ledgers at one moment: by origin, and decoded."""

    def __init__(self, world: "World") -> None:
        self._origins: dict[str, list[str]] = {store.site_id: [] for store in world.stores}
        self._rows: dict[str, list[tuple[int, bytes, bytes]]] = {}
        self._tables = world.hub.tables
        for (origin_id,), row in world.hub.tables.scan("origins"):
            self._origins[row.site_id].append(origin_id)
            self._rows[origin_id] = []
        for (origin_id, sequence), row in world.hub.tables.scan("ledger"):
            self._rows[origin_id].append((sequence, row.encoded, row.chain_hash))
        for rows in self._rows.values():
            rows.sort()
        self._records = {name: [read(encoded) for _, encoded, _ in rows] for name, rows in self._rows.items()}

    def origins(self, site_id: str) -> list[str]:
        """A site's origins in the order of succession."""
        return self._origins[site_id]

    def rows(self, origin_id: str) -> list[tuple[int, bytes, bytes]]:
        """(sequence, encoded, chain hash) of an origin, in order."""
        return self._rows[origin_id]

    def records(self, origin_id: str) -> list[Decoded]:
        """The records of an origin, in order."""
        return self._records[origin_id]

    def baselines(self, origin_id: str) -> dict[int, Baseline]:
        """Position -> what was booked there for records that are gone."""
        return {key[1]: baseline for key, baseline in self._tables.scan("baselines", origin_id)}

    def of_site(self, site_id: str) -> list[Decoded]:
        """Every record of a site, all origins."""
        return [record for origin_id in self._origins[site_id] for record in self._records[origin_id]]


def box_records(connection: sqlite3.Connection, origin_id: str, own_origin: str) -> list[tuple[int, bytes, bytes]]:
    """The same of a box's disk, for its own origin or one that it succeeded."""
    if origin_id == own_origin:
        sql, values = "SELECT sequence, encoded, chain_hash FROM ledger ORDER BY sequence", ()
    else:
        sql = "SELECT sequence, encoded, chain_hash FROM former_records WHERE origin_id = ? ORDER BY sequence"
        values = (origin_id,)  # type: ignore[assignment]
    return connection.execute(sql, values).fetchall()
