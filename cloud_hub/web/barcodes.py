"""Barcodes: which product and pack a code stands for, and linking codes to products."""

from typing import Any

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.showing import Shown
from cloud_hub.web.fields import Code, Input, QuantityText, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.product_views import ProductView, tagged, view_of
from cloud_hub.web.products import BarcodeBody
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("products")


class Scan(Input):
    barcode: Code
    """As scanned, or as GTIN-14."""


class CodeLink(Scan):
    product_id: Uuid


class Lookup(View):
    code: str
    pack_quantity: QuantityText
    """How many base units one scan of the code means."""
    product: ProductView


_ERRORS = (NotFound, Conflict, Invalid)


@table.add("POST", "/products/{product_id}/barcodes", permission=Permission.PRODUCTS_WRITE, body=BarcodeBody,
           answer=ProductView, status=201, errors=_ERRORS)  # fmt: skip
async def link_barcode(call: Call[None, BarcodeBody]) -> Answer:
    """Link a barcode to a product (again: no effect)"""
    pack = parse_quantity(call.body.pack_quantity)
    return tagged(await call.hub.catalogue.link(call.path["product_id"], call.body.code, pack, call.now_ms), status=201)


@table.add("DELETE", "/products/{product_id}/barcodes/{code}", permission=Permission.PRODUCTS_WRITE,
           answer=ProductView, errors=(NotFound,))  # fmt: skip
async def unlink_barcode(call: Call[None, None]) -> Answer:
    """Take a barcode off a product"""
    return tagged(await call.hub.catalogue.unlink(call.path["product_id"], call.path["code"], call.now_ms))


@table.add("GET", "/barcode/lookup/{code}", permission=Permission.PRODUCTS_READ, answer=Lookup, errors=(NotFound,))
async def look_up_barcode(call: Call[None, None]) -> Lookup:
    """The product and pack that a code stands for"""
    return await _look_up(call, call.path["code"])


@table.add("POST", "/barcode/scan", permission=Permission.PRODUCTS_READ, body=Scan, answer=Lookup, errors=(NotFound,))
async def scan_barcode(call: Call[None, Scan]) -> Lookup:
    """The product and pack that a code in the body stands for; nothing moves (a store's box has `/scans` for that)"""
    return await _look_up(call, call.body.barcode)


@table.add("POST", "/barcode/link", permission=Permission.PRODUCTS_WRITE, body=CodeLink, answer=ProductView,
           errors=_ERRORS)  # fmt: skip
async def link_code(call: Call[None, CodeLink]) -> Answer:
    """Link a barcode to a product that the body names, one base unit a scan (again: no effect)"""
    return tagged(await call.hub.catalogue.link(call.body.product_id, call.body.barcode, 1000, call.now_ms))


async def _look_up(call: Call[None, Any], code: str) -> Lookup:
    product, barcode = await call.hub.catalogue.look_up(code)
    view = view_of(Shown(product, None))
    return Lookup(code=barcode.code, pack_quantity=format_quantity(barcode.pack_quantity), product=view)
