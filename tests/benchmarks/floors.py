"""What PostgreSQL alone can do: the hub's own rows, levels and commits, and no protocol.

One connection, batches of 500, the same tables and durability as the hub's. The faster of
binary COPY and `unnest` is the floor that the whole pipeline is held against.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from cloud_hub.domain.intake import MOVEMENT_COLUMNS
from cloud_hub.storage import migrate
from tests.benchmarks.harness import Figures
from tests.benchmarks.material import product_ids, sales

BATCH = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVELS = (
    "INSERT INTO levels AS l (site_id, product_id, location, quantity)"
    " SELECT $1, p, w, q FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS g(p, w, q)"
    " ON CONFLICT (site_id, product_id, location) DO UPDATE SET quantity = l.quantity + excluded.quantity"
)
_TYPES = {
    "site_id": "uuid", "origin_id": "uuid", "sequence": "bigint", "recorded_at": "timestamptz", "movement_id": "uuid",
    "occurred_at": "timestamptz", "corrected_at": "timestamptz", "item_ref": "bigint", "product_id": "uuid",
    "quantity": "bigint", "expiry": "date",
}  # fmt: skip
_ARRAYS = ", ".join(f"${n}::{_TYPES.get(name, 'text')}[]" for n, name in enumerate(MOVEMENT_COLUMNS, 1))
_UNNEST = f"INSERT INTO movements ({', '.join(MOVEMENT_COLUMNS)}) SELECT * FROM unnest({_ARRAYS})"

Row = tuple[Any, ...]


def rows(count: int) -> list[Row]:
    """The hub's movement rows for the benchmark's sales."""
    ids = [UUID(text) for text in product_ids()]
    site, origin, now = uuid4(), uuid4(), datetime.now(UTC)
    made = []
    for sequence, (index, quantity, at) in enumerate(sales(count), 1):
        when = _EPOCH + timedelta(milliseconds=at)
        made.append((site, origin, sequence, now, uuid4(), when, when, index + 1, ids[index], quantity, "shelf",
                     "customer", "sale", *(None,) * 8))  # fmt: skip
    return made


def floor(url: str, way: str, made: list[Row]) -> Figures:
    """Movements per second of `copy` or `unnest` into a freshly emptied ledger."""
    return asyncio.run(_floor(url, {"copy": _copy, "unnest": _unnest}[way], made))


async def prepare(url: str) -> None:
    """The hub's schema."""
    await migrate.upgrade(url)


async def _floor(url: str, write: Callable[[Any, list[Row]], Awaitable[None]], made: list[Row]) -> Figures:
    connection = await asyncpg.connect(url)
    await connection.execute("TRUNCATE movements, levels")
    batches = [(made[n : n + BATCH], _deltas(made[n : n + BATCH])) for n in range(0, len(made), BATCH)]
    started = time.perf_counter()
    for batch, (products, places, quantities) in batches:
        async with connection.transaction():
            await write(connection, batch)
            await connection.execute(_LEVELS, made[0][0], products, places, quantities)
    seconds = time.perf_counter() - started
    stored = await connection.fetchval("SELECT count(*) FROM movements")
    await connection.close()
    assert stored == len(made), f"expected {len(made)} rows, got {stored}"
    return {"rate": len(made) / seconds}


async def _copy(connection: Any, batch: list[Row]) -> None:
    await connection.copy_records_to_table("movements", records=batch, columns=MOVEMENT_COLUMNS)


async def _unnest(connection: Any, batch: list[Row]) -> None:
    await connection.execute(_UNNEST, *map(list, zip(*batch, strict=True)))


def _deltas(batch: list[Row]) -> tuple[list[UUID], list[str], list[int]]:
    levels: dict[tuple[UUID, str], int] = defaultdict(int)
    for row in batch:
        levels[row[8], row[10]] -= row[9]
        levels[row[8], row[11]] += row[9]
    keys = sorted(levels, key=lambda key: (key[0].bytes, key[1]))
    return [key[0] for key in keys], [key[1] for key in keys], [levels[key] for key in keys]
