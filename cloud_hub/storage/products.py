"""SQL of products, with their barcodes; each write ends with a change on every store's feed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from cloud_hub.storage import changes
from cloud_hub.storage.database import Connection, Query, Row, given
from cloud_hub.storage.listing import equals, page, paged
from cloud_hub.storage.schema import barcodes, hub_state, levels, products, sites
from cloud_hub.storage.versions import Versioned, first_version, next_version
from sync_protocol import changes as wire
from sync_protocol.quantity import parse_money

FIELDS = (
    "sku", "name", "category", "unit", "price", "cost", "currency", "lifecycle", "metadata", "reorder_point",
    "critical_level", "negative_policy",
)  # fmt: skip
_NODE = "hub"


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
    barcodes: tuple[Barcode, ...]
    created_at_ms: int
    updated_at_ms: int


class ProductFilter(NamedTuple):
    """Which products a list wants; None: all."""

    q: str | None = None
    category: str | None = None
    lifecycle: str | None = None
    sku: str | None = None


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
_SELECT = sa.select(
    *(column for column in products.c if column.name not in ("search", "proposed_by_site", "merged_into")), _CODES
)
_ID = sa.bindparam("id", type_=sa.Uuid)
_FIND = Query(_SELECT.where(products.c.id == _ID))
_LOCK = Query(_SELECT.where(products.c.id == _ID).with_for_update(of=products))
_FIND_BY_CODE = Query(
    _SELECT.add_columns(barcodes.c.code, barcodes.c.pack_quantity)
    .join_from(products, barcodes, barcodes.c.product_id == products.c.id)
    .where(barcodes.c.code == sa.bindparam("code", type_=sa.Text))
)
_BY_IDS = Query(_SELECT.where(products.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))))
_IS_USED = Query(sa.select(sa.exists().where(levels.c.site_id == sites.c.id, levels.c.product_id == _ID)))
"""By site, as every key of a large table begins with it."""


def _text(name: str) -> sa.BindParameter[str]:
    return sa.bindparam(name, type_=sa.Text)


_LIST = paged(
    _SELECT.where(products.c.deleted_at.is_(None), equals(products.c.category, products.c.lifecycle, products.c.sku)),
    products.c.name,
    products.c.id,
)
_LIST_ALL = Query(_LIST)
_SEARCH = Query(
    _LIST.where(
        sa.or_(
            products.c.search.op("@@")(sa.func.to_tsquery("simple", _text("words"))),
            sa.func.lower(products.c.sku).like(_text("prefix")),
            products.c.id.in_(sa.select(barcodes.c.product_id).where(barcodes.c.code == _text("code"))),
        )
    )
)
_INSERT = Query(products.insert().values(given(products, "id", *FIELDS, "registers") | first_version()))
_UPDATE = Query(
    products.update()
    .where(products.c.id == _ID)
    .values(
        {name: sa.bindparam(f"new_{name}", type_=products.c[name].type) for name in (*FIELDS, "registers")}
        | next_version(products)
    )
)
_EPOCH_NOW = Query(sa.select(hub_state.c.hub_epoch))


async def find(connection: Connection, product_id: str) -> Product | None:
    row = await _FIND.fetchrow(connection, id=product_id)
    return None if row is None else _made(row)


async def lock(connection: Connection, product_id: str) -> Product | None:
    """The product, which nobody else changes until this transaction ends."""
    row = await _LOCK.fetchrow(connection, id=product_id)
    return None if row is None else _made(row)


async def find_by_code(connection: Connection, code: str) -> tuple[Product, Barcode] | None:
    row = await _FIND_BY_CODE.fetchrow(connection, code=code)
    return None if row is None else (_made(row), Barcode(row["code"], row["pack_quantity"]))


async def list_by_name(
    connection: Connection, wanted: ProductFilter, after: tuple[str, UUID] | None, skip: int, limit: int
) -> list[Product]:
    """Products by (name, id); with `q`, those with words that begin so, or with that SKU or code."""
    arguments = page(after, skip, limit)
    arguments |= {"category": wanted.category, "lifecycle": wanted.lifecycle, "sku": wanted.sku}
    if wanted.q is None:
        rows = await _LIST_ALL.fetch(connection, **arguments)
    else:
        rows = await _SEARCH.fetch(connection, **arguments, **_search(wanted.q))
    return [_made(row) for row in rows]


async def list_by_ids(connection: Connection, product_ids: list[str]) -> list[Product]:
    """Those of these products that exist."""
    return [_made(row) for row in await _BY_IDS.fetch(connection, ids=product_ids)]


async def is_used(connection: Connection, product_id: str) -> bool:
    """Whether any movement was made in its unit."""
    return bool(await _IS_USED.fetchval(connection, id=product_id))


async def insert(connection: Connection, product_id: str, fields: Mapping[str, Any], now_ms: int) -> None:
    """Raises asyncpg.UniqueViolationError for a SKU that is taken."""
    values = {"lifecycle": "active", **fields}
    epoch = await _EPOCH_NOW.fetchval(connection)
    registers = {name: _register(epoch, 1, now_ms) for name in values}
    await _INSERT.execute(connection, id=product_id, now=now_ms, registers=registers, **values)


async def update(connection: Connection, known: Product, fields: Mapping[str, Any], now_ms: int) -> None:
    """Change the given fields of a locked product and give it the next version."""
    changed = {name: value for name, value in fields.items() if getattr(known, name) != value}
    epoch = await _EPOCH_NOW.fetchval(connection)
    registers = known.registers | {name: _register(epoch, known.version[1] + 1, now_ms) for name in changed}
    values = {name: changed.get(name, getattr(known, name)) for name in FIELDS}
    arguments = {f"new_{name}": value for name, value in (values | {"registers": registers}).items()}
    await _UPDATE.execute(connection, id=known.id, now=now_ms, **arguments)


async def publish(connection: Connection, product_id: str, now_ms: int) -> Product:
    """Put the product as it is now onto every store's feed."""
    product = await find(connection, product_id)
    assert product is not None
    await changes.append(connection, None, wire.change(feed_body(product)), now_ms)
    return product


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


def _register(epoch: int, number: int, now_ms: int) -> dict[str, Any]:
    """Who wrote a field last: what sync_protocol.registers decides by."""
    return {"version": [epoch, number], "hlc": [now_ms, 0], "node": _NODE}


def _search(q: str) -> dict[str, str]:
    words = re.findall(r"\w+", q.lower())[:10]
    escaped = re.sub(r"([\\%_])", r"\\\1", q.lower())
    code = q if len(q) not in (8, 12, 13) or not q.isdecimal() else q.zfill(14)
    return {"words": " & ".join(f"'{word}':*" for word in words), "prefix": f"{escaped}%", "code": code}


def _made(row: Row) -> Product:
    return Product(
        id=str(row["id"]),
        **{name: row[name] for name in FIELDS},
        version=(row["version_epoch"], row["version"]),
        registers=row["registers"],
        barcodes=tuple(Barcode(code, pack) for code, pack in row["codes"]),
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
    )
