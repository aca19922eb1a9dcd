"""The catalogue as a list: search, filters, orders, and what the sites asked for hold together."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Invalid
from cloud_hub.services.catalogue import normal_code
from cloud_hub.services.showing import ProductFilter
from cloud_hub.storage.product_list import Sort, sort_key
from cloud_hub.web.fields import Amount, Code, DeepObject, Name, QueryFlag, Text, Uuid, View
from cloud_hub.web.inventory import Moment
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.product_views import ProductView, view_of
from cloud_hub.web.products import Lifecycle
from cloud_hub.web.times import to_ms
from cloud_hub.web.views import listed

table = Table("products")


class Products(View):
    items: list[ProductView]
    next_cursor: str | None


class ProductsQuery(PageQuery):
    q: Annotated[Text, Field(min_length=1)] | None = None
    """Beginnings of words of name, SKU and category, in any order, without accents; or of a barcode."""
    search: Annotated[Text, Field(min_length=1)] | None = None
    """Another name of `q`."""
    category: Text | None = None
    lifecycle: Lifecycle | Literal["any"] | None = None
    """provisional (begun by a store), active, or archived; any: all; left out: all but archived ones."""
    sku: Name | None = None
    barcode: Code | None = None
    price_gte: Amount | None = Field(None, alias="price[gte]")
    price_lte: Amount | None = Field(None, alias="price[lte]")
    unit_cost_gte: Amount | None = Field(None, alias="unit_cost[gte]")
    unit_cost_lte: Amount | None = Field(None, alias="unit_cost[lte]")
    created_at_gte: Moment | None = Field(None, alias="created_at[gte]")
    created_at_lte: Moment | None = Field(None, alias="created_at[lte]")
    updated_at_gte: Moment | None = Field(None, alias="updated_at[gte]")
    updated_at_lte: Moment | None = Field(None, alias="updated_at[lte]")
    updated_since: Moment | None = None
    """Another name of `updated_at[gte]`; `lifecycle=any` also tells what was archived since."""
    metadata: DeepObject = Field(default_factory=dict)
    """`metadata[colour]=red`: facts that a product has to have, at most five."""
    stocked_at: Uuid | None = None
    """Only what is in this site's assortment."""
    site_id: Uuid | None = None
    """Whose stock `current_stock` is. Left out: all your sites' together."""
    stock: QueryFlag = True
    """false: without `current_stock`, which is quicker in a chain of many sites."""
    sort: Sort = "name"


@table.add("GET", "/products", permission=Permission.PRODUCTS_READ, query=ProductsQuery, answer=Products,
           errors=(Invalid,))  # fmt: skip
async def list_products(call: Call[ProductsQuery, None]) -> Answer:
    """Products in the order asked for; `q` searches words of name, SKU and category, and barcodes"""
    query = call.query
    if query.q is not None and query.search is not None:
        raise Invalid("two_names", "expected q or search", pointer="/query/search")
    wanted = ProductFilter(
        q=query.q or query.search, equals=_equals(query), metadata=query.metadata, sort=query.sort,
        with_archived=query.lifecycle in ("any", "archived"),
    )  # fmt: skip
    if query.stocked_at is not None:
        call.principal.require_site(query.stocked_at)
    key = int if query.sort.endswith("updated_at") else str
    found = await call.hub.showing.list(
        wanted, call.principal.sites_of(query.site_id), query.after(key, UUID), query.skip, query.limit,
        with_stock=query.stock and call.principal.may(Permission.STOCK_READ),
    )  # fmt: skip
    return listed(call, Products, found, view_of, lambda each: sort_key(each.product, query.sort))


def _equals(query: ProductsQuery) -> dict[str, Any]:
    """The filters that were given, as the storage names them."""
    given = {
        "category": query.category, "sku": query.sku, "stocked_at": query.stocked_at,
        "lifecycle": None if query.lifecycle == "any" else query.lifecycle,
        "code": None if query.barcode is None else normal_code(query.barcode),
        "price_gte": query.price_gte, "price_lte": query.price_lte,
        "cost_gte": query.unit_cost_gte, "cost_lte": query.unit_cost_lte,
        "created_at_gte": _ms(query.created_at_gte), "created_at_lte": _ms(query.created_at_lte),
        "updated_at_gte": _ms(query.updated_at_gte or query.updated_since),
        "updated_at_lte": _ms(query.updated_at_lte),
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)
