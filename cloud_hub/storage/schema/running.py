"""How several hub processes share the work: shard leases, slots of clocked work, backups, jobs."""

import sqlalchemy as sa

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
    uuid("id", key=True), text("kind"), text("asked_by"), text("state", default="queued"),
    document("body", default="{}"), document("checkpoint", null=True), number("done", default=0),
    number("total", null=True), number("errors", default=0), document("result", null=True), text("code", null=True),
    text("detail", null=True), number("attempts", default=0), number("created_at"), number("run_at"),
    number("started_at", null=True), number("ended_at", null=True), number("cancel_asked_at", null=True),
    text("worker", null=True), number("leased_until", null=True),
    sa.Index(None, "created_at", "id"),
    sa.Index("ix_jobs_open", "run_at", "id", postgresql_where=sa.text("state IN ('queued', 'running')")),
    comment="Long work that somebody asked for; checkpoint is where an interrupted run goes on.",
)  # fmt: skip

job_errors = table(
    "job_errors",
    uuid("job_id", key=True), number("number", key=True), number("row", null=True), text("column", null=True),
    text("code"), text("detail"),
    comment="What was wrong with single rows of a job.",
)  # fmt: skip

files = table(
    "files",
    uuid("id", key=True), text("name"), text("media_type"), number("bytes"), blob("sha256"), text("made_by"),
    number("created_at"),
    comment="What was uploaded to an import or made by an export; kept for a week.",
)  # fmt: skip

file_chunks = table("file_chunks", uuid("file_id", key=True), number("number", key=True), blob("data"))

import_changes = table(
    "import_changes",
    uuid("job_id", key=True), number("number", key=True), number("row"), text("entity"), document("before", null=True),
    document("after"),
    comment="What an import wrote, so that it can be undone; before null: it was not there.",
)  # fmt: skip
