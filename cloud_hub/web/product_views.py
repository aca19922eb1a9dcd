"""A product as the API shows it, with what a site holds of it as far as the caller may see that.

Built without validation: every value was checked when it came in, and this is the hot path.
"""

from typing import Any

from cloud_hub.services.showing import Product, ProductStock, Shown
from cloud_hub.web.fields import AmountText, QuantityText, Time, View
from cloud_hub.web.operations import Answer
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import amount, quantity
from sync_protocol.low_stock import Severity, severity
from sync_protocol.quantity import format_quantity


class BarcodeView(View):
    code: str
    pack_quantity: QuantityText


class ProductStockView(View):
    """What one site holds of a product, as far as its ledger is known here."""

    site_id: str
    on_hand: QuantityText
    available: QuantityText
    hold: QuantityText
    reserved: QuantityText
    pending: QuantityText
    """What commands without an outcome may still take away."""
    reorder_point: QuantityText
    """The one that holds at the site in the end."""
    critical_level: QuantityText
    severity: Severity
    position: int
    """Up to where the site's ledger is known."""
    last_heard: Time | None
    """Null for a site that the hub runs: it knows all of it."""


class ProductView(View):
    id: str
    sku: str
    name: str
    category: str
    unit: str
    price: AmountText | None
    unit_cost: AmountText | None
    currency: str
    lifecycle: str
    reorder_point: QuantityText | None
    critical_level: QuantityText | None
    negative_policy: str | None
    metadata: dict[str, Any]
    barcodes: list[BarcodeView]
    current_stock: QuantityText | None
    """On hand: of one product at one site, in lists at all the sites asked for; null: not asked, or not for you."""
    reorder_threshold: QuantityText | None
    """`reorder_point` by its older name."""
    stock: ProductStockView | None
    """Of one product only."""
    version: str
    created_at: Time
    updated_at: Time


def tagged(product: Product, *, status: int | None = None) -> Answer:
    """A product that was written, without stock."""
    return Answer(view=view_of(Shown(product, None)), status=status, headers={"ETag": f'"{product.etag}"'})


def view_of(shown: Shown) -> ProductView:
    """A product as the API shows it."""
    product = shown.product
    return ProductView.trusted(
        id=product.id, sku=product.sku, name=product.name, category=product.category, unit=product.unit,
        price=amount(product.price), unit_cost=amount(product.cost), currency=product.currency,
        lifecycle=product.lifecycle, reorder_point=quantity(product.reorder_point),
        critical_level=quantity(product.critical_level), negative_policy=product.negative_policy,
        metadata=product.metadata, version=product.etag, created_at=rfc3339(product.created_at_ms),
        updated_at=rfc3339(product.updated_at_ms), current_stock=quantity(shown.on_hand),
        reorder_threshold=quantity(product.reorder_point), stock=None if shown.stock is None else _stock(shown.stock),
        barcodes=[
            BarcodeView.trusted(code=b.code, pack_quantity=format_quantity(b.pack_quantity))
            for b in product.barcodes
        ],
    )  # fmt: skip


def _stock(held: ProductStock) -> ProductStockView:
    return ProductStockView.trusted(
        site_id=held.site_id, on_hand=format_quantity(held.on_hand), available=format_quantity(held.available),
        hold=format_quantity(held.hold), reserved=format_quantity(held.reserved), pending=format_quantity(held.pending),
        reorder_point=format_quantity(held.reorder_point), critical_level=format_quantity(held.critical_level),
        severity=severity(held.available, held.reorder_point, held.critical_level), position=held.position,
        last_heard=None if held.is_hub_run else rfc3339(held.last_heard_ms),
    )  # fmt: skip
