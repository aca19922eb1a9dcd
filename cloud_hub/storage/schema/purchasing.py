"""What was ordered from whom, and what came: orders, their lines, receipts, approval limits.

An order's lines carry what was received so far, folded in the transaction of each receipt;
the goods themselves are movements in the site's ledger. Keys begin with the site.
"""

import sqlalchemy as sa

from cloud_hub.storage.schema.base import blob, day, money, number, table, text, uuid

purchase_orders = table(
    "purchase_orders",
    uuid("site_id", key=True), uuid("id", key=True), number("serial"), text("number"), uuid("vendor_id"),
    text("state"), text("currency"), text("note", default=""), text("reference", default=""),
    day("expected_on", null=True), number("version_epoch"), number("version"), text("created_by"),
    number("created_at"), text("approved_by", null=True), number("approved_at", null=True),
    number("sent_at", null=True), number("acknowledged_at", null=True), number("received_at", null=True),
    number("closed_at", null=True), number("updated_at"),
    sa.UniqueConstraint("site_id", "number"),
    sa.Index(None, "site_id", "state", "created_at"),
)  # fmt: skip

purchase_order_lines = table(
    "purchase_order_lines",
    uuid("site_id", key=True), uuid("order_id", key=True), uuid("product_id", key=True), number("line"),
    number("quantity"), money("unit_price", null=False), number("received", default=0),
    number("damaged", default=0), number("first_received_at", null=True),
    sa.Index(None, "site_id", "product_id"),
)  # fmt: skip

receipts = table(
    "receipts",
    uuid("site_id", key=True), uuid("id", key=True), text("key"), blob("body_hash"), uuid("order_id", null=True),
    uuid("vendor_id", null=True), text("document", default=""), text("note", default=""), text("actor"),
    number("received_at"),
    sa.UniqueConstraint("site_id", "key"),
    sa.Index(None, "site_id", "received_at"),
    sa.Index(None, "site_id", "order_id"),
)  # fmt: skip

receipt_lines = table(
    "receipt_lines",
    uuid("site_id", key=True), uuid("receipt_id", key=True), number("line", key=True), uuid("product_id"),
    number("quantity"), number("damaged"), number("expected", null=True), text("location"), text("lot", null=True),
    comment="expected: what the order still lacked of the product, 0 when it was not ordered, null without an order.",
)  # fmt: skip

approval_limits = table(
    "approval_limits",
    text("subject", key=True), text("currency", key=True), money("amount"), number("updated_at"),
    comment="subject: role:NAME or user:UUID (which wins); amount null: any.",
)  # fmt: skip
