"""The catalogue: products and their barcodes, with versions as ETags."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import MISSING, Field

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, Stale
from cloud_hub.services.catalogue import Draft, Product, ProductFilter
from cloud_hub.web.fields import (
    Amount,
    AmountText,
    Code,
    Currency,
    Input,
    Metadata,
    Name,
    PositiveQuantity,
    Quantity,
    QuantityText,
    Text,
    Time,
    View,
)
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery, make_cursor
from cloud_hub.web.times import rfc3339
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("products")

Lifecycle = Literal["provisional", "active", "archived"]
Policy = Literal["block", "warn", "allow"]


class BarcodeBody(Input):
    code: Code
    """GTIN-8, 12, 13 or 14, or an internal code."""
    pack_quantity: PositiveQuantity = Decimal(1)


class ProductFields(Input):
    category: Text = ""
    unit: Annotated[Text, Field(min_length=1, max_length=20)] = "each"
    price: Amount | None = None
    unit_cost: Amount | None = None
    currency: Currency = "EUR"
    reorder_point: Quantity | None = None
    critical_level: Quantity | None = None
    negative_policy: Policy | None = None
    metadata: Metadata = Field(default_factory=dict)


class NewProduct(ProductFields):
    sku: Name
    name: Name
    barcodes: Annotated[list[BarcodeBody], Field(max_length=100)] = Field(default_factory=list)


class ProductPatch(Input):
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
    critical_level: Quantity | MISSING | None = MISSING
    negative_policy: Policy | MISSING | None = MISSING
    metadata: Metadata | MISSING = MISSING


class BarcodeView(View):
    code: str
    pack_quantity: QuantityText


class ProductView(View):
    id: str
    sku: str
    name: str
    category: str
    unit: str
    price: AmountText | None
    unit_cost: AmountText | None
    currency: str
    lifecycle: str
    reorder_point: QuantityText | None
    critical_level: QuantityText | None
    negative_policy: str | None
    metadata: dict[str, Any]
    barcodes: list[BarcodeView]
    version: str
    created_at: Time
    updated_at: Time


class Products(View):
    items: list[ProductView]
    next_cursor: str | None


class ProductsQuery(PageQuery):
    q: Annotated[Text, Field(min_length=1)] | None = None
    category: Text | None = None
    lifecycle: Lifecycle | None = None
    sku: Name | None = None


class Lookup(View):
    code: str
    pack_quantity: QuantityText
    product: ProductView


_ERRORS = (NotFound, Conflict, Invalid)


@table.add("GET", "/products", permission=Permission.PRODUCTS_READ, query=ProductsQuery, answer=Products)
async def list_products(call: Call[ProductsQuery, None]) -> Answer:
    """Products by name; `q` searches words of name, SKU and category, and barcodes"""
    query = call.query
    equals = {name: value for name in ("category", "lifecycle", "sku") if (value := getattr(query, name)) is not None}
    wanted = ProductFilter(q=query.q, equals=equals)
    found = await call.hub.catalogue.list(wanted, after=query.after(str, UUID), skip=query.skip, limit=query.limit)
    cursor = make_cursor((found[-1].name, found[-1].id)) if len(found) == query.limit else None
    return Answer(
        view=Products(items=[view_of(each) for each in found], next_cursor=cursor), headers=link(call, cursor)
    )


@table.add("POST", "/products", permission=Permission.PRODUCTS_WRITE, body=NewProduct, answer=ProductView,
           status=201, others={200: ProductView}, errors=(Conflict, Invalid), idempotent=True)  # fmt: skip
async def create_product(call: Call[None, NewProduct]) -> Answer:
    """Add a product, with its barcodes"""
    body = call.body.model_dump()
    barcodes = [(each["code"], parse_quantity(each["pack_quantity"])) for each in body.pop("barcodes")]
    draft = Draft(fields=_inside(body), barcodes=barcodes)
    product, replayed = await call.hub.catalogue.create(draft, call.key, call.principal, call.now_ms)
    headers = {"Idempotency-Replayed": "true"} if replayed else {"Location": f"/api/v1/products/{product.id}"}
    return _tagged(product, status=200 if replayed else 201, **headers)


@table.add("GET", "/products/{product_id}", permission=Permission.PRODUCTS_READ, answer=ProductView, errors=(NotFound,))
async def get_product(call: Call[None, None]) -> Answer:
    """One product, with its version as ETag"""
    return _tagged(await call.hub.catalogue.get(call.path["product_id"]))


@table.add("PATCH", "/products/{product_id}", permission=Permission.PRODUCTS_WRITE, body=ProductPatch,
           answer=ProductView, errors=(*_ERRORS, Stale), conditional=True)  # fmt: skip
async def patch_product(call: Call[None, ProductPatch]) -> Answer:
    """Change fields of a product (RFC 7396 merge patch)"""
    return await _edit(call)


@table.add("PUT", "/products/{product_id}", permission=Permission.PRODUCTS_WRITE, body=ProductPatch,
           answer=ProductView, errors=(*_ERRORS, Stale), conditional=True)  # fmt: skip
async def put_product(call: Call[None, ProductPatch]) -> Answer:
    """Change fields of a product; a partial body is accepted, as the older systems did"""
    return await _edit(call)


@table.add("DELETE", "/products/{product_id}", permission=Permission.PRODUCTS_WRITE, answer=ProductView,
           errors=(NotFound, Stale), conditional=True)  # fmt: skip
async def archive_product(call: Call[None, None]) -> Answer:
    """Archive a product: it leaves the shelves' catalogue, its history stays"""
    product = await call.hub.catalogue.edit(
        call.path["product_id"], {"lifecycle": "archived"}, call.if_match, call.now_ms
    )
    return _tagged(product)


