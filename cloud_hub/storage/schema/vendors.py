"""Who the chain buys from, and what each product costs there from which day on.

A price row holds from `valid_from` until the next row of the same vendor and product
begins, or until its own last day; a price is therefore never overwritten by a later one.
"""

import sqlalchemy as sa

from cloud_hub.storage.schema.base import day, money, number, table, text, uuid

vendors = table(
    "vendors",
    uuid("id", key=True), text("code", null=True), text("name"), text("contact_email", null=True),
    text("contact_phone", null=True), text("address", default=""), text("currency", default="EUR"),
    text("lifecycle", default="active"), number("version_epoch"), number("version"), number("created_at"),
    number("updated_at"),
    sa.UniqueConstraint("code"),
    sa.Index(None, "name", "id"),
)  # fmt: skip

vendor_prices = table(
    "vendor_prices",
    uuid("vendor_id", key=True), uuid("product_id", key=True), day("valid_from", key=True),
    day("valid_until", null=True), money("unit_price", null=False), text("currency"), number("lead_time_days"),
    number("minimum_order_quantity"), number("order_multiple", null=True), money("freight_per_order", null=False),
    money("freight_per_unit", null=False), text("vendor_sku", null=True), number("updated_at"),
    sa.Index(None, "product_id"),
)  # fmt: skip
