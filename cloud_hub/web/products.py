"""The catalogue: products with what a site holds of them, with versions as ETags.

A write may name a level (`current_stock`): it is posted as opening stock or as a correction,
compared and set, at the site named, else the caller's only one, else the default one.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import MISSING, Field

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from cloud_hub.services.adjusting import Adjustment
from cloud_hub.services.catalogue import Draft
from cloud_hub.web.commands import CommandView, asked_answer
from cloud_hub.web.fields import (
    Amount,
    Code,
    Currency,
    Input,
    Metadata,
    Name,
    NotNegative,
    PositiveQuantity,
    Quantity,
    Text,
    Uuid,
)
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.product_views import ProductView, tagged, view_of
from sync_protocol.quantity import parse_quantity
from sync_protocol.vocabulary import Reason

table = Table("products")

Lifecycle = Literal["provisional", "active", "archived"]
Policy = Literal["block", "warn", "allow"]


class BarcodeBody(Input):
    code: Code
    """GTIN-8, 12, 13 or 14, or an internal code."""
    pack_quantity: PositiveQuantity = Decimal(1)


class StockFields(Input):
    current_stock: NotNegative | None = None
    """What the site holds; of a store with a box this is a command to it (202)."""
    site_id: Uuid | None = None
    """Where that is. Left out: your only site, else the default site."""


class ProductFields(StockFields):
    category: Text = ""
    unit: Annotated[Text, Field(min_length=1, max_length=20)] = "each"
    price: Amount | None = None
    unit_cost: Amount | None = None
    currency: Currency = "EUR"
    reorder_point: Quantity | None = None
    """At or below it stock is low; null: the category's holds, else the site's, else the chain's."""
    reorder_threshold: Quantity | None = None
    """Another name of `reorder_point`."""
    critical_level: Quantity | None = None
    negative_policy: Policy | None = None
    """Of decrements below zero through the API; null: the site's holds, else they are refused."""
    metadata: Metadata = Field(default_factory=dict)


class NewProduct(ProductFields):
    sku: Name
    name: Name
    barcodes: Annotated[list[BarcodeBody], Field(max_length=100)] = Field(default_factory=list)


class ChangedFields(Input):
    """RFC 7396: a field given replaces, null clears, a field left out stays."""

    sku: Name | MISSING = MISSING
    name: Name | MISSING = MISSING
    category: Text | MISSING = MISSING
    unit: Annotated[Text, Field(min_length=1, max_length=20)] | MISSING = MISSING
    price: Amount | MISSING | None = MISSING
    unit_cost: Amount | MISSING | None = MISSING
    currency: Currency | MISSING = MISSING
    lifecycle: Literal["active", "archived"] | MISSING = MISSING
    reorder_point: Quantity | MISSING | None = MISSING
    reorder_threshold: Quantity | MISSING | None = MISSING
    """Another name of `reorder_point`."""
    critical_level: Quantity | MISSING | None = MISSING
    negative_policy: Policy | MISSING | None = MISSING
    metadata: Metadata | MISSING = MISSING


class ProductPatch(ChangedFields, StockFields):
    """RFC 7396: a field given replaces, null clears, a field left out stays."""


class StockQuery(Input):
    site_id: Uuid | None = None
    """Whose stock to show. Left out: your only site's, else the default site's."""


_ERRORS = (NotFound, Conflict, Invalid)


@table.add("POST", "/products", permission=Permission.PRODUCTS_WRITE, body=NewProduct, answer=ProductView,
           status=201, others={200: ProductView, 202: CommandView}, errors=(*_ERRORS, Forbidden),
           idempotent=True)  # fmt: skip
async def create_product(call: Call[None, NewProduct]) -> Answer:
    """Add a product, with its barcodes and what a site holds of it already"""
    body = call.body
    await _require_stock(call)
    fields = inside(body.model_dump(exclude={"current_stock", "site_id"}))
    barcodes = [(each["code"], parse_quantity(each["pack_quantity"])) for each in fields.pop("barcodes")]
    draft = Draft(fields=fields, barcodes=barcodes)
    product, replayed = await call.hub.catalogue.create(draft, call.key, call.principal, call.now_ms)
    if (asked := await _set_stock(call, product.id, Reason.OPENING)) is not None:
        return asked
    headers = {"Idempotency-Replayed": "true"} if replayed else {"Location": f"{PREFIX}/products/{product.id}"}
    return await _shown(call, product.id, body.site_id, status=200 if replayed else 201, **headers)


@table.add("GET", "/products/{product_id}", permission=Permission.PRODUCTS_READ, query=StockQuery, answer=ProductView,
           errors=(NotFound, Forbidden))  # fmt: skip
