"""Are hub and store equal to the unit? Read behind both programs' backs, from their databases.

Independent of the product's own word: levels row by row, their digest, the chain's head,
gaps and duplicates.
"""

import asyncio
import sqlite3
from typing import Any, NamedTuple

import asyncpg

from deploy.local.stack import Stack, Store
from sync_protocol.digest import bucket_sums

OWN = ("shelf", "backroom", "hold")
Levels = dict[tuple[str, str], int]


class Audit(NamedTuple):
    """What was found in one store and the hub's copy of it."""

    movements: int
    hub_movements: int
    records: int
    mark: int
    different_levels: int
    duplicates: int
    gaps: int
    is_chain_equal: bool
    is_digest_equal: bool
    is_zero_sum: bool
    edge: Levels

    @property
    def is_equal(self) -> bool:
        """Nothing is lost, doubled or different."""
        return (
            self.movements == self.hub_movements
            and self.records == self.mark
            and not (self.different_levels or self.duplicates or self.gaps)
            and self.is_chain_equal and self.is_digest_equal and self.is_zero_sum
        )  # fmt: skip

    def on_hand(self, product_id: str) -> int:
        """Thousandths in the store's own places."""
        return sum(self.edge.get((product_id, place), 0) for place in OWN)


def audit(stack: Stack, store: Store) -> Audit:
    """Compare both databases."""
    edge = edge_levels(store)
    records, chain_hash, movements = _edge_ledger(store)
    origin = store.sync()["origin_id"]
    hub = asyncio.run(_hub(stack, store.site_id, origin))
    different = {key for key in edge.keys() | hub["levels"].keys() if edge.get(key, 0) != hub["levels"].get(key, 0)}
    return Audit(
        movements=movements,
        hub_movements=hub["movements"],
        records=records,
        mark=hub["mark"],
        different_levels=len(different),
        duplicates=hub["movements"] - hub["distinct"],
        gaps=hub["gaps"],
        is_chain_equal=chain_hash == hub["chain_hash"],
        is_digest_equal=_digest(edge) == _digest(hub["levels"]),
        is_zero_sum=sum(edge.values()) == 0 == sum(hub["levels"].values()),
        edge=edge,
    )


def edge_levels(store: Store) -> Levels:
    """Every level of the store that is not zero."""
    rows = _edge(store, "SELECT product_id, location, quantity FROM levels WHERE quantity <> 0")
    return {(product, place): quantity for product, place, quantity in rows}


def count_movements(store: Store, *reasons: str) -> int:
    """Movements with these reasons in the store's ledger."""
    marks = ",".join("?" * len(reasons))
    return int(_edge(store, f"SELECT count(*) FROM ledger WHERE reason IN ({marks})", *reasons)[0][0])


def _edge(store: Store, statement: str, *values: str) -> list[Any]:
    connection = sqlite3.connect(f"file:{store.folder / 'store.db'}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def _edge_ledger(store: Store) -> tuple[int, bytes, int]:
    head, chain_hash = _edge(store, "SELECT sequence, chain_hash FROM ledger ORDER BY sequence DESC LIMIT 1")[0]
    return head, chain_hash, _edge(store, "SELECT count(*) FROM ledger WHERE reason IS NOT NULL")[0][0]


def _digest(levels: Levels) -> bytes:
    return bucket_sums((product, place, quantity) for (product, place), quantity in levels.items())


async def _hub(stack: Stack, site_id: str, origin_id: str) -> dict[str, Any]:
    connection = await asyncpg.connect(stack.postgres.url("backstock"))
    try:
        levels = await connection.fetch(
            "SELECT product_id::text, location, quantity FROM levels WHERE site_id = $1::uuid AND quantity <> 0",
            site_id,
        )
        known = await connection.fetchrow(
            "SELECT mark, chain_hash FROM origins WHERE origin_id = $1::uuid AND site_id = $2::uuid", origin_id, site_id
        )
        counted = await connection.fetchrow(
            "SELECT count(*) AS movements, count(DISTINCT sequence) AS distinct FROM movements"
            " WHERE site_id = $1::uuid AND origin_id = $2::uuid", site_id, origin_id,
        )  # fmt: skip
        gaps = await connection.fetchval(
            "SELECT count(*) FROM (SELECT first_sequence, lag(first_sequence + count) OVER (ORDER BY first_sequence)"
            " AS expected FROM batches WHERE site_id = $1::uuid AND origin_id = $2::uuid) AS run"
            " WHERE expected IS NOT NULL AND first_sequence <> expected", site_id, origin_id,
        )  # fmt: skip
    finally:
        await connection.close()
    return {
        "levels": {(row["product_id"], row["location"]): row["quantity"] for row in levels},
        "mark": known["mark"], "chain_hash": bytes(known["chain_hash"]), "gaps": gaps, **dict(counted),
    }  # fmt: skip
