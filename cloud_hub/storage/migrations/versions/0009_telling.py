"""Events, webhooks, the outbox, who is told of alerts, and alerts that the hub itself raises."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = (
    "events", "event_outbox", "event_cursors", "event_epochs", "webhooks", "deliveries", "notices", "alert_settings",
)  # fmt: skip
_UP = (
    """
    CREATE TABLE events (
        position BIGINT NOT NULL,
        id UUID NOT NULL,
        type TEXT NOT NULL,
        site_id UUID NOT NULL,
        subject TEXT NOT NULL,
        is_state BOOLEAN DEFAULT false NOT NULL,
        data JSONB NOT NULL,
        occurred_at BIGINT NOT NULL,
        recorded_at BIGINT NOT NULL,
        CONSTRAINT pk_events PRIMARY KEY (position)
    )
    """,
    "CREATE UNIQUE INDEX uq_events_state ON events (site_id, type, subject) WHERE is_state",
    """
    CREATE TABLE event_outbox (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        type TEXT NOT NULL,
        site_id UUID NOT NULL,
        subject TEXT NOT NULL,
        data JSONB NOT NULL,
        occurred_at BIGINT NOT NULL,
        CONSTRAINT pk_event_outbox PRIMARY KEY (id)
    )
    """,
    "COMMENT ON TABLE event_outbox IS 'What the hub itself did, said in the transaction that did it;"
    " numbered soon after.'",
    """
    CREATE TABLE event_cursors (
        site_id UUID NOT NULL,
        origin_id UUID NOT NULL,
        position BIGINT NOT NULL,
        CONSTRAINT pk_event_cursors PRIMARY KEY (site_id, origin_id)
    )
    """,
    "COMMENT ON TABLE event_cursors IS 'How far each ledger has been told of.'",
    """
    CREATE TABLE event_epochs (
        epoch BIGINT NOT NULL,
        after BIGINT NOT NULL,
        CONSTRAINT pk_event_epochs PRIMARY KEY (epoch)
    )
    """,
    """
    CREATE TABLE webhooks (
        id UUID NOT NULL,
        url TEXT NOT NULL,
        description TEXT DEFAULT '' NOT NULL,
        types TEXT[] NOT NULL,
        site_ids UUID[] DEFAULT '{}' NOT NULL,
        is_everywhere BOOLEAN DEFAULT false NOT NULL,
        state TEXT DEFAULT 'active' NOT NULL,
        detail TEXT DEFAULT '' NOT NULL,
        secret_serial BIGINT DEFAULT 1 NOT NULL,
        rotated_at BIGINT,
        cursor BIGINT NOT NULL,
        failing_since BIGINT,
        made_by TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        CONSTRAINT pk_webhooks PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE deliveries (
        channel TEXT NOT NULL,
        receiver UUID NOT NULL,
        subject TEXT NOT NULL,
        id UUID NOT NULL,
        type TEXT NOT NULL,
        position BIGINT DEFAULT 0 NOT NULL,
        payload JSONB NOT NULL,
        state TEXT DEFAULT 'pending' NOT NULL,
        attempts BIGINT DEFAULT 0 NOT NULL,
        due_at BIGINT NOT NULL,
        claimed_until BIGINT,
        status BIGINT,
        error TEXT DEFAULT '' NOT NULL,
        created_at BIGINT NOT NULL,
        settled_at BIGINT,
        CONSTRAINT pk_deliveries PRIMARY KEY (channel, receiver, subject),
        CONSTRAINT uq_deliveries_id UNIQUE (id)
    )
    """,
    "CREATE INDEX ix_deliveries_pending ON deliveries (due_at) WHERE state = 'pending'",
    "CREATE INDEX ix_deliveries_receiver_created_at ON deliveries (receiver, created_at)",
    "COMMENT ON TABLE deliveries IS 'The outbox: one row per channel, receiver and thing to say, so"
    " nothing is said twice.'",
    """
    CREATE TABLE notices (
        user_id UUID NOT NULL,
        alert_id UUID NOT NULL,
        type TEXT NOT NULL,
        site_id UUID NOT NULL,
        state TEXT DEFAULT 'waiting' NOT NULL,
        due_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        settled_at BIGINT,
        CONSTRAINT pk_notices PRIMARY KEY (user_id, alert_id, type)
    )
    """,
    "CREATE INDEX ix_notices_waiting ON notices (due_at) WHERE state = 'waiting'",
    "COMMENT ON TABLE notices IS 'Whom to tell of which alert, and when: each person once per alert and type.'",
    """
    CREATE TABLE alert_settings (
        scope TEXT NOT NULL,
        settings JSONB DEFAULT '{}'::jsonb NOT NULL,
        updated_at BIGINT NOT NULL,
        updated_by TEXT NOT NULL,
        CONSTRAINT pk_alert_settings PRIMARY KEY (scope)
    )
    """,
    "COMMENT ON TABLE alert_settings IS 'scope: chain, site:UUID or user:UUID; the narrower one wins, field by field.'",
    "ALTER TABLE alerts ADD COLUMN subject TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE alerts ADD COLUMN is_hubs BOOLEAN DEFAULT false NOT NULL",
    "CREATE UNIQUE INDEX uq_alerts_open ON alerts (site_id, rule, subject) WHERE is_hubs AND state <> 'resolved'",
    "COMMENT ON TABLE alerts IS 'is_hubs: raised by the hub (about a box, a transfer, a lot), not by the writer"
    " of the site''s ledger.'",
    "CREATE INDEX ix_movements_lots ON movements (site_id, product_id, expiry) WHERE expiry IS NOT NULL",
    # What happened before is no news.
    "INSERT INTO event_cursors (site_id, origin_id, position) SELECT site_id, origin_id, mark FROM origins",
    "INSERT INTO counters (name, value) VALUES ('events', 0), ('events.pruned', 0), ('events.people', 0)",
    "INSERT INTO counters (name, value) SELECT 'events.changes', value FROM counters WHERE name = 'changes'",
)
_DOWN = (
    "DELETE FROM counters WHERE name LIKE 'events%%'",
    "DROP INDEX ix_movements_lots",
    "DROP INDEX uq_alerts_open",
    "COMMENT ON TABLE alerts IS NULL",
    "ALTER TABLE alerts DROP COLUMN subject, DROP COLUMN is_hubs",
    *(f"DROP TABLE {name}" for name in reversed(_TABLES)),
)


def upgrade() -> None:
    """Make the tables; cursors begin where the ledgers are."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them; stores' alerts stay."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
