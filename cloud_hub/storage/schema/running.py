"""How several hub processes share the work: shard leases, job slots, backups."""

from cloud_hub.storage.schema.base import blob, document, number, table, text, uuid

shard_leases = table(
    "shard_leases",
    number("shard", key=True), text("worker", null=True), number("term", default=0), number("expires_at", default=0),
)  # fmt: skip

workers = table("workers", text("worker", key=True), number("seen_at"))

slots = table(
    "slots",
    text("job", key=True), number("slot", key=True), text("worker"), number("claimed_until"),
    number("done_at", null=True), text("error", null=True),
)  # fmt: skip

backups = table(
    "backups",
    uuid("id", key=True), text("path"), number("hub_epoch"), number("created_at"), number("verified_at", null=True),
    number("bytes"), blob("sha256"), document("marks"), text("state", default="made"), text("detail", default=""),
)  # fmt: skip

jobs = table(
    "jobs",
    uuid("id", key=True), text("kind"), text("state"), document("body", default="{}"), number("created_at"),
    number("run_at"), number("attempts", default=0), text("error", null=True), number("done_at", null=True),
)  # fmt: skip
