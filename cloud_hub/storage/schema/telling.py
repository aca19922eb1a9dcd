"""What head office tells others: events in one order, webhooks, what goes out, and who hears of alerts.

Events get their positions behind the writers, from one locked counter, so that a reader's
cursor never skips one and no writer waits for another. What only says how something is now
(`is_state`) has one row, which moves to the newest position: the table cannot grow with trade.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.storage.schema.base import document, flag, number, table, text, uuid

events = table(
    "events",
    number("position", key=True), uuid("id"), text("type"), uuid("site_id"), text("subject"), flag("is_state"),
    document("data"), number("occurred_at"), number("recorded_at"),
)  # fmt: skip
sa.Index(
    "uq_events_state", events.c.site_id, events.c.type, events.c.subject,
    unique=True, postgresql_where=sa.text("is_state"),
)  # fmt: skip

event_outbox = table(
    "event_outbox",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True), text("type"), uuid("site_id"),
    text("subject"), document("data"), number("occurred_at"),
    comment="What the hub itself did, said in the transaction that did it; numbered soon after.",
)  # fmt: skip

event_cursors = table(
    "event_cursors",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("position"),
    comment="How far each ledger has been told of.",
)  # fmt: skip

event_epochs = table("event_epochs", number("epoch", key=True), number("after"))

webhooks = table(
    "webhooks",
    uuid("id", key=True), text("url"), text("description", default=""),
    sa.Column("types", ARRAY(sa.Text), nullable=False),
    sa.Column("site_ids", ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")), flag("is_everywhere"),
    text("state", default="active"), text("detail", default=""), number("secret_serial", default=1),
    number("rotated_at", null=True), number("cursor"), number("failing_since", null=True), text("made_by"),
    number("created_at"), number("updated_at"),
)  # fmt: skip

deliveries = table(
    "deliveries",
    text("channel", key=True), uuid("receiver", key=True), text("subject", key=True), uuid("id"), text("type"),
    number("position", default=0), document("payload"), text("state", default="pending"), number("attempts", default=0),
    number("due_at"), number("claimed_until", null=True), number("status", null=True), text("error", default=""),
    number("created_at"), number("settled_at", null=True),
    sa.UniqueConstraint("id"),
    sa.Index("ix_deliveries_pending", "due_at", postgresql_where=sa.text("state = 'pending'")),
    sa.Index(None, "receiver", "created_at"),
    comment="The outbox: one row per channel, receiver and thing to say, so nothing is said twice.",
)  # fmt: skip

notices = table(
    "notices",
    uuid("user_id", key=True), uuid("alert_id", key=True), text("type", key=True), uuid("site_id"),
    text("state", default="waiting"), number("due_at"), number("created_at"), number("settled_at", null=True),
    sa.Index("ix_notices_waiting", "due_at", postgresql_where=sa.text("state = 'waiting'")),
    comment="Whom to tell of which alert, and when: each person once per alert and type.",
)  # fmt: skip

alert_settings = table(
    "alert_settings",
    text("scope", key=True), document("settings", default="{}"), number("updated_at"), text("updated_by"),
    comment="scope: chain, site:UUID or user:UUID; the narrower one wins, field by field.",
)  # fmt: skip
