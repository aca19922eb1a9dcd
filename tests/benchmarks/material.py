"""The movements that all cells carry: sales of a shop whose bestsellers sell most.

80 % of the sales are of 20 % of the products; times are minutes apart; everything comes
from a seed, so product, floors and peers handle the same shape of work.
"""

import random
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

from edge_agent.domain.movement import Draft, Goods
from edge_agent.storage import database, ledger

PRODUCTS = 2_000
START_MS = 1_790_000_000_000


def product_ids(count: int = PRODUCTS) -> list[str]:
    """The ids of the shop's products, always the same."""
    rng = random.Random(1)
    return [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count)]


def sales(count: int, *, seed: int = 7, products: int = PRODUCTS) -> Iterator[tuple[int, int, int]]:
    """(product index, quantity in thousandths, milliseconds of UTC) of each sale."""
    rng, at = random.Random(seed), START_MS
    for _ in range(count):
        at += rng.randrange(500, 60_000)
        popular = rng.random() < 0.8
        index = rng.randrange(products // 5) if popular else rng.randrange(products)
        yield index, 1000 * rng.randrange(1, 4), at


def drafts(ids: list[str], count: int, *, seed: int = 7) -> Iterator[Draft]:
    """The same sales as the store's use case drafts them."""
    goods = [
        Goods(product, f"{2_000_000 + n:013d}", 1000, "each", 199 + n % 900, 99, "EUR") for n, product in enumerate(ids)
    ]
    for index, quantity, at in sales(count, seed=seed, products=len(ids)):
        yield Draft(goods[index], quantity, "shelf", "customer", "sale", at, 0)


def fill_store(path: Path, ids: list[str], count: int) -> None:
    """Append a backlog to a stopped agent's ledger, by the product's own writer, a thousand a commit."""
    connection = database.connect(path)
    waiting: list[Draft] = []
    for draft in drafts(ids, count):
        waiting.append(draft)
        if len(waiting) == 1_000:
            database.transact(connection, ledger.append, waiting)
            waiting = []
    if waiting:
        database.transact(connection, ledger.append, waiting)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def head_of(path: Path) -> int:
    """The last position of a store's ledger."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT max(sequence) FROM ledger").fetchone()[0] or 0)
