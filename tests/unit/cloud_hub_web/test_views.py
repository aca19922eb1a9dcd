"""Views made of values that we know to be right are the views that validation would make."""

from pydantic_core import to_json

from cloud_hub.web.product_views import BarcodeView, ProductView

GIVEN = {
    "id": "p", "sku": "TEA", "name": "Tea", "category": "", "unit": "each", "price": "1.50", "unit_cost": None,
    "currency": "EUR", "lifecycle": "active", "reorder_point": None, "critical_level": None, "negative_policy": None,
    "metadata": {"colour": "green"}, "current_stock": "3", "reorder_threshold": None, "stock": None, "version": "0-1",
    "created_at": "2026-11-21T00:00:00.000Z", "updated_at": "2026-11-21T00:00:00.000Z",
}  # fmt: skip


def test_a_trusted_view_equals_the_validated_one_and_is_written_the_same():
    trusted = ProductView.trusted(**GIVEN, barcodes=[BarcodeView.trusted(code="1", pack_quantity="1")])
    validated = ProductView.model_validate(GIVEN | {"barcodes": [{"code": "1", "pack_quantity": "1"}]})
    assert trusted == validated
    assert trusted.model_dump() == validated.model_dump()
    assert to_json(BarcodeView.trusted(code="1", pack_quantity="1")) == b'{"code":"1","pack_quantity":"1"}'
