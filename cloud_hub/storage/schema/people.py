"""People, what they may do, and what they did."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.storage.schema.base import blob, document, flag, number, table, text, uuid

users = table(
    "users",
    uuid("id", key=True), text("username"), text("name", default=""), text("password_hash"), text("role"),
    sa.Column("site_ids", ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")),
    flag("is_everywhere"), text("state", default="active"), number("token_generation", default=0),
    number("created_at"), number("last_login_at", null=True),
    sa.UniqueConstraint("username"),
)  # fmt: skip

refresh_tokens = table(
    "refresh_tokens",
    blob("hash", key=True), uuid("family_id"), uuid("user_id"), blob("replaced_by", null=True), number("issued_at"),
    number("expires_at"), number("used_at", null=True), number("revoked_at", null=True),
    sa.Index(None, "user_id"), sa.Index(None, "family_id"),
)  # fmt: skip

revocations = table(
    "revocations",
    text("serial", key=True), uuid("device_id"), number("revoked_at"), text("reason", default=""),
)  # fmt: skip

audit = table(
    "audit",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True), number("at"), text("actor"),
    text("action"), text("entity", default=""), document("detail", default="{}"), blob("previous_hash"), blob("hash"),
)  # fmt: skip

request_keys = table(
    "request_keys",
    text("principal", key=True), text("key", key=True), blob("body_hash"), number("status", null=True),
    document("answer", null=True), number("created_at"),
    comment="Idempotency-Key of REST requests that make no movement.",
)  # fmt: skip
