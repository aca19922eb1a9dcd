"""Peer: the same box as many would build it. FastAPI and the SQLAlchemy ORM on SQLite
(WAL, synchronous=FULL): POST /scan finds the product by its barcode, writes the movement,
the level and an outbox row, commits.

Run by uvicorn with BENCH_SQLITE naming the file, which `create(path, products)` fills.
"""

import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ.get('BENCH_SQLITE', ':memory:')}")
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


@event.listens_for(engine.sync_engine, "connect")
def durable(connection: object, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
    connection.execute("PRAGMA synchronous=FULL")  # type: ignore[attr-defined]
    connection.execute("PRAGMA busy_timeout=10000")  # type: ignore[attr-defined]


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    barcode: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class Level(Base):
    __tablename__ = "levels"
    product_id: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[int]


class Movement(Base):
    __tablename__ = "movements"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int]
    quantity: Mapped[int]
    reason: Mapped[str]
    occurred_at: Mapped[int]


class Outbox(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]


class ScanIn(BaseModel):
    code: str
    mode: str = "sell"


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


@app.post("/scan", status_code=201)
async def scan(body: ScanIn, db: Annotated[AsyncSession, Depends(session)]) -> dict[str, int | str]:
    product = await db.scalar(select(Product).where(Product.barcode == body.code))
    if product is None:
        raise HTTPException(404, "unknown barcode")
    level = await db.get(Level, product.id)
    assert level is not None
    level.quantity -= 1
    movement = Movement(product_id=product.id, quantity=1, reason="sale", occurred_at=time.time_ns())
    db.add(movement)
    await db.flush()
    db.add(Outbox(body=json.dumps({"id": movement.id, "product": product.id, "quantity": 1})))
    await db.commit()
    return {"movement_id": movement.id, "product": product.name, "level": level.quantity}


def create(path: Path, codes: list[str]) -> None:
    """The file with its tables and products, all in stock."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA journal_mode=WAL;"
        "CREATE TABLE products (id INTEGER PRIMARY KEY, barcode TEXT NOT NULL UNIQUE, name TEXT NOT NULL);"
        "CREATE TABLE levels (product_id INTEGER PRIMARY KEY, quantity INTEGER NOT NULL);"
        "CREATE TABLE movements (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL, quantity INTEGER NOT NULL,"
        " reason TEXT NOT NULL, occurred_at INTEGER NOT NULL);"
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT NOT NULL);"
    )
    connection.executemany(
        "INSERT INTO products VALUES (?,?,?)", ((n, c, f"Product {n}") for n, c in enumerate(codes, 1))
    )
    connection.execute("INSERT INTO levels SELECT id, 100000 FROM products")
    connection.commit()
    connection.close()
