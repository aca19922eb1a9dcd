"""Reference data: products, barcodes, what a site adds to them, and edits that lost.

`version` is `(hub_epoch, number)`: a restored hub never gives a version twice. `registers`
holds, per field of a product, the version and clock that wrote it last.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

from cloud_hub.storage.schema.base import document, flag, money, number, table, text, uuid

products = table(
    "products",
    uuid("id", key=True),
    text("sku"),
    text("name"),
    text("category", default=""),
    text("unit", default="each"),
    money("price"),
    money("cost"),
    text("currency", default="EUR"),
    text("lifecycle", default="active"),
    document("metadata", default="{}"),
    number("reorder_point", null=True),
    number("critical_level", null=True),
    text("negative_policy", null=True),
    document("registers", default="{}"),
    number("version_epoch"),
    number("version"),
    uuid("proposed_by_site", null=True),
    uuid("merged_into", null=True),
    number("created_at"),
    number("updated_at"),
    number("deleted_at", null=True),
    sa.Column(
        "search",
        TSVECTOR,
        sa.Computed(
            "to_tsvector('simple'::regconfig, ((name || ' '::text) || sku) || ' '::text || category)", persisted=True
        ),
    ),
    sa.UniqueConstraint("sku"),
    sa.Index("ix_products_search", "search", postgresql_using="gin"),
    sa.Index(None, "category", "id"),
)

barcodes = table(
    "barcodes",
    text("code", key=True), uuid("product_id"), number("pack_quantity", default=1000),
    number("version_epoch"), number("version"), number("created_at"),
    sa.Index(None, "product_id"),
)  # fmt: skip

site_products = table(
    "site_products",
    uuid("site_id", key=True), uuid("product_id", key=True), flag("is_stocked", default=True), money("price"),
    number("reorder_point", null=True), number("critical_level", null=True), number("minimum", null=True),
    number("maximum", null=True), text("negative_policy", null=True), number("version_epoch"), number("version"),
)  # fmt: skip

policies = table(
    "policies",
    uuid("site_id", key=True), text("category", key=True), number("reorder_point", null=True),
    number("critical_level", null=True), document("settings", default="{}"), number("version_epoch"), number("version"),
    comment="Thresholds to fall back to: site or everywhere (nil UUID), category or all ('').",
)  # fmt: skip

conflicts = table(
    "conflicts",
    uuid("site_id", key=True), uuid("id", key=True), text("entity"), text("entity_id"), text("field"),
    document("kept", null=True), document("lost", null=True), text("rule"), text("actor", null=True),
    text("state", default="open"), number("created_at"), number("settled_at", null=True), text("settled_by", null=True),
)  # fmt: skip
