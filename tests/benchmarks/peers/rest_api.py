"""Peer: what many would build. FastAPI and the SQLAlchemy ORM on PostgreSQL: an outbox
posts one movement a request (or a hundred), a new box pages through the catalogue, people
read a product, search products and take stock away. Nobody has to log in.

Run by uvicorn with BENCH_DSN set; tables are made by `create`.
"""

import os
from collections.abc import AsyncIterator
from typing import Annotated, Any, ClassVar

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ["BENCH_DSN"], pool_size=20, max_overflow=0, pool_timeout=60)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {int: BigInteger, dict[str, Any]: JSON}


class Product(Base):
    __tablename__ = "peer_products"
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str]
    barcode: Mapped[str]
    name: Mapped[str]
    category: Mapped[str]
    unit: Mapped[str]
    price_cents: Mapped[int]
    reorder_point: Mapped[int]
    details: Mapped[dict[str, Any]]


class Level(Base):
    __tablename__ = "peer_levels"
    site_id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[int]


class Movement(Base):
    __tablename__ = "peer_movements"
    origin_id: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int]
    quantity: Mapped[int]
    reason: Mapped[str]
    occurred_at: Mapped[int]
    details: Mapped[dict[str, Any]]


class MovementIn(BaseModel):
    origin_id: int
    sequence: int
    product_id: int
    quantity: int
    reason: str
    occurred_at: int
    details: dict[str, Any]


class ProductOut(BaseModel):
    model_config = {"from_attributes": True}
    id: int
    sku: str
    barcode: str
    name: str
    category: str
    unit: str
    price_cents: int
    reorder_point: int
    details: dict[str, Any]


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


@app.post("/movements")
async def post_movement(movement: MovementIn, db: Session) -> dict[str, int]:
    await _record(db, movement)
    await db.commit()
    return {"sequence": movement.sequence}


@app.post("/movements/bulk")
async def post_movements(movements: list[MovementIn], db: Session) -> dict[str, int]:
    for movement in movements:
        await _record(db, movement)
    await db.commit()
    return {"count": len(movements)}


@app.get("/catalogue")
async def catalogue(db: Session, after: int = 0, limit: int = 1000) -> list[ProductOut]:
    found = await db.scalars(select(Product).where(Product.id > after).order_by(Product.id).limit(limit))
    return [ProductOut.model_validate(product) for product in found]


@app.get("/products/{product_id}")
async def get_product(product_id: int, db: Session) -> ProductOut:
    product = await db.get(Product, product_id)
    if product is None:
        raise HTTPException(404, "unknown product")
    return ProductOut.model_validate(product)


@app.get("/products")
async def search(q: str, db: Session, limit: int = 50) -> list[ProductOut]:
    found = select(Product).where(Product.name.ilike(f"%{q}%")).order_by(Product.name, Product.id).limit(limit)
    return [ProductOut.model_validate(product) for product in await db.scalars(found)]


class DecrementIn(BaseModel):
    product_id: int
    quantity: int


@app.post("/stock/decrement")
async def decrement(body: DecrementIn, db: Session) -> dict[str, int]:
    level = await db.get(Level, (1, body.product_id), with_for_update=True)
    if level is None:
        raise HTTPException(404, "unknown product")
    if level.quantity < body.quantity:
        raise HTTPException(409, "insufficient stock")
    level.quantity -= body.quantity
    await db.commit()
    return {"quantity": level.quantity}


async def _record(db: AsyncSession, movement: MovementIn) -> None:
    """Exactly once by primary key; the level is locked, changed, written."""
    if await db.get(Movement, (movement.origin_id, movement.sequence)) is not None:
        return
    level = await db.get(Level, (movement.origin_id, movement.product_id), with_for_update=True)
    if level is None:
        level = Level(site_id=movement.origin_id, product_id=movement.product_id, quantity=0)
        db.add(level)
    level.quantity += movement.quantity
    db.add(Movement(**movement.model_dump()))
    await db.flush()


async def create() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
