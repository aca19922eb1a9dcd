"""F10: which movements are goods that came under an order's number."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from cloud_hub.domain.arrivals import Arrived, Came, arrivals, by_product, counted, lacked, moments
from cloud_hub.domain.intake import MOVEMENT_COLUMNS
from cloud_hub.domain.purchasing import Line

TEA, MILK = UUID(int=1), UUID(int=2)


def row(quantity: int, hour: int = 8, **more: object) -> tuple[object, ...]:
    facts: dict[str, object] = {
        "product_id": TEA, "quantity": quantity, "to_location": "shelf", "reason": "receipt", "document": "PO-000001",
        "corrected_at": datetime(2026, 11, 21, hour, tzinfo=UTC), **more,
    }  # fmt: skip
    return tuple(facts.get(name) for name in MOVEMENT_COLUMNS)


def test_what_came_is_summed_by_order_and_product_with_its_earliest_moment() -> None:
    found = arrivals([row(4000, 9), row(1000, 7, to_location="hold"), row(2000, 8), row(5000, document="PO-2-000001")])

    assert {number: by_product(goods) for number, goods in found.items()} == {
        "PO-000001": {str(TEA): Arrived(6000, 1000, datetime(2026, 11, 21, 7, tzinfo=UTC))},
        "PO-2-000001": {str(TEA): Arrived(5000, 0, datetime(2026, 11, 21, 8, tzinfo=UTC))},
    }


def test_sales_returns_and_papers_of_others_are_no_arrivals() -> None:
    assert arrivals([
        row(1, reason="sale"), row(1, reason="supplier_return"), row(1, document=None), row(1, document="note 9"),
    ]) == {}  # fmt: skip


def test_what_one_person_took_in_at_one_moment_is_one_receipt_with_its_damage_beside_the_good_units() -> None:
    eight = {"occurred_at": datetime(2026, 11, 21, 8, tzinfo=UTC), "actor": "anna"}
    (goods,) = arrivals([
        row(4000, **eight, lot="L1"), row(500, **eight, lot="L1", to_location="hold"),
        row(1000, **eight, product_id=MILK, to_location="hold"), row(2000, **eight | {"actor": "ben"}),
        row(3000, **eight | {"occurred_at": datetime(2026, 11, 21, 9, tzinfo=UTC)}),
    ]).values()  # fmt: skip

    assert [counted(part) for part in moments(goods).values()] == [
        [Came(str(TEA), 4000, 500, "shelf", "L1"), Came(str(MILK), 0, 1000, "hold", None)],
        [Came(str(TEA), 2000, 0, "shelf", None)],
        [Came(str(TEA), 3000, 0, "shelf", None)],
    ]


def test_each_line_is_held_against_what_the_order_lacked_before_it() -> None:
    line = Line(product_id=str(TEA), quantity=5000, unit_price=Decimal(1), received=1000)
    came = [Came(str(TEA), quantity, 0, "shelf", None) for quantity in (3000, 2000, 1000)]

    assert lacked([line], [*came, Came(str(MILK), 1000, 0, "shelf", None)]) == [4000, 1000, 0, 0]
