"""A product at each site: whether it is stocked there, at which price, and from when it is low."""

from typing import Any, Literal
from uuid import UUID

from pydantic import MISSING

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, Stale
from cloud_hub.services.assortment import SiteProduct
from cloud_hub.web.fields import Amount, AmountText, Input, NotNegative, Quantity, QuantityText, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.products import Policy
from cloud_hub.web.views import amount, listed, quantity
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("products")


class SiteProductPatch(Input):
    """RFC 7396: a field given replaces, null goes back to the chain's, a field left out stays."""

    is_stocked: bool | MISSING = MISSING
    """Whether the site has it in its assortment; a store's box keeps no product that it does not stock."""
    price: Amount | MISSING | None = MISSING
    reorder_point: Quantity | MISSING | None = MISSING
    critical_level: Quantity | MISSING | None = MISSING
    minimum: NotNegative | MISSING | None = MISSING
    """What the shelf should always show."""
    maximum: NotNegative | MISSING | None = MISSING
    """Up to what to order."""
    negative_policy: Policy | MISSING | None = MISSING


class Threshold(View):
    quantity: QuantityText
    source: Literal["site_product", "product", "category", "site", "chain", "none"]
    """Who says so: the site for this product, the product, its category, the site, the chain."""


class SiteProductView(View):
    site_id: str
    is_stocked: bool
    price: AmountText | None
    """The site's own; null: the product's."""
    reorder_point: QuantityText | None
    critical_level: QuantityText | None
    minimum: QuantityText | None
    maximum: QuantityText | None
    negative_policy: str | None
    holding_reorder_point: Threshold
    """What holds in the end."""
    holding_critical_level: Threshold
    version: str


class SiteProducts(View):
    items: list[SiteProductView]
    next_cursor: str | None


_ALL = "/products/{product_id}/sites"
_ONE = "/products/{product_id}/sites/{site_id}"


@table.add("GET", _ALL, permission=Permission.PRODUCTS_READ, query=PageQuery, answer=SiteProducts, errors=(NotFound,))
async def list_product_sites(call: Call[PageQuery, None]) -> Answer:
    """A product at each of your sites, with the thresholds that hold there"""
    query = call.query
    found = await call.hub.assortment.list(
        call.path["product_id"], call.principal.site_list, query.after(UUID), query.skip, query.limit
    )
    return listed(call, SiteProducts, found, view_of, lambda each: (each.site_id,))


@table.add("GET", _ONE, permission=Permission.PRODUCTS_READ, answer=SiteProductView, errors=(NotFound,))
async def get_product_site(call: Call[None, None]) -> Answer:
    """A product at one site"""
    call.principal.require_site(call.path["site_id"])
    return _tagged(await call.hub.assortment.get(call.path["product_id"], call.path["site_id"]))


@table.add("PATCH", _ONE, permission=Permission.PRODUCTS_WRITE, body=SiteProductPatch, answer=SiteProductView,
           errors=(NotFound, Conflict, Invalid, Stale), conditional=True)  # fmt: skip
async def edit_product_site(call: Call[None, SiteProductPatch]) -> Answer:
    """Change what a site says of a product itself; its box learns of it by its feed"""
    site_id = call.path["site_id"]
    call.principal.require_site(site_id)
    fields = _inside(call.body.model_dump())
    made = await call.hub.assortment.edit(call.path["product_id"], site_id, fields, call.if_match, call.now_ms)
    return _tagged(made)


@table.add("DELETE", _ONE, permission=Permission.PRODUCTS_WRITE, answer=SiteProductView, errors=(NotFound, Stale),
           conditional=True)  # fmt: skip
async def forget_product_site(call: Call[None, None]) -> Answer:
    """Let the chain's values hold at a site again"""
    site_id = call.path["site_id"]
    call.principal.require_site(site_id)
    return _tagged(await call.hub.assortment.delete(call.path["product_id"], site_id, call.if_match, call.now_ms))


def _inside(fields: dict[str, Any]) -> dict[str, Any]:
    for name in ("reorder_point", "critical_level", "minimum", "maximum"):
        if fields.get(name) is not None:
            fields[name] = parse_quantity(fields[name])
    return fields


def _tagged(found: SiteProduct) -> Answer:
    return Answer(view=view_of(found), headers={"ETag": f'"{found.etag}"'})


def view_of(found: SiteProduct) -> SiteProductView:
    """A product at a site as the API shows it."""
    return SiteProductView(
        site_id=found.site_id, is_stocked=found.is_stocked, price=amount(found.price),
        reorder_point=quantity(found.reorder_point), critical_level=quantity(found.critical_level),
        minimum=quantity(found.minimum), maximum=quantity(found.maximum), negative_policy=found.negative_policy,
        holding_reorder_point=_threshold(found, "reorder_point"),
        holding_critical_level=_threshold(found, "critical_level"), version=found.etag,
    )  # fmt: skip


def _threshold(found: SiteProduct, name: str) -> Threshold:
    held, source = found.holds[name]
    return Threshold.model_validate({"quantity": format_quantity(held), "source": source})
