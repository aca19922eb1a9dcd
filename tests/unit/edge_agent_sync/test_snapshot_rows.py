"""The short way of a snapshot's product gives what the model gives, or nothing."""

from typing import Any

import orjson
import pytest

from edge_agent.services.applying import staged_product
from edge_agent.services.snapshot_rows import Rest, plain_product, read_rows
from sync_protocol.changes import Product, parse_change
from sync_protocol.errors import Malformed
from sync_protocol.records import decode

FULL: dict[str, Any] = {
    "product_id": "01a1fcc5-f651-7101-8512-e520c8fc5825", "version": [3, 7], "sku": "ART-1", "name": "Café crème",
    "category": "drinks", "unit": "kg", "price": 199, "cost": 120, "currency": "CHF", "lifecycle": "provisional",
    "reorder_point": -1_000, "critical_level": 0, "negative_policy": "warn", "metadata": {"shelf": "A", "w": 1.5},
    "barcodes": [{"code": "04006381333931"}, {"code": "internal", "pack_quantity": 6_000}],
}  # fmt: skip
NEEDED = ("product_id", "version", "sku", "name")
ODD = (
    None, True, 0, -1, 1.5, 2**62, 2**63, 10**15, 10**15 + 1, "", "x", "x" * 90, "x" * 91, "x" * 501, "eur", "EUR\n",
    "active", "01A1FCC5-f651-7101-8512-e520c8fc5825", [], {}, [1], [1, 2], [1, "2"], [1, 2, 3], {"a": [1]},
    [{"code": ""}], [{"code": "x", "pack_quantity": 0}], [{"code": 1}], [{}], [{"code": "x"}] * 101, [None],
)  # fmt: skip


def line_of(body: dict[str, Any]) -> bytes:
    return b'["product",' + orjson.dumps(body, default=str) + b"]"


def by_model(line: bytes) -> object:
    record = decode(line)
    change = parse_change(record)  # type: ignore[arg-type]
    assert isinstance(change, Product)
    return staged_product(change)


def test_a_plain_product_takes_the_short_way_to_the_same_row() -> None:
    for body in (FULL, {name: FULL[name] for name in NEEDED}, FULL | {"from_a_later_version": 1}):
        assert plain_product(line_of(body)) == by_model(line_of(body))


@pytest.mark.parametrize("field", FULL)
def test_no_odd_value_of_a_field_is_taken_that_the_model_would_refuse_or_read_otherwise(field: str) -> None:
    for value in ODD:
        line = line_of(FULL | {field: value})
        row = plain_product(line)
        if row is not None:
            assert row == by_model(line)
            assert [type(each) for each in row[0]] == [type(each) for each in by_model(line)[0]]  # type: ignore[index]


@pytest.mark.parametrize("field", NEEDED)
def test_a_product_without_a_needed_field_is_malformed(field: str) -> None:
    body = {name: value for name, value in FULL.items() if name != field}
    with pytest.raises(Malformed):
        list(read_rows([line_of(body)], Rest([], [])))


@pytest.mark.parametrize(
    "line", [b'["product",1]', b'["product",null]', b'["product",[]]', b'["product",{}]', b'["product",']
)
def test_a_line_that_only_begins_like_a_product_is_not_plain(line: bytes) -> None:
    assert plain_product(line) is None
