"""Rollups of what moved, per site, product, day and reason; filled behind the ledgers from their beginning."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MEASURES = """
        movements BIGINT NOT NULL,
        added BIGINT NOT NULL,
        taken BIGINT NOT NULL,
        amount NUMERIC NOT NULL,
        cost NUMERIC NOT NULL,
"""
_MOVED = ("moved_days", "moved_months")
_TABLES = ("rollup_sites", "rollup_cursors", "rollup_late", "moved_hours", *_MOVED, "moved_actors", "stock_reports")
_UP = (
    """
    CREATE TABLE rollup_sites (
        site_id UUID NOT NULL,
        timezone TEXT NOT NULL,
        currency TEXT NOT NULL,
        CONSTRAINT pk_rollup_sites PRIMARY KEY (site_id)
    )
    """,
    "COMMENT ON TABLE rollup_sites IS 'The zone whose days and the currency in which a site was counted.'",
    """
    CREATE TABLE rollup_cursors (
        site_id UUID NOT NULL,
        origin_id UUID NOT NULL,
        position BIGINT NOT NULL,
        CONSTRAINT pk_rollup_cursors PRIMARY KEY (site_id, origin_id)
    )
    """,
    "COMMENT ON TABLE rollup_cursors IS 'How far each ledger is counted.'",
    """
    CREATE TABLE rollup_late (
        site_id UUID NOT NULL,
        origin_id UUID NOT NULL,
        sequence BIGINT NOT NULL,
        CONSTRAINT pk_rollup_late PRIMARY KEY (site_id, origin_id, sequence)
    )
    """,
    "COMMENT ON TABLE rollup_late IS 'Movements that were read below a mark, and are counted by the next round.'",
    f"""
    CREATE TABLE moved_hours (
        site_id UUID NOT NULL,
        day DATE NOT NULL,
        hour BIGINT NOT NULL,
        reason TEXT NOT NULL,
        currency TEXT NOT NULL,
        {_MEASURES}
        CONSTRAINT pk_moved_hours PRIMARY KEY (site_id, day, hour, reason, currency)
    )
    """,
    *(
        f"""
    CREATE TABLE {name} (
        site_id UUID NOT NULL,
        product_id UUID NOT NULL,
        day DATE NOT NULL,
        reason TEXT NOT NULL,
        currency TEXT NOT NULL,
        {_MEASURES}
        CONSTRAINT pk_{name} PRIMARY KEY (site_id, product_id, day, reason, currency)
    )
    """
        for name in _MOVED
    ),
    "CREATE INDEX ix_moved_days_site_id_day ON moved_days (site_id, day)",
    "COMMENT ON TABLE moved_months IS 'day: the first of the month.'",
    f"""
    CREATE TABLE moved_actors (
        site_id UUID NOT NULL,
        day DATE NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        {_MEASURES}
        CONSTRAINT pk_moved_actors PRIMARY KEY (site_id, day, actor, reason)
    )
    """,
    "COMMENT ON TABLE moved_actors IS 'By who did it; every movement, also those between a site''s own places.'",
    """
    CREATE TABLE stock_reports (
        site_id UUID NOT NULL,
        kind TEXT NOT NULL,
        first DATE NOT NULL,
        until DATE NOT NULL,
        id UUID NOT NULL,
        revision BIGINT DEFAULT 1 NOT NULL,
        is_final BOOLEAN DEFAULT false NOT NULL,
        made_at BIGINT NOT NULL,
        origin_id UUID,
        position BIGINT NOT NULL,
        lines BIGINT NOT NULL,
        totals JSONB NOT NULL,
        content BYTEA NOT NULL,
        CONSTRAINT pk_stock_reports PRIMARY KEY (site_id, kind, first),
        CONSTRAINT uq_stock_reports_id UNIQUE (id)
    )
    """,
    "CREATE INDEX ix_stock_reports_kind_first ON stock_reports (kind, first)",
    "COMMENT ON TABLE stock_reports IS 'Inventory reports as they were made; content: CSV, compressed by zlib.'",
    "INSERT INTO counters (name, value) VALUES ('rollups', 0)",
)
_DOWN = (
    "DELETE FROM counters WHERE name = 'rollups'",
    *(f"DROP TABLE {name}" for name in reversed(_TABLES)),
)


def upgrade() -> None:
    """Make the tables; the first round begins to count."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them; the ledgers have it all."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
