"""SQL of products, with their barcodes; each write ends with a change on every store's feed."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from cloud_hub.storage import categories, changes, hub_state
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.schema import barcodes, levels, products, sites
from cloud_hub.storage.versions import EPOCH, Versioned, first_version, next_version
from sync_protocol import changes as wire
from sync_protocol.quantity import parse_money

FIELDS = (
    "sku", "name", "category", "unit", "price", "cost", "currency", "lifecycle", "metadata", "reorder_point",
    "critical_level", "negative_policy",
)  # fmt: skip
BARCODES = "barcodes"
"""What has a register although it is no column."""
_NODE = "hub"
_PAGE = 1_000


class Barcode(NamedTuple):
    """A code and how many thousandths of the base unit one scan of it means."""

    code: str
    pack_quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Versioned):
    """One product as head office knows it."""

    id: str
    sku: str
    name: str
    category: str
    unit: str
    price: Decimal | None
    cost: Decimal | None
    currency: str
    lifecycle: str
    metadata: dict[str, Any]
    reorder_point: int | None
    critical_level: int | None
    negative_policy: str | None
    version: tuple[int, int]
    registers: dict[str, Any]
    """Who wrote each field last; read by `lock` only."""
    barcodes: tuple[Barcode, ...]
    created_at_ms: int
    updated_at_ms: int


_CODES = (
    sa.select(
        sa.func.coalesce(
            sa.func.jsonb_agg(
                aggregate_order_by(
                    sa.func.jsonb_build_array(barcodes.c.code, barcodes.c.pack_quantity), barcodes.c.code
                )
            ),
            sa.literal_column("'[]'::jsonb"),
            type_=JSONB,
        )
    )
    .where(barcodes.c.product_id == products.c.id)
    .correlate(products)
    .scalar_subquery()
    .label("codes")
)
SELECT = sa.select(
    *(products.c[name] for name in ("id", *FIELDS, "version_epoch", "version", "created_at", "updated_at")), _CODES
)
"""What `made` takes, for the statements of other modules too."""
_ID = bound(products.c.id)
_FIND = Query(SELECT.where(products.c.id == _ID))
_LOCK = Query(SELECT.add_columns(products.c.registers).where(products.c.id == _ID).with_for_update(of=products))
_LOCK_SKU = Query(
    SELECT.add_columns(products.c.registers).where(products.c.sku == bound(products.c.sku)).with_for_update(of=products)
)
_FIND_BY_CODE = Query(
    SELECT.add_columns(barcodes.c.code, barcodes.c.pack_quantity)
    .join_from(products, barcodes, barcodes.c.product_id == products.c.id)
    .where(barcodes.c.code == bound(barcodes.c.code))
)
_LOCK_ALL = Query(
    SELECT.add_columns(products.c.registers)
    .where(products.c.id == sa.any_(bound_array(products.c.id, "ids")))
    .order_by(products.c.id)
    .with_for_update(of=products)
)
_KEPT = products.c.deleted_at.is_(None)
_COUNT = Query(sa.select(sa.func.count()).select_from(products).where(_KEPT))
_ALL = Query(SELECT.where(_KEPT).order_by(products.c.sku))
_BY_IDS = Query(SELECT.where(products.c.id == sa.any_(bound_array(products.c.id, "ids"))))
_MATCHING = Query(
    SELECT.add_columns(products.c.registers)
    .where(
        products.c.id.in_(
            sa.union_all(
                sa.select(products.c.id).where(products.c.sku == sa.any_(bound_array(products.c.sku, "skus"))),
                sa.select(barcodes.c.product_id).where(
                    barcodes.c.code == sa.any_(bound_array(barcodes.c.code, "codes"))
                ),
            )
        )
    )
    .order_by(products.c.id)
    .with_for_update(of=products)
)
_IS_USED = Query(sa.select(sa.exists().where(levels.c.site_id == sites.c.id, levels.c.product_id == _ID)))
"""By site, as every key of a large table begins with it."""


_INSERT = Query(products.insert().values(given(products, "id", *FIELDS, "registers") | first_version()))
_UPDATE = Query(
    products.update()
    .where(products.c.id == _ID)
    .values(
        {name: sa.bindparam(f"new_{name}", type_=products.c[name].type) for name in (*FIELDS, "registers")}
        | next_version(products)
    )
)
_MOVE = Query(
    products.update()
    .where(products.c.category == bound(products.c.category, "old"))
    .values(
        category=bound(products.c.category, "new"),
        registers=products.c.registers.op("||")(
            sa.func.jsonb_build_object(
                "category",
                sa.func.jsonb_build_object(
                    "version", sa.func.jsonb_build_array(EPOCH, products.c.version + 1),
                    "hlc", sa.func.jsonb_build_array(sa.bindparam("now", type_=sa.BigInteger), 0),
                    "node", _NODE,
                ),
            )
        ),
        **next_version(products),
    )
    .returning(products.c.id)
)  # fmt: skip


async def find(connection: Connection, product_id: str) -> Product | None:
    row = await _FIND.fetchrow(connection, id=product_id)
    return None if row is None else made(row)


async def lock(connection: Connection, product_id: str) -> Product | None:
    """The product, which nobody else changes until this transaction ends."""
    row = await _LOCK.fetchrow(connection, id=product_id)
    return None if row is None else made(row)


async def count_all(connection: Connection) -> int:
    """How many products there are, archived ones too."""
    count: int = await _COUNT.fetchval(connection)
    return count


async def pages(connection: Connection) -> AsyncIterator[list[Product]]:
    """All products by SKU, some hundred at a time, inside a transaction."""
    async for rows in _ALL.pages(connection):
        yield [made(row) for row in rows]


async def lock_all(connection: Connection, product_ids: Sequence[str]) -> list[Product]:
    """Those of these products that exist, locked."""
    return [made(row) for row in await _LOCK_ALL.fetch(connection, ids=product_ids)]


async def lock_matching(connection: Connection, skus: Sequence[str], codes: Sequence[str]) -> list[Product]:
    """Products with one of these SKUs or barcodes, which nobody else changes until this transaction ends."""
    return [made(row) for row in await _MATCHING.fetch(connection, skus=skus, codes=codes)]


async def lock_by_sku(connection: Connection, sku: str) -> Product | None:
    """The same by its SKU."""
    row = await _LOCK_SKU.fetchrow(connection, sku=sku)
    return None if row is None else made(row)


async def find_by_code(connection: Connection, code: str) -> tuple[Product, Barcode] | None:
    row = await _FIND_BY_CODE.fetchrow(connection, code=code)
    return None if row is None else (made(row), Barcode(row["code"], row["pack_quantity"]))


async def list_by_ids(connection: Connection, product_ids: Sequence[str]) -> list[Product]:
    """Those of these products that exist."""
    return [made(row) for row in await _BY_IDS.fetch(connection, ids=product_ids)]


async def find_all(connection: Connection, product_ids: Sequence[str]) -> dict[str, Product]:
    """The same by their ids."""
    return {product.id: product for product in await list_by_ids(connection, product_ids)}


async def is_used(connection: Connection, product_id: str) -> bool:
    """Whether any movement was made in its unit."""
    return bool(await _IS_USED.fetchval(connection, id=product_id))


async def insert(connection: Connection, product_id: str, fields: Mapping[str, Any], now_ms: int) -> None:
    """Raises asyncpg.UniqueViolationError for a SKU that is taken."""
    values = {"lifecycle": "active", **fields}
    epoch = await hub_state.epoch(connection)
    registers = {name: register(epoch, 1, now_ms) for name in values}
    await _INSERT.execute(connection, id=product_id, now=now_ms, registers=registers, **values)
    await categories.ensure(connection, [values["category"]], now_ms)


async def update(connection: Connection, known: Product, fields: Mapping[str, Any], now_ms: int) -> None:
    """Change the given fields of a locked product and give it the next version."""
    changed = {name: value for name, value in fields.items() if getattr(known, name) != value}
    await _next_version(connection, known, changed, changed, now_ms)
    if "category" in changed:
        await categories.ensure(connection, [changed["category"]], now_ms)


async def touch(connection: Connection, known: Product, now_ms: int) -> None:
    """Give a locked product whose barcodes have changed its next version."""
    await _next_version(connection, known, {}, (BARCODES,), now_ms)


async def _next_version(
    connection: Connection, known: Product, changed: Mapping[str, Any], written: Iterable[str], now_ms: int
) -> None:
    epoch = await hub_state.epoch(connection)
    registers = known.registers | {name: register(epoch, known.version[1] + 1, now_ms) for name in written}
    values = {name: changed.get(name, getattr(known, name)) for name in FIELDS}
    arguments = {f"new_{name}": value for name, value in (values | {"registers": registers}).items()}
    await _UPDATE.execute(connection, id=known.id, now=now_ms, **arguments)


async def move_category(connection: Connection, old: str, new: str, now_ms: int) -> None:
    """The category's products get its new name, each a new version, and every store hears of them."""
    moved = await _MOVE.fetch(connection, old=old, new=new, now=now_ms)
    await publish_all(connection, [str(row["id"]) for row in moved], now_ms)