@table.add("POST", "/products/{product_id}/barcodes", permission=Permission.PRODUCTS_WRITE, body=BarcodeBody,
           answer=ProductView, status=201, errors=_ERRORS)  # fmt: skip
async def link_barcode(call: Call[None, BarcodeBody]) -> Answer:
    """Link a barcode to a product (again: no effect)"""
    pack = parse_quantity(call.body.pack_quantity)
    return _tagged(
        await call.hub.catalogue.link(call.path["product_id"], call.body.code, pack, call.now_ms), status=201
    )


@table.add("DELETE", "/products/{product_id}/barcodes/{code}", permission=Permission.PRODUCTS_WRITE,
           answer=ProductView, errors=(NotFound,))  # fmt: skip
async def unlink_barcode(call: Call[None, None]) -> Answer:
    """Take a barcode off a product"""
    return _tagged(await call.hub.catalogue.unlink(call.path["product_id"], call.path["code"], call.now_ms))


@table.add("GET", "/barcode/lookup/{code}", permission=Permission.PRODUCTS_READ, answer=Lookup, errors=(NotFound,))
async def look_up_barcode(call: Call[None, None]) -> Lookup:
    """The product and pack that a code stands for"""
    product, barcode = await call.hub.catalogue.look_up(call.path["code"])
    return Lookup(code=barcode.code, pack_quantity=format_quantity(barcode.pack_quantity), product=view_of(product))


async def _edit(call: Call[None, ProductPatch]) -> Answer:
    fields = _inside(call.body.model_dump())
    return _tagged(await call.hub.catalogue.edit(call.path["product_id"], fields, call.if_match, call.now_ms))


def _inside(fields: dict[str, Any]) -> dict[str, Any]:
    """Border names and types as the catalogue's own."""
    for name in ("reorder_point", "critical_level"):
        if fields.get(name) is not None:
            fields[name] = parse_quantity(fields[name])
    if "unit_cost" in fields:
        fields["cost"] = fields.pop("unit_cost")
    return fields


def _tagged(product: Product, *, status: int | None = None, **headers: str) -> Answer:
    return Answer(view=view_of(product), status=status, headers={"ETag": f'"{product.etag}"', **headers})


def link(call: Call[Any, Any], cursor: str | None) -> dict[str, str]:
    """The `Link` header of the next page."""
    if cursor is None:
        return {}
    following = call.request.rel_url.without_query_params("skip").update_query(cursor=cursor)
    return {"Link": f'<{following}>; rel="next"'}


def view_of(product: Product) -> ProductView:
    """A product as the API shows it."""
    return ProductView(
        id=product.id, sku=product.sku, name=product.name, category=product.category, unit=product.unit,
        price=amount(product.price), unit_cost=amount(product.cost), currency=product.currency,
        lifecycle=product.lifecycle, reorder_point=quantity(product.reorder_point),
        critical_level=quantity(product.critical_level), negative_policy=product.negative_policy,
        metadata=product.metadata, version=product.etag, created_at=rfc3339(product.created_at_ms),
        updated_at=rfc3339(product.updated_at_ms),
        barcodes=[BarcodeView(code=b.code, pack_quantity=format_quantity(b.pack_quantity)) for b in product.barcodes],
    )  # fmt: skip


def quantity(thousandths: int | None) -> str | None:
    return None if thousandths is None else format_quantity(thousandths)


def amount(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"
