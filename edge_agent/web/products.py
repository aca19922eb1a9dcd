"""The catalogue as this store sees it, and products found on the shelf."""

import sqlite3
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from edge_agent.domain.stock import position_of
from edge_agent.errors import Invalid
from edge_agent.services import proposing
from edge_agent.services.counting import product_of
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.proposing import NewProduct
from edge_agent.storage import catalogue, levels
from edge_agent.web import render
from edge_agent.web.body import (
    Body,
    Cursor,
    Key,
    Limit,
    Name,
    Positive,
    Quantity,
    Query,
    Text,
    key_of,
)
from edge_agent.web.context import actor_of, answer, kept, now_ms, store_of
from edge_agent.web.operations import Table
from edge_agent.web.views.goods import ProductCard, ProductView
from edge_agent.web.views.values import Page
from sync_protocol.errors import Malformed
from sync_protocol.gtin import has_wrong_check_digit, is_valid_gtin, parse_gtin
from sync_protocol.quantity import parse_money

TABLE = Table("products")


class NewBarcode(Body):
    code: Key
    pack_quantity: Positive = 1000


class ProductBody(Body):
    sku: Name
    name: Name
    category: Text = ""
    unit: Annotated[str, Field(pattern=r"^[a-z]{1,10}$")] = "each"
    price: Annotated[str, Field(max_length=20)] | None = None
    unit_cost: Annotated[str, Field(max_length=20)] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    reorder_point: Quantity | None = None
    critical_level: Quantity | None = None
    barcodes: Annotated[tuple[NewBarcode, ...], Field(max_length=100)] = ()


class ProductPatch(Body):
    """A field left out stays; null clears it."""

    name: Name = ""
    category: Text = ""
    price: Annotated[str, Field(max_length=20)] | None = None
    unit_cost: Annotated[str, Field(max_length=20)] | None = None
    reorder_point: Quantity | None = None
    critical_level: Quantity | None = None


class ProductQuery(Query):
    q: Text = ""
    limit: Limit = 100
    cursor: Cursor | None = None


@TABLE.add("GET", "/products", answer=Page[ProductView])
async def get_products(request: web.Request, query: ProductQuery) -> web.Response:
    """A page of products; `q` matches beginnings of words."""
    return answer(await store_of(request).database.read(_page, query))


@TABLE.add("GET", "/products/{id}", answer=ProductCard)
async def get_product(request: web.Request) -> web.Response:
    """One product with its codes and stock."""
    return answer(await store_of(request).database.read(_one, request.match_info["id"]))


@TABLE.add("POST", "/products", answer=ProductCard, status=201, keyed=True)
async def post_product(request: web.Request, body: ProductBody) -> web.Response:
    """A provisional product: usable here at once, proposed to head office."""
    return kept(await store_of(request).database.write(_create, body, actor_of(request), key_of(request)))


@TABLE.add("PATCH", "/products/{id}", answer=ProductCard, keyed=True)
async def patch_product(request: web.Request, body: ProductPatch) -> web.Response:
    """Change a product here at once and propose it to head office; of a provisional one price and thresholds too."""
    asked = request.match_info["id"], body, actor_of(request), key_of(request)
    return kept(await store_of(request).database.write(_edit, *asked), 200)


@TABLE.add("DELETE", "/products/{id}", answer=ProductCard, keyed=True)
async def delete_product(request: web.Request) -> web.Response:
    """Take back a provisional product that was made by mistake."""
    asked = request.match_info["id"], actor_of(request), key_of(request)
    return kept(await store_of(request).database.write(_withdraw, *asked), 200)


def _page(connection: sqlite3.Connection, query: ProductQuery) -> Answer:
    rows = catalogue.list_products(connection, q=query.q, after=query.cursor or 0, limit=query.limit)
    more = str(rows[-1][0]) if len(rows) == query.limit else None
    return {"items": [render.product(product) for _, product in rows], "next_cursor": more}


def _one(connection: sqlite3.Connection, product_id: str) -> Answer:
    product = product_of(connection, product_id)
    held, reserved = levels.held(connection, product_id)
    codes = catalogue.codes_of(connection, product_id)
    return {
        **render.product(product),
        "barcodes": [{"code": code, "pack_quantity": render.quantity(pack)} for code, pack in codes],
        "stock": render.stock(position_of(held, reserved)),
    }


def _create(connection: sqlite3.Connection, body: ProductBody, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        new = NewProduct(
            sku=body.sku, name=body.name, category=body.category, unit=body.unit,
            price=_money(body.price, body.currency, "price"),
            cost=_money(body.unit_cost, body.currency, "unit_cost"), currency=body.currency,
            reorder_point=body.reorder_point, critical_level=body.critical_level, actor=actor,
            codes=tuple((new_code(barcode.code, f"/barcodes/{index}/code"), barcode.pack_quantity)
                        for index, barcode in enumerate(body.barcodes)),
        )  # fmt: skip
        made = proposing.create_provisional(connection, new, now_ms())
        return _one(connection, made.product.product_id) | {"position": made.position}, made.position

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _edit(connection: sqlite3.Connection, product_id: str, body: ProductPatch, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        currency = product_of(connection, product_id).currency
        fields: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
        if not fields:
            raise Invalid("empty", "expected a field to change")
        for name, inside in (("price", "price"), ("unit_cost", "cost")):
            if name in fields:
                fields[inside] = _money(fields.pop(name), currency, name)
        made = proposing.edit_product(connection, product_id, fields, actor, now_ms())
        return _one(connection, product_id) | {"position": made.position}, made.position

    return once(connection, key, fingerprint("edit", product_id, body.model_dump(mode="json", exclude_unset=True)), act)


def _withdraw(connection: sqlite3.Connection, product_id: str, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        made = proposing.withdraw_product(connection, product_id, actor, now_ms())
        return _one(connection, product_id) | {"position": made.position}, made.position

    return once(connection, key, fingerprint("withdraw", product_id), act)


def new_code(code: str, pointer: str) -> str:
    """A GTIN as 14 digits, any other code as it is. Raises Invalid for what no scanner would read."""
    if has_wrong_check_digit(code):
        raise Invalid("check_digit", f"expected the right check digit of a GTIN, got {code}", pointer=pointer)
    return parse_gtin(code) if is_valid_gtin(code) else code


def _money(text: str | None, currency: str, name: str) -> int | None:
    if text is None:
        return None
    try:
        amount = parse_money(text, currency)
    except Malformed as error:
        raise Invalid("money", error.detail, pointer=f"/{name}") from error
    if amount < 0:
        raise Invalid("money", f"expected 0 or more, got {text}", pointer=f"/{name}")
    return amount