async def get_product(call: Call[StockQuery, None]) -> Answer:
    """One product with what a site holds of it, and its version as ETag"""
    return await _shown(call, call.path["product_id"], call.query.site_id)


@table.add("PATCH", "/products/{product_id}", permission=Permission.PRODUCTS_WRITE, body=ProductPatch,
           answer=ProductView, others={202: CommandView}, errors=(*_ERRORS, Stale, Forbidden), conditional=True,
           idempotent=True)  # fmt: skip
async def patch_product(call: Call[None, ProductPatch]) -> Answer:
    """Change fields of a product (RFC 7396 merge patch), and what a site holds of it"""
    return await _edit(call)


@table.add("PUT", "/products/{product_id}", permission=Permission.PRODUCTS_WRITE, body=ProductPatch,
           answer=ProductView, others={202: CommandView}, errors=(*_ERRORS, Stale, Forbidden), conditional=True,
           idempotent=True)  # fmt: skip
async def put_product(call: Call[None, ProductPatch]) -> Answer:
    """Change fields of a product; a partial body is accepted, as the older systems did"""
    return await _edit(call)


@table.add("DELETE", "/products/{product_id}", permission=Permission.PRODUCTS_WRITE, answer=ProductView,
           errors=(NotFound, Stale), conditional=True)  # fmt: skip
async def archive_product(call: Call[None, None]) -> Answer:
    """Archive a product: it leaves the shelves' catalogue, its history stays"""
    return tagged(
        await call.hub.catalogue.edit(call.path["product_id"], {"lifecycle": "archived"}, call.if_match, call.now_ms)
    )


@table.add("POST", "/products/{product_id}/restore", permission=Permission.PRODUCTS_WRITE, answer=ProductView,
           errors=(NotFound, Stale), conditional=True)  # fmt: skip
async def restore_product(call: Call[None, None]) -> Answer:
    """Take a product back that was archived, or accept one that a store began (provisional)"""
    return tagged(
        await call.hub.catalogue.edit(call.path["product_id"], {"lifecycle": "active"}, call.if_match, call.now_ms)
    )


async def _edit(call: Call[None, ProductPatch]) -> Answer:
    product_id = call.path["product_id"]
    await _require_stock(call)
    fields = inside(call.body.model_dump(exclude={"current_stock", "site_id"}))
    await call.hub.catalogue.edit(product_id, fields, call.if_match, call.now_ms)
    asked = await _set_stock(call, product_id, Reason.CORRECTION)
    return asked or await _shown(call, product_id, call.body.site_id)


async def _require_stock(call: Call[None, Any]) -> None:
    """Before anything is written: may they, and is there such a site?"""
    if call.body.current_stock is not None:
        call.principal.require(Permission.STOCK_WRITE)
    if call.body.current_stock is not None or call.body.site_id is not None:
        await call.hub.stock.site_for(call.principal, call.body.site_id)


async def _set_stock(call: Call[None, Any], product_id: str, reason: Reason) -> Answer | None:
    """Post the difference to the level that was named, compared and set; the answer when a box is asked."""
    if call.body.current_stock is None:
        return None
    site = await call.hub.stock.site_for(call.principal, call.body.site_id)
    held = (await call.hub.showing.get(product_id, site.id, call.principal)).stock
    assert held is not None
    delta = parse_quantity(call.body.current_stock) - held.on_hand
    if delta == 0:
        return None
    asked = Adjustment(
        product_id=product_id, delta=delta, reason=str(reason), expected_quantity=held.available + held.pending
    )
    if site.kind == "edge":
        return asked_answer(await call.hub.adjusting.ask(site, asked, call.key, call.principal, call.now_ms))
    await call.hub.adjusting.adjust(site, asked, call.key, call.principal, call.now_ms)
    return None


def inside(fields: dict[str, Any]) -> dict[str, Any]:
    """Border names and types as the catalogue's own."""
    older = fields.pop("reorder_threshold", None)
    if older is not None and fields.get("reorder_point") is not None:
        raise Invalid("two_names", "expected reorder_point or reorder_threshold", pointer="/reorder_threshold")
    if older is not None:
        fields["reorder_point"] = older
    for name in ("reorder_point", "critical_level"):
        if fields.get(name) is not None:
            fields[name] = parse_quantity(fields[name])
    if "unit_cost" in fields:
        fields["cost"] = fields.pop("unit_cost")
    return fields


async def _shown(call: Call[Any, Any], product_id: str, site_id: str | None, *, status: int | None = None,
                 **headers: str) -> Answer:  # fmt: skip
    shown = await call.hub.showing.get(product_id, site_id, call.principal)
    return Answer(view=view_of(shown), status=status, headers={"ETag": f'"{shown.product.etag}"', **headers})
