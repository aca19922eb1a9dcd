"""People, what they may do, and what they did."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.storage.schema.base import blob, document, flag, number, table, text, uuid


def _sites() -> tuple[sa.Column[Any], sa.Column[bool]]:
    """The sites that something is held for: the list, or everywhere."""
    sites: sa.Column[Any] = sa.Column("site_ids", ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'"))
    return sites, flag("is_everywhere")


users = table(
    "users",
    uuid("id", key=True), text("username", null=True), text("email", null=True), text("name", default=""),
    text("password_hash", null=True), blob("code_hash", null=True), number("code_expires_at", null=True),
    text("role"), *_sites(), text("state", default="active"), number("version", default=1),
    number("created_at"), number("last_login_at", null=True), text("pin_hash", null=True),
    number("pin_set_at", default=0), blob("badge_hash", null=True), sa.UniqueConstraint("badge_hash"),
    comment="A name never has an @ and an address always has one, so what is typed at a login means one person.",
)  # fmt: skip
sa.Index("uq_users_username", sa.func.lower(users.c.username), unique=True)
sa.Index("uq_users_email", sa.func.lower(users.c.email), unique=True)

sign_ins = table(
    "sign_ins",
    uuid("id", key=True), uuid("user_id"), number("serial", default=1), number("started_at"), number("renewed_at"),
    number("expires_at"), number("ended_at", null=True), text("ended_by", default=""), text("address", default=""),
    text("agent", default=""), sa.Index(None, "user_id"),
    comment="One log-in on one device; serial is the number of its newest refresh token.",
)  # fmt: skip

password_resets = table(
    "password_resets",
    uuid("user_id", key=True), text("email"), blob("hash"), number("expires_at"), sa.UniqueConstraint("hash"),
    comment="The newest token that was mailed to a user; good once.",
)  # fmt: skip

api_keys = table(
    "api_keys",
    uuid("id", key=True), blob("hash"), text("prefix"), text("name"),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False), *_sites(), uuid("made_by"), number("created_at"),
    number("expires_at", null=True), number("last_used_at", null=True), number("revoked_at", null=True),
    sa.UniqueConstraint("hash"),
)  # fmt: skip

audit = table(
    "audit",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True), number("at"), text("actor"),
    text("action"), text("entity", default=""), document("detail", default="{}"), number("position", null=True),
    blob("hash", null=True),
    sa.UniqueConstraint("position"),
    sa.Index("ix_audit_unsealed", "id", postgresql_where=sa.text("position IS NULL")),
    comment="Who did or was refused what; position and hash come when the entry is sealed into the chain.",
)  # fmt: skip

request_keys = table(
    "request_keys",
    text("principal", key=True), text("key", key=True), blob("body_hash"), number("status", null=True),
    document("answer", null=True), number("created_at"),
    comment="Idempotency-Key of REST requests that make no movement.",
)  # fmt: skip
