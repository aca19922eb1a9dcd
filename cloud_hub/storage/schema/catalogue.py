"""Reference data: products, categories, barcodes, what a site adds to them, and edits that lost.

`version` is `(hub_epoch, number)`: a restored hub never gives a version twice. `registers`
holds, per field of a product, the version and clock that wrote it last.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

from cloud_hub.storage.schema.base import DERIVED, document, flag, money, number, table, text, uuid

_MARKS = '-_./,;:+*#&()"%!?|@=<>[]{}~^'
WORDS = (
    "to_tsvector('simple'::regconfig, translate(regexp_replace(normalize("
    "(((name || ' '::text) || sku) || ' '::text) || category, NFKD), "
    f"'[\u0300-\u036f]'::text, ''::text, 'g'::text), '{_MARKS}'::text, repeat(' '::text, {len(_MARKS)})))"
)
"""Words without accents; marks part them, so that the 001 of WDG-001 is a word and no number."""

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
    sa.Column("search", TSVECTOR, sa.Computed(WORDS, persisted=True)),
    sa.UniqueConstraint("sku"),
    sa.Index("ix_products_search", "search", postgresql_using="gin"),
    sa.Index("ix_products_metadata", "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
    sa.Index(None, "category", "id"),
    sa.Index(None, "name", "id"),
    sa.Index(None, "updated_at", "id"),
)

product_words = table(
    "product_words",
    sa.Column("word", sa.Text(collation="C"), primary_key=True), text("name", key=True), uuid("product_id", key=True),
    comment="What triggers of products make of their search: no numbers, 64 letters, nothing archived.",
    info=DERIVED,
)  # fmt: skip

categories = table(
    "categories",
    uuid("id", key=True), text("name"), text("description", default=""), number("reorder_point", null=True),
    number("critical_level", null=True), number("version_epoch"), number("version"), number("created_at"),
    number("updated_at"),
    sa.UniqueConstraint("name"),
)  # fmt: skip

barcodes = table(
    "barcodes",
    text("code", key=True), uuid("product_id"), number("pack_quantity", default=1000),
    number("version_epoch"), number("version"), number("created_at"),
    sa.Index(None, "product_id"),
    sa.Index("ix_barcodes_prefix", "code", postgresql_ops={"code": "text_pattern_ops"}),
)  # fmt: skip

site_products = table(
    "site_products",
    uuid("site_id", key=True), uuid("product_id", key=True), flag("is_stocked", default=True), money("price"),
    number("reorder_point", null=True), number("critical_level", null=True), number("minimum", null=True),
    number("maximum", null=True), text("negative_policy", null=True), number("version_epoch"), number("version"),
    sa.Index(None, "product_id"),
)  # fmt: skip

policies = table(
    "policies",
    uuid("site_id", key=True), number("reorder_point", null=True), number("critical_level", null=True),
    document("settings", default="{}"), number("version_epoch"), number("version"),
    comment="What holds where a site says nothing itself: the nil UUID is the whole chain.",
)  # fmt: skip

conflicts = table(
    "conflicts",
    uuid("site_id", key=True), uuid("id", key=True), text("entity"), text("entity_id"), text("field"),
    document("kept", null=True), document("lost", null=True), text("rule"), text("actor", null=True),
    text("state", default="open"), number("created_at"), number("settled_at", null=True), text("settled_by", null=True),
)  # fmt: skip
