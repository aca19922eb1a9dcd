"""A year's sales of 100 stores and 5,000 products: the sales report beside the same sums over the sales themselves.

A million lines are made by SQL, added up into the rollups as the hub does (day after day),
and kept in a table as narrow as can be for the reference.
"""

import asyncio
import time
from datetime import date
from typing import Any

import asyncpg

from deploy.local.stack import Stack
from tests.benchmarks import closed_loop
from tests.benchmarks.closed_loop import Load
from tests.benchmarks.harness import Figures, latencies

SITES, PRODUCTS, LINES = 100, 5_000, 1_000_000
FIRST, LAST = date(2025, 11, 15), date(2026, 11, 14)
CLIENTS, SECONDS = 4, 4.0
_PATH = f"/api/v1/sales/report?start_date={FIRST}&end_date={LAST}"
_NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
_PRODUCTS = (
    "INSERT INTO products (id, sku, name, category, price, cost, version_epoch, version, created_at, updated_at)"
    " SELECT gen_random_uuid(), 'YEAR-' || n, 'Product ' || n, 'Group ' || n % 40, 2, 1, 0, n, 0, 0"
    " FROM generate_series(1, $1::int) n"
)
_SITES = (
    "INSERT INTO sites (id, code, name, kind, is_default, version_epoch, version, created_at)"
    " SELECT gen_random_uuid(), 'y' || n, 'Site ' || n, 'edge', false, 0, n, 0 FROM generate_series(1, $1::int) n"
)
_LINES = (
    "CREATE TABLE bench_sales AS WITH s AS (SELECT id, row_number() OVER () - 1 AS n FROM sites LIMIT {sites}),"
    " p AS (SELECT id, row_number() OVER () - 1 AS n FROM products LIMIT {products}),"
    " sold AS (SELECT n % {sites} AS site, n / {sites} AS k FROM generate_series(1, {lines}) n)"
    " SELECT s.id AS site_id, p.id AS product_id, DATE '{first}' + (k * 37 + site * 11) % 365 AS day,"
    " (1000 * (1 + k % 3))::bigint AS quantity, (199 + k % 900)::bigint AS amount"
    " FROM sold JOIN s ON s.n = site JOIN p ON p.n = (k * 7919 + site * 31) % {products}"
)
_ROLLUP = (
    "INSERT INTO {table} (site_id, product_id, day, reason, currency, movements, added, taken, amount, cost)"
    " SELECT coalesce(site_id, {nil}), coalesce(product_id, {nil}), {day}, 'sale', 'EUR', count(*), 0, sum(quantity),"
    " sum(amount), sum(amount) / 2 FROM bench_sales"
    " GROUP BY GROUPING SETS ((site_id, product_id, {day}), (site_id, {day}), (product_id, {day}), ({day})) ORDER BY 3"
)
_YEAR = "FROM bench_sales WHERE day BETWEEN $1 AND $2 GROUP BY 1"
_PLAIN = (
    f"SELECT date_trunc('month', day), sum(quantity), sum(amount) {_YEAR}",
    f"SELECT product_id, sum(quantity), sum(amount) AS amount {_YEAR} ORDER BY amount DESC LIMIT 50",
    f"SELECT site_id, sum(quantity), sum(amount) AS amount {_YEAR} ORDER BY amount DESC",
)


def fill(stack: Stack) -> Stack:
    """Sites, products, lines and rollups."""
    asyncio.run(_fill(stack.postgres.url("backstock")))
    return stack


def report(stack: Stack) -> Figures:
    """By month, the products and the sites that sold most, one site by week, one category: all of the year."""
    asked = ("&period=month", "&by=product&sort=-revenue&limit=50", "&by=site&sort=-revenue", "&by=category")
    site = stack.expect("GET", "/api/v1/sites")["items"][0]["id"]
    calls = [("GET", _PATH + each, "") for each in (*asked, f"&period=week&site_id={site}")]
    headers = {"Authorization": f"Bearer {stack.token}"}
    figures = closed_loop.run(Load(stack.hub_port, calls, CLIENTS, SECONDS, headers))
    if figures["errors"]:
        raise RuntimeError(f"{figures['errors']:.0f} answers were not good")
    return figures


def plain(stack: Stack) -> Figures:
    """The first three of these as sums over the lines, one after the other."""
    return latencies(asyncio.run(_plain(stack.postgres.url("backstock"))))


async def _plain(url: str) -> list[float]:
    connection = await asyncpg.connect(url)
    seconds = []
    for query in 3 * _PLAIN:
        started = time.perf_counter()
        await connection.fetch(query, FIRST, LAST)
        seconds.append(time.perf_counter() - started)
    await connection.close()
    return seconds


async def _fill(url: str) -> None:
    connection: Any = await asyncpg.connect(url)
    await connection.execute(_SITES, SITES)
    await connection.execute(_PRODUCTS, PRODUCTS)
    await connection.execute(_LINES.format(sites=SITES, products=PRODUCTS, lines=LINES, first=FIRST))
    for table, day in (("moved_days", "day"), ("moved_months", "date_trunc('month', day)::date")):
        await connection.execute(_ROLLUP.format(table=table, nil=_NIL, day=day))
    await connection.execute("VACUUM ANALYZE bench_sales, moved_days, moved_months, products, sites")
    await connection.close()
