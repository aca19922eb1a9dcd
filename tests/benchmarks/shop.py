"""Head office of a chain for the API's cells: 100,000 products, 10 sites, and the peer's tables beside it.

A stack of its own, so that what it holds changes no other cell. All roles run in one hub
process with everything on; only the rate limits are raised. The first site is run by the
hub, so its stock changes at once.
"""

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.stack import Stack
from tests.benchmarks.peers.processes import run_peer_python
from tests.benchmarks.product import DURABLE

PRODUCTS = 100_000
SITES = 10
STOCKED = 1_000
"""Products that the load takes away, from the hub's own site."""
PLENTY = 10**9
BRANDS = tuple(a + b for a in ("Al", "Bo", "Cu", "Du", "El", "Fi", "Go", "Hu", "In", "Ja")
               for b in ("bado", "cera", "dimo", "foni", "gala", "kuno", "lexa", "mira", "novo", "pulo"))  # fmt: skip
KINDS = ("Espresso", "Lantern", "Hose", "Sock", "Notebook", "Kettle", "Hammer", "Pillow", "Candle", "Basket", "Mirror",
         "Ladder", "Blanket", "Bottle", "Brush", "Cable", "Charger", "Curtain", "Drill", "Fender", "Glove", "Helmet",
         "Jacket", "Knife", "Lamp", "Mixer", "Napkin", "Oven", "Pan", "Quilt", "Racket", "Saddle", "Teapot", "Umbrella",
         "Vase", "Wrench", "Yoghurt", "Zipper", "Apron", "Broom")  # fmt: skip
_NAME = "($1::text[])[1 + n % {brands}] || ' ' || ($2::text[])[1 + n / 7 % {kinds}] || ' ' || n % 400 || ' g'"
_NAMED = _NAME.format(brands=len(BRANDS), kinds=len(KINDS))
_PRODUCTS = (
    "INSERT INTO products (id, sku, name, category, price, cost, reorder_point, version_epoch, version, created_at,"
    f" updated_at) SELECT gen_random_uuid(), 'SHOP-' || n, {_NAMED}, 'Group ' || n % 50, (99 + n % 9000) / 100.0,"
    " (49 + n % 4000) / 100.0, 1000 * (n % 40), 0, n, n, n FROM generate_series(1, $3::int) n"
)
_CODES = (
    "INSERT INTO barcodes (code, product_id, pack_quantity, version_epoch, version, created_at)"
    " SELECT lpad((40063000000000 + version)::text, 14, '0'), id, 1000, 0, version, 0 FROM products"
)
_LEVELS = (
    "INSERT INTO levels (site_id, product_id, location, quantity)"
    " SELECT s.id, p.id, 'shelf', 1000 * (p.version % 90) FROM sites s, products p WHERE s.id <> $1"
)
_PEER_PRODUCTS = (
    "INSERT INTO peer_products SELECT n, 'SHOP-' || n, lpad((40063000000000 + n)::text, 14, '0'),"
    f" {_NAMED}, 'Group ' || n % 50, 'each', 99 + n % 9000, n % 40, '{{}}'::json FROM generate_series(1, $3::int) n"
)


@dataclass(frozen=True)
class Shop:
    """The running chain, and what the cells ask of it."""

    stack: Stack
    site_id: str
    """Of the site that the hub runs."""
    product_ids: list[str]
    stocked_ids: list[str]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.token}"}

    @property
    def peer_dsn(self) -> str:
        return self.stack.postgres.url("peer").replace("postgresql://", "postgresql+asyncpg://")


def open_head_office(folder: Path) -> Stack:
    """A stack whose hub answers whoever asks as often as they like."""
    stack = Stack(folder, postgres_options=DURABLE, hub_settings={"HUB_RATE_PER_PRINCIPAL": "0"})
    stack.start()
    return stack


def furnish(stack: Stack) -> Shop:
    """Fill the stack with the chain and the peer's database with the same products."""
    sites = [_site(stack, f"site-{n}", "edge" if n else "hub") for n in range(SITES)]
    ids = asyncio.run(_fill(stack.postgres.url("backstock"), sites[0]))
    stocked = ids[:STOCKED]
    for start in range(0, STOCKED, 500):
        rows = [opening(each, "1000000000") for each in stocked[start : start + 500]]
        stack.expect("POST", "/api/v1/inventory/movements", {"site_id": sites[0], "movements": rows})
    shop = Shop(stack, sites[0], ids, stocked)
    stack.postgres.create_database("peer")
    run_peer_python("import asyncio, rest_api; asyncio.run(rest_api.create())", BENCH_DSN=shop.peer_dsn)
    asyncio.run(_fill_peer(stack.postgres.url("peer")))
    return shop


def _site(stack: Stack, code: str, kind: str) -> str:
    return str(stack.expect("POST", "/api/v1/sites", {"code": code, "name": code, "kind": kind})["id"])


def opening(product_id: str, quantity: str) -> dict[str, Any]:
    """A movement that puts stock onto the shelf."""
    return {"product_id": product_id, "quantity": quantity, "from_location": "adjustment", "to_location": "shelf",
            "reason": "opening"}  # fmt: skip


def searches(count: int = 500) -> list[str]:
    """What people type: half one word, half a brand and a kind."""
    rng = random.Random(3)
    return [rng.choice(KINDS) if n % 2 else f"{rng.choice(BRANDS)} {rng.choice(KINDS)}" for n in range(count)]


async def _fill(url: str, own_site: str) -> list[str]:
    connection = await asyncpg.connect(url)
    await connection.execute(_PRODUCTS, list(BRANDS), list(KINDS), PRODUCTS)
    await connection.execute(_CODES)
    await connection.execute(_LEVELS, own_site)
    await connection.execute("VACUUM ANALYZE products, product_words, barcodes, levels")
    rows = await connection.fetch("SELECT id FROM products ORDER BY version")
    await connection.close()
    return [str(row["id"]) for row in rows]


async def _fill_peer(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(_PEER_PRODUCTS, list(BRANDS), list(KINDS), PRODUCTS)
    await connection.execute(
        "INSERT INTO peer_levels SELECT 1, n, $2 FROM generate_series(1, $1::int) n", STOCKED, PLENTY
    )
    await connection.execute("VACUUM ANALYZE peer_products, peer_levels")
    await connection.close()
