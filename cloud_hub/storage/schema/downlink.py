"""What head office says: changes in commit order, each site's feed made of them, commands.

A change's position comes from the locked `counters` row, so position order is commit
order and a reader never skips one. A site's feed is extended from `changes` under the
lock of its `feeds` row; its positions are without gaps.
"""

import sqlalchemy as sa

from cloud_hub.storage.schema.base import blob, document, number, table, text, uuid

counters = table("counters", text("name", key=True), number("value", default=0), postgresql_with={"fillfactor": 10})

changes = table(
    "changes",
    number("position", key=True), uuid("site_id", null=True), text("kind"), document("body"), number("created_at"),
    comment="site_id null: for every site.",
)  # fmt: skip

feeds = table(
    "feeds",
    uuid("site_id", key=True), uuid("feed_origin"), number("head", default=0), blob("chain_hash"),
    number("changes_cursor", default=0), number("safe_mark", default=0), number("acked", default=0),
    number("first_retained", default=1), uuid("fork_of", null=True), number("fork_position", null=True),
    blob("fork_hash", null=True), number("created_at"),
    postgresql_with={"fillfactor": 50},
)  # fmt: skip

feed_records = table(
    "feed_records",
    uuid("site_id", key=True), uuid("feed_origin", key=True), number("position", key=True),
    blob("encoded"), blob("chain_hash"), number("created_at"),
)  # fmt: skip

commands = table(
    "commands",
    uuid("site_id", key=True), uuid("id", key=True), text("key"), text("kind"), document("body"),
    number("expected_quantity", null=True), number("expires_at", null=True), text("actor", null=True),
    text("state", default="pending"), text("code", default=""), text("detail", default=""),
    uuid("product_id", null=True), number("pending_quantity", default=0),
    uuid("outcome_origin", null=True), number("outcome_sequence", null=True), uuid("movement_id", null=True),
    number("created_at"), number("settled_at", null=True),
    sa.UniqueConstraint("site_id", "key"),
    sa.Index("ix_commands_pending", "site_id", "product_id", postgresql_where=sa.text("state = 'pending'")),
    comment="pending_quantity: what a pending adjust will change (thousandths, signed).",
)  # fmt: skip

snapshots = table(
    "snapshots",
    uuid("site_id", key=True), uuid("snapshot_id", key=True), document("manifest"), number("created_at"),
)  # fmt: skip

snapshot_chunks = table(
    "snapshot_chunks",
    blob("hash", key=True), blob("data"), number("records"), number("used_at"),
)  # fmt: skip
