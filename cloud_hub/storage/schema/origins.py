"""Who writes which ledger: sites, boxes, origins, and the branches of fenced ones.

An origin's row holds all that the hub knows of its conversation (mark, chain hash, lease,
boot): nothing of it lives in a worker's memory that could not be lost.
"""

import sqlalchemy as sa

from cloud_hub.storage.schema.base import blob, document, flag, number, table, text, uuid

hub_state = table(
    "hub_state",
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    uuid("hub_id"), number("hub_epoch"), blob("public_key", null=True), document("epochs", default="[]"),
    sa.CheckConstraint("id = 1", name="one_row"),
)  # fmt: skip

sites = table(
    "sites",
    uuid("id", key=True), text("code"), text("name"), text("kind"), uuid("writer_origin", null=True),
    flag("is_default"), text("timezone", default="UTC"), text("currency", default="EUR"),
    number("reorder_point", null=True), number("critical_level", null=True), text("negative_policy", null=True),
    document("settings", default="{}"), number("version_epoch", default=0), number("version", default=0),
    number("created_at"), number("archived_at", null=True),
    sa.UniqueConstraint("code"),
    sa.CheckConstraint("kind IN ('edge', 'hub')", name="kind"),
)  # fmt: skip

devices = table(
    "devices",
    uuid("id", key=True), uuid("site_id"), text("name"), blob("public_key"),
    number("certificate_expires_at", null=True), text("state", default="active"), number("enrolled_at"),
    number("revoked_at", null=True), text("revoked_by", null=True), flag("is_online"), number("presence_at", null=True),
    document("telemetry", null=True), number("telemetry_at", null=True),
    sa.Index(None, "site_id"),
)  # fmt: skip

certificates = table(
    "certificates",
    text("serial", key=True), uuid("device_id"), number("issued_at"), number("expires_at"),
    number("revoked_at", null=True), text("reason", null=True),
    sa.Index(None, "device_id"),
    comment="Client certificates of boxes for the broker; a renewed one is good until it ends.",
)  # fmt: skip

enrolment_codes = table(
    "enrolment_codes",
    blob("hash", key=True),
    uuid("site_id"),
    uuid("replaces_origin", null=True),
    number("created_at"),
    number("expires_at"),
    number("used_at", null=True),
    uuid("used_by_device", null=True),
    text("created_by", null=True),
)

origins = table(
    "origins",
    uuid("site_id", key=True),
    uuid("origin_id", key=True),
    uuid("device_id"),
    blob("public_key"),
    text("state", default="open"),
    uuid("predecessor_origin", null=True),
    number("predecessor_position", null=True),
    blob("predecessor_hash", null=True),
    number("mark", default=0),
    blob("chain_hash"),
    number("safe_mark", default=0),
    text("lease", null=True),
    text("session", null=True),
    number("boot", default=0),
    text("instance", null=True),
    number("last_seen", null=True),
    number("clock_offset_ms", null=True),
    number("head_told", default=0),
    number("pending_told", default=0),
    number("oldest_unacked_at", null=True),
    number("digest_position", null=True),
    flag("is_digest_equal", default=True),
    number("digest_at", null=True),
    text("agent_version", default=""),
    text("last_error", null=True),
    number("last_error_at", null=True),
    text("successor_certificate", null=True),
    number("opened_at"),
    number("closed_at", null=True),
    sa.UniqueConstraint("origin_id"),
    sa.Index(None, "device_id"),
    sa.CheckConstraint("state IN ('open', 'closed', 'fenced')", name="state"),
    postgresql_with={"fillfactor": 50},
)

branches = table(
    "branches",
    uuid("site_id", key=True), uuid("branch_id", key=True), uuid("origin_id"), uuid("device_id"), text("verdict"),
    number("fork_position"), blob("fork_hash"), number("head"), blob("head_hash"), text("lease", null=True),
    text("state", default="stored"), number("created_at"), number("updated_at"), text("decided_by", null=True),
    sa.Index(None, "origin_id", "lease"),
)  # fmt: skip

branch_records = table(
    "branch_records",
    uuid("site_id", key=True), blob("chain_hash", key=True), uuid("branch_id"), number("position"), blob("encoded"),
    text("state", default="stored"), uuid("command_id", null=True), text("detail", default=""),
    sa.Index(None, "site_id", "branch_id", "position"),
)  # fmt: skip

branch_batches = table(
    "branch_batches",
    uuid("site_id", key=True), uuid("branch_id", key=True), blob("last_hash", key=True), blob("sealed"),
)  # fmt: skip
