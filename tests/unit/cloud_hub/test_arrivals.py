"""F10: which movements are goods that came under an order's number."""

from datetime import UTC, datetime
from uuid import UUID

from cloud_hub.domain.arrivals import Arrived, arrivals
from cloud_hub.domain.intake import MOVEMENT_COLUMNS

TEA = UUID(int=1)


def row(quantity: int, hour: int = 8, **more: object) -> tuple[object, ...]:
    facts: dict[str, object] = {
        "product_id": TEA, "quantity": quantity, "to_location": "shelf", "reason": "receipt", "document": "PO-000001",
        "corrected_at": datetime(2026, 11, 21, hour, tzinfo=UTC), **more,
    }  # fmt: skip
    return tuple(facts.get(name) for name in MOVEMENT_COLUMNS)


def test_what_came_is_summed_by_order_and_product_with_its_earliest_moment() -> None:
    found = arrivals([row(4000, 9), row(1000, 7, to_location="hold"), row(2000, 8), row(5000, document="PO-2-000001")])

    assert found == {
        "PO-000001": {str(TEA): Arrived(6000, 1000, datetime(2026, 11, 21, 7, tzinfo=UTC))},
        "PO-2-000001": {str(TEA): Arrived(5000, 0, datetime(2026, 11, 21, 8, tzinfo=UTC))},
    }


def test_sales_returns_and_papers_of_others_are_no_arrivals() -> None:
    assert arrivals([
        row(1, reason="sale"), row(1, reason="supplier_return"), row(1, document=None), row(1, document="note 9"),
    ]) == {}  # fmt: skip