async def publish(connection: Connection, product_id: str, now_ms: int) -> Product:
    """Put the product as it is now onto every store's feed."""
    (product,) = await publish_all(connection, [product_id], now_ms)
    return product


async def publish_all(connection: Connection, product_ids: Sequence[str], now_ms: int) -> list[Product]:
    """Put products as they are now onto every store's feed, in the given order."""
    found: dict[str, Product] = {}
    for start in range(0, len(product_ids), _PAGE):
        rows = await list_by_ids(connection, product_ids[start : start + _PAGE])
        found |= {product.id: product for product in rows}
    made = [found[product_id] for product_id in product_ids]
    await changes.append_all(connection, [(None, wire.change(feed_body(product))) for product in made], now_ms)
    return made


def feed_body(product: Product) -> wire.Product | wire.ProductGone:
    """What stores are told of a product."""
    if product.lifecycle == "archived":
        return wire.ProductGone(product_id=product.id, version=product.version)
    lifecycle: Any = product.lifecycle
    policy: Any = product.negative_policy
    return wire.Product(
        product_id=product.id,
        version=product.version,
        sku=product.sku,
        name=product.name,
        category=product.category,
        unit=product.unit,
        price=minor(product.price, product.currency),
        cost=minor(product.cost, product.currency),
        currency=product.currency,
        lifecycle=lifecycle,
        reorder_point=product.reorder_point,
        critical_level=product.critical_level,
        negative_policy=policy,
        barcodes=[wire.Barcode(code=each.code, pack_quantity=each.pack_quantity) for each in product.barcodes],
        metadata=product.metadata,
    )


def minor(amount: Decimal | None, currency: str) -> int | None:
    """An amount in the currency's smallest unit, as ledgers and stores keep it."""
    return None if amount is None else parse_money(amount, currency)


def register(epoch: int, number: int, now_ms: int) -> dict[str, Any]:
    """Who wrote a field last: what sync_protocol.registers decides by."""
    return {"version": [epoch, number], "hlc": [now_ms, 0], "node": _NODE}


def made(row: Row) -> Product:
    """The product of a row of `SELECT`."""
    return Product(
        id=str(row["id"]),
        **{name: row[name] for name in FIELDS},
        version=(row["version_epoch"], row["version"]),
        registers=row.get("registers", {}),
        barcodes=tuple(Barcode(code, pack) for code, pack in row["codes"]),
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
    )
