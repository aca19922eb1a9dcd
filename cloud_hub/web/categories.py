"""Categories, and the thresholds that categories and the whole chain give to products without their own."""

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import MISSING, Field

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, Stale
from cloud_hub.services.categories import Category, Defaults
from cloud_hub.web.fields import Input, Name, Quantity, QuantityText, Text, Time, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed, quantity
from sync_protocol.quantity import parse_quantity

table = Table("products")


class ThresholdFields(Input):
    reorder_point: Quantity | MISSING | None = MISSING
    """At or below it stock is low; null: what is wider holds."""
    critical_level: Quantity | MISSING | None = MISSING
    """At or below it stock is critical; null: what is wider holds."""


class NewCategory(ThresholdFields):
    name: Name
    description: Text = ""


class CategoryPatch(ThresholdFields):
    """RFC 7396: a field given replaces, null clears, a field left out stays."""

    name: Name | MISSING = MISSING
    """Its products get the new name with it."""
    description: Text | MISSING = MISSING


class CategoryView(View):
    id: str
    name: str
    """What products have as their `category`."""
    description: str
    reorder_point: QuantityText | None
    critical_level: QuantityText | None
    products: int
    """How many are in it and not archived."""
    version: str
    created_at: Time
    updated_at: Time


class Categories(View):
    items: list[CategoryView]
    next_cursor: str | None


class CategoriesQuery(PageQuery):
    q: Annotated[Text, Field(min_length=1)] | None = None
    """How the name begins, in any case."""


class Thresholds(View):
    reorder_point: QuantityText | None
    critical_level: QuantityText | None
    version: str


_ONE = "/categories/{category_id}"


@table.add("GET", "/categories", permission=Permission.PRODUCTS_READ, query=CategoriesQuery, answer=Categories)
async def list_categories(call: Call[CategoriesQuery, None]) -> Answer:
    """Categories by name"""
    query = call.query
    found = await call.hub.categories.list(query.q, query.after(str, UUID), query.skip, query.limit)
    return listed(call, Categories, found, view_of, lambda each: (each.name, each.id))


@table.add("POST", "/categories", permission=Permission.PRODUCTS_WRITE, body=NewCategory, answer=CategoryView,
           status=201, errors=(Conflict,))  # fmt: skip
async def create_category(call: Call[None, NewCategory]) -> Answer:
    """Add a category (one that a product names begins by itself)"""
    fields = {**dict.fromkeys(_THRESHOLDS), **thresholds_inside(call.body)}
    category = await call.hub.categories.create(fields, call.now_ms)
    return _tagged(category, Location=f"{PREFIX}/categories/{category.id}")


@table.add("GET", _ONE, permission=Permission.PRODUCTS_READ, answer=CategoryView, errors=(NotFound,))
async def get_category(call: Call[None, None]) -> Answer:
    """One category, with its version as ETag"""
    return _tagged(await call.hub.categories.get(call.path["category_id"]))


@table.add("PATCH", _ONE, permission=Permission.PRODUCTS_WRITE, body=CategoryPatch, answer=CategoryView,
           errors=(NotFound, Conflict, Invalid, Stale), conditional=True)  # fmt: skip
async def edit_category(call: Call[None, CategoryPatch]) -> Answer:
    """Rename a category, or change the thresholds of its products that have none themselves"""
    fields = thresholds_inside(call.body)
    return _tagged(await call.hub.categories.edit(call.path["category_id"], fields, call.if_match, call.now_ms))


@table.add("DELETE", _ONE, permission=Permission.PRODUCTS_WRITE, status=204, errors=(NotFound, Conflict, Stale),
           conditional=True)  # fmt: skip
async def delete_category(call: Call[None, None]) -> web.Response:
    """Forget a category that no product is in"""
    await call.hub.categories.delete(call.path["category_id"], call.if_match, call.now_ms)
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


@table.add("GET", "/thresholds", permission=Permission.PRODUCTS_READ, answer=Thresholds)
async def get_thresholds(_call: Call[None, None]) -> Answer:
    """What the whole chain falls back to, where no site, category or product says otherwise"""
    return _chain(await _call.hub.categories.defaults())


@table.add("PATCH", "/thresholds", permission=Permission.SITES_WRITE, body=ThresholdFields, answer=Thresholds,
           errors=(Conflict, Stale), conditional=True)  # fmt: skip
async def edit_thresholds(call: Call[None, ThresholdFields]) -> Answer:
    """Change what the whole chain falls back to; every box learns of it by its feed"""
    call.principal.require_reach(None)
    return _chain(await call.hub.categories.edit_defaults(thresholds_inside(call.body), call.if_match, call.now_ms))


_THRESHOLDS = ("reorder_point", "critical_level")


def thresholds_inside(body: Input) -> dict[str, Any]:
    """A body's fields, its thresholds in thousandths."""
    fields = body.model_dump()
    for name in _THRESHOLDS:
        if fields.get(name) is not None:
            fields[name] = parse_quantity(fields[name])
    return fields


def _tagged(category: Category, **headers: str) -> Answer:
    return Answer(view=view_of(category), headers={"ETag": f'"{category.etag}"', **headers})


def _chain(defaults: Defaults) -> Answer:
    view = Thresholds(
        reorder_point=quantity(defaults.reorder_point), critical_level=quantity(defaults.critical_level),
        version=defaults.etag,
    )  # fmt: skip
    return Answer(view=view, headers={"ETag": f'"{defaults.etag}"'})


def view_of(category: Category) -> CategoryView:
    """A category as the API shows it."""
    return CategoryView(
        id=category.id, name=category.name, description=category.description,
        reorder_point=quantity(category.reorder_point), critical_level=quantity(category.critical_level),
        products=category.products, version=category.etag, created_at=rfc3339(category.created_at_ms),
        updated_at=rfc3339(category.updated_at_ms),
    )  # fmt: skip
