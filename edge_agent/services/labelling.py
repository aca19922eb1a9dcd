"""From what somebody wants labels of to their descriptions: goods, price, lot and code as they are now.

What is wanted is kept as it was asked for; name and price are looked up when a label is drawn,
so that a label which waited for its printer never shows yesterday's price.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from edge_agent.domain.label_design import Content, Label, Template, describe
from edge_agent.domain.label_symbols import LINK_BASE, Article, Carrier, retail_carrier, symbol_of
from edge_agent.errors import EdgeError, Invalid, NotFound
from edge_agent.services import reading, scanning
from edge_agent.storage import catalogue
from edge_agent.storage.catalogue import Product
from scanner_drivers.decode.digital_link import is_address
from sync_protocol.gtin import is_valid_gtin
from sync_protocol.quantity import format_money

PIECE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Labels of one kind of goods."""

    product_id: str
    code: str
    copies: int = 1
    lot: str | None = None
    expiry: str | None = None
    carrier: str | None = None
    """None: what the template has by itself."""


def want(
    connection: sqlite3.Connection, *, product_id: str | None, code: str | None, copies: int, lot: str | None,
    expiry: str | None, carrier: str | None, now_ms: int,
) -> Wanted:  # fmt: skip
    """Name the goods. A scanned 2D code brings its lot and expiry along. Raises Invalid, NotFound."""
    if (product_id is None) == (code is None):
        raise Invalid("goods", "expected either product_id or code", pointer="/code")
    if code is None:
        product = catalogue.find_product(connection, product_id or "")
        if product is None:
            raise NotFound("product", f"there is no product {product_id!r} here")
        return Wanted(product_id=product.product_id, code=best_code(connection, product), copies=copies, lot=lot,
                      expiry=expiry, carrier=carrier)  # fmt: skip
    scan = reading.read(connection, reading.raw_of(code.encode(), "labels", now_ms), now_ms)
    product = scanning.find_scanned(connection, scan).product
    linked = {linked for linked, _ in catalogue.codes_of(connection, product.product_id)}
    known = next((each for each in (scan.gtin, scan.sku) if each in linked), None)
    return Wanted(
        product_id=product.product_id, code=known or best_code(connection, product), copies=copies,
        lot=lot or scan.lot, expiry=expiry or scan.expiry, carrier=carrier,
    )  # fmt: skip


def best_code(connection: sqlite3.Connection, product: Product) -> str:
    """Of a product's codes the one for a single unit, a GTIN before the shop's own; its SKU when it has none."""
    codes = catalogue.codes_of(connection, product.product_id)
    if not codes:
        return product.sku
    return min(codes, key=lambda each: (each[1] != PIECE, not is_valid_gtin(each[0]), each[0]))[0]


def describe_all(
    connection: sqlite3.Connection, template: Template, wanted: Sequence[Wanted], width: float, height: float
) -> list[Label]:
    """A description of each. Raises Invalid, NotFound, with a pointer to the item."""
    link_base = _link_base(connection)
    labels = []
    for number, each in enumerate(wanted):
        try:
            content = _content(connection, template, each, link_base)
        except EdgeError as error:
            raise about_item(error, number) from error
        labels.append(describe(template, content, width, height, each.copies))
    return labels


def about_item(error: EdgeError, number: int) -> EdgeError:
    """The same refusal, pointing at one of several items."""
    if not isinstance(error, Invalid):
        return error
    return Invalid(error.code, error.detail, pointer=f"/items/{number}{error.pointer}", expected=error.expected)


def _link_base(connection: sqlite3.Connection) -> str:
    """The policy's `label_link`; one that is no address does not stop the shop."""
    said = catalogue.settings(connection).get("label_link")
    return said if isinstance(said, str) and is_address(said) else LINK_BASE


def _content(connection: sqlite3.Connection, template: Template, wanted: Wanted, link_base: str) -> Content:
    product = catalogue.find_product(connection, wanted.product_id)
    if product is None:
        raise NotFound("product", f"there is no product {wanted.product_id!r} here any more")
    if template is Template.LOT and not wanted.lot:
        raise Invalid("lot", "expected a lot for a lot label", pointer="/lot")
    if template is Template.PRICE and product.price is None:
        raise Invalid("no_price", f"expected a price of {product.name[:60]!r} for a price label", pointer="/product_id",
                      expected="a product with a price")  # fmt: skip
    article = Article(wanted.code, wanted.lot, wanted.expiry)
    own = Carrier.DATAMATRIX if template is Template.LOT else retail_carrier(article)
    symbol = symbol_of(article, Carrier(wanted.carrier) if wanted.carrier else own, link_base)
    price, unit = _price(connection, product, wanted.code)
    return Content(product.name, product.sku, wanted.code, price, unit, wanted.lot, wanted.expiry, symbol)


def _price(connection: sqlite3.Connection, product: Product, code: str) -> tuple[str, str]:
    """What one of what bears this code costs: a pack as many times the price as it has units."""
    if product.price is None:
        return "", ""
    pack = dict(catalogue.codes_of(connection, product.product_id)).get(code, PIECE)
    minor = (product.price * pack + PIECE // 2) // PIECE
    unit = "" if product.unit == "each" or pack != PIECE else f"/{product.unit}"
    return format_money(minor, product.currency), f"{product.currency}{unit}"


def dump(wanted: Sequence[Wanted]) -> str:
    """As it is kept."""
    return orjson.dumps([asdict(each) for each in wanted]).decode()


def load(lines: str) -> list[Wanted]:
    """What was kept."""
    found: list[dict[str, Any]] = orjson.loads(lines)
    return [Wanted(**each) for each in found]


def part(wanted: Sequence[Wanted], first: int, count: int) -> list[Wanted]:
    """The labels from `first` on, so many of them, when all copies stand in a row."""
    found, place = [], 0
    for each in wanted:
        begins, ends = max(first, place), min(first + count, place + each.copies)
        if begins < ends:
            found.append(Wanted(**{**asdict(each), "copies": ends - begins}))
        place += each.copies
    return found
