"""The lines of a snapshot's chunks as rows to stage.

A catalogue has tens of thousands of products and nearly all of them look alike, so a line
that plainly is one becomes a row without a model. Whatever is not plain (another kind, a
missing field, a value out of bounds) takes the way of every change of the feed: the model
decides. The two ways give the same row; a test compares them.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from edge_agent.services.applying import staged_product
from edge_agent.storage.staging import Staged
from sync_protocol.bootstrap import FORMER, KEY, LEVEL, LOT
from sync_protocol.changes import Product, parse_change
from sync_protocol.limits import QUANTITY_MAX, TEXT_CHARS_MAX
from sync_protocol.records import Decoded, Fact, decode

_BOOTSTRAP = (LEVEL, LOT, KEY, FORMER)
_PRODUCT = b'["product",'
_is_id = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_is_currency = re.compile(r"[A-Z]{3}").fullmatch
_CODES_MAX, _CODE_CHARS_MAX = 100, 90
_MONEY_MAX = 10**15
_WHOLE_END = 2**62
_LIFECYCLES = frozenset(("provisional", "active", "archived"))
_NEGATIVE = frozenset((None, "block", "warn", "allow"))


class Rest(NamedTuple):
    """What is not staged but applied in the swap's transaction, and what only a successor gets."""

    changes: list[Decoded]
    bootstrap: list[Fact]


def read_rows(lines: list[bytes], rest: Rest) -> Iterator[Staged]:
    """Products to be staged; everything else goes to `rest`. Raises Malformed."""
    for line in lines:
        row = plain_product(line) if line.startswith(_PRODUCT) else None
        if row is not None:
            yield row
            continue
        record = decode(line)
        if isinstance(record, Fact):
            if record.kind in _BOOTSTRAP:
                rest.bootstrap.append(record)
                continue
            change = parse_change(record)
            if isinstance(change, Product):
                yield staged_product(change)
                continue
        rest.changes.append(record)


def plain_product(line: bytes) -> Staged | None:
    """The row of a line that is a product beyond doubt, None for any other: narrower than the model, never wider."""
    try:
        _, body = orjson.loads(line)
        get = body.get
        product_id, sku, name = body["product_id"], body["sku"], body["name"]
        epoch, number = body["version"]
        category, unit, currency = get("category", ""), get("unit", "each"), get("currency", "EUR")
        price, cost, reorder, critical = get("price"), get("cost"), get("reorder_point"), get("critical_level")
        lifecycle, negative, metadata = get("lifecycle", "active"), get("negative_policy"), get("metadata", {})
        barcodes = get("barcodes", [])
        codes = _plain_codes(barcodes)
        is_plain = (
            _is_id(product_id)
            and _is_currency(currency)
            and type(sku) is type(name) is type(category) is type(unit) is str
            and len(sku) + len(name) + len(category) + len(unit) <= TEXT_CHARS_MAX
            and type(epoch) is type(number) is int
            and 0 <= epoch < _WHOLE_END > number >= 0
            and (price is None or (type(price) is int and 0 <= price <= _MONEY_MAX))
            and (cost is None or (type(cost) is int and 0 <= cost <= _MONEY_MAX))
            and (reorder is None or (type(reorder) is int and -QUANTITY_MAX <= reorder <= QUANTITY_MAX))
            and (critical is None or (type(critical) is int and -QUANTITY_MAX <= critical <= QUANTITY_MAX))
            and lifecycle in _LIFECYCLES
            and negative in _NEGATIVE
            and type(metadata) is dict
            and type(barcodes) is list
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if not is_plain or codes is None:
        return None
    kept = orjson.dumps(metadata).decode() if metadata else "{}"
    row = (product_id, sku, name, category, unit, price, cost, currency, lifecycle, reorder, critical, negative, kept,
           epoch, number)  # fmt: skip
    return row, codes


def _plain_codes(barcodes: list[dict[str, Any]]) -> list[tuple[str, int]] | None:
    codes = []
    for barcode in barcodes:
        code, pack = barcode["code"], barcode.get("pack_quantity", 1000)
        if type(code) is not str or type(pack) is not int:
            return None
        if not 0 < len(code) <= _CODE_CHARS_MAX or not 0 < pack < _WHOLE_END:
            return None
        codes.append((code, pack))
    return codes if len(codes) <= _CODES_MAX else None
