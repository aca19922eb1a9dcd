"""What stores did: movements, their items, the levels they fold to, and what else they said.

`movements` is partitioned by the month of `recorded_at`; the mark under the origin's row
lock is what dedupes, so no unique key has to span the partitions.
"""

import sqlalchemy as sa

from cloud_hub.storage.schema.base import blob, document, flag, moment, number, table, text, uuid

items = table(
    "items",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("ref", key=True),
    uuid("product_id"), text("code", null=True), number("pack_quantity", default=1000),
    text("unit", default="each"), number("price", null=True), number("cost", null=True), text("currency", null=True),
)  # fmt: skip

movements = table(
    "movements",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("sequence", key=True),
    moment("recorded_at", key=True), uuid("movement_id"), moment("occurred_at"), moment("corrected_at"),
    number("item_ref"), uuid("product_id"), number("quantity"), text("from_location"), text("to_location"),
    text("reason"), text("document", null=True), text("lot", null=True), sa.Column("expiry", sa.Date),
    text("actor", null=True), text("key", null=True), text("command_id", null=True), text("adopted", null=True),
    text("note", null=True),
    sa.Index("ix_movements_product", "site_id", "product_id", "recorded_at"),
    sa.Index("ix_movements_lots", "site_id", "product_id", "expiry", postgresql_where=sa.text("expiry IS NOT NULL")),
    postgresql_partition_by="RANGE (recorded_at)",
)  # fmt: skip

levels = table(
    "levels",
    uuid("site_id", key=True), uuid("product_id", key=True), text("location", key=True), number("quantity"),
    sa.Index(None, "product_id"), postgresql_with={"fillfactor": 70},
)  # fmt: skip

level_claims = table(
    "level_claims",
    uuid("site_id", key=True), uuid("origin_id", key=True), text("kind", key=True), uuid("product_id", key=True),
    text("location", key=True), number("position"), number("quantity"), blob("evidence", null=True),
    number("told_at"),
    comment="What an edge told of levels beyond the mark: kind summary (advisory) or pruned (signed evidence).",
)  # fmt: skip

movement_keys = table(
    "movement_keys",
    uuid("site_id", key=True), text("key", key=True), uuid("origin_id"), number("sequence"),
    blob("body_hash", null=True), document("answer", null=True),
)  # fmt: skip

batches = table(
    "batches",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("last_sequence", key=True),
    number("first_sequence"), number("count"), blob("previous_hash"), blob("last_hash"), blob("sealed"),
    number("recorded_at"),
)  # fmt: skip

facts = table(
    "facts",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("sequence", key=True),
    text("kind"), document("body"), number("recorded_at"),
)  # fmt: skip

unknown_records = table(
    "unknown_records",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("sequence", key=True),
    blob("encoded"), blob("chain_hash"), number("recorded_at"),
)  # fmt: skip

quarantine = table(
    "quarantine",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("sequence", key=True),
    blob("encoded"), blob("chain_hash"), text("why"), text("state", default="open"), number("recorded_at"),
    number("settled_at", null=True),
)  # fmt: skip

exceptions = table(
    "exceptions",
    uuid("site_id", key=True), text("kind", key=True), text("subject", key=True), uuid("id"),
    text("detail"), text("state", default="open"), uuid("origin_id", null=True), number("sequence", null=True),
    number("occurrences", default=1), number("first_at"), number("last_at"),
    number("settled_at", null=True), text("settled_by", null=True),
    sa.UniqueConstraint("site_id", "id"),
)  # fmt: skip

alerts = table(
    "alerts",
    uuid("site_id", key=True), uuid("alert_id", key=True), text("rule"), uuid("product_id", null=True),
    text("state"), text("severity"), number("opened_at_position"), number("available", null=True),
    text("detail", default=""), number("opened_at"), number("acknowledged_at", null=True),
    text("acknowledged_by", null=True), number("resolved_at", null=True), number("notified_at", null=True),
    number("updated_at"), text("subject", default=""), flag("is_hubs"),
    sa.Index(None, "site_id", "state", "product_id"),
    sa.Index("uq_alerts_open", "site_id", "rule", "subject", unique=True,
             postgresql_where=sa.text("is_hubs AND state <> 'resolved'")),
    comment="is_hubs: raised by the hub (about a box, a transfer, a lot), not by the writer of the site's ledger.",
)  # fmt: skip

tasks = table(
    "tasks",
    uuid("site_id", key=True), uuid("task_id", key=True), text("rule"), uuid("product_id", null=True),
    text("state"), text("detail", default=""), number("opened_at"), number("updated_at"),
)  # fmt: skip

stocktakes = table(
    "stocktakes",
    uuid("site_id", key=True), uuid("stocktake_id", key=True), text("name", default=""), text("state"),
    number("opened_at"), number("updated_at"),
)  # fmt: skip

count_lines = table(
    "count_lines",
    uuid("site_id", key=True), uuid("line_id", key=True), uuid("stocktake_id"), uuid("product_id"), text("location"),
    number("counted"), number("expected"), number("variance"), number("after_position"), number("until_position"),
    text("status"), number("revisions", default=0), number("occurred_at"),
    sa.Index(None, "site_id", "stocktake_id"),
)  # fmt: skip
