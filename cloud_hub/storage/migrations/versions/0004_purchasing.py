"""Purchase orders, receipts, approval limits."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE purchase_orders (
        site_id UUID NOT NULL,
        id UUID NOT NULL,
        serial BIGINT NOT NULL,
        number TEXT NOT NULL,
        vendor_id UUID NOT NULL,
        state TEXT NOT NULL,
        currency TEXT NOT NULL,
        note TEXT DEFAULT '' NOT NULL,
        reference TEXT DEFAULT '' NOT NULL,
        expected_on DATE,
        version_epoch BIGINT NOT NULL,
        version BIGINT NOT NULL,
        created_by TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        approved_by TEXT,
        approved_at BIGINT,
        sent_at BIGINT,
        acknowledged_at BIGINT,
        received_at BIGINT,
        closed_at BIGINT,
        updated_at BIGINT NOT NULL,
        CONSTRAINT pk_purchase_orders PRIMARY KEY (site_id, id),
        CONSTRAINT uq_purchase_orders_site_id_number UNIQUE (site_id, number)
    )
    """,
    """
    CREATE INDEX ix_purchase_orders_site_id_state_created_at
        ON purchase_orders (site_id, state, created_at)
    """,
    """
    CREATE TABLE purchase_order_lines (
        site_id UUID NOT NULL,
        order_id UUID NOT NULL,
        product_id UUID NOT NULL,
        line BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        unit_price NUMERIC NOT NULL,
        received BIGINT DEFAULT 0 NOT NULL,
        damaged BIGINT DEFAULT 0 NOT NULL,
        first_received_at BIGINT,
        CONSTRAINT pk_purchase_order_lines PRIMARY KEY (site_id, order_id, product_id)
    )
    """,
    "CREATE INDEX ix_purchase_order_lines_site_id_product_id ON purchase_order_lines (site_id, product_id)",
    """
    CREATE TABLE receipts (
        site_id UUID NOT NULL,
        id UUID NOT NULL,
        key TEXT NOT NULL,
        body_hash BYTEA NOT NULL,
        order_id UUID,
        vendor_id UUID,
        document TEXT DEFAULT '' NOT NULL,
        note TEXT DEFAULT '' NOT NULL,
        actor TEXT NOT NULL,
        received_at BIGINT NOT NULL,
        CONSTRAINT pk_receipts PRIMARY KEY (site_id, id),
        CONSTRAINT uq_receipts_site_id_key UNIQUE (site_id, key)
    )
    """,
    "CREATE INDEX ix_receipts_site_id_received_at ON receipts (site_id, received_at)",
    "CREATE INDEX ix_receipts_site_id_order_id ON receipts (site_id, order_id)",
    """
    CREATE TABLE receipt_lines (
        site_id UUID NOT NULL,
        receipt_id UUID NOT NULL,
        line BIGINT NOT NULL,
        product_id UUID NOT NULL,
        quantity BIGINT NOT NULL,
        damaged BIGINT NOT NULL,
        expected BIGINT,
        location TEXT NOT NULL,
        lot TEXT,
        CONSTRAINT pk_receipt_lines PRIMARY KEY (site_id, receipt_id, line)
    )
    """,
    "COMMENT ON TABLE receipt_lines IS 'expected: what the order still lacked of the product,"
    " 0 when it was not ordered, null without an order.'",
    """
    CREATE TABLE approval_limits (
        subject TEXT NOT NULL,
        currency TEXT NOT NULL,
        amount NUMERIC,
        updated_at BIGINT NOT NULL,
        CONSTRAINT pk_approval_limits PRIMARY KEY (subject, currency)
    )
    """,
    "COMMENT ON TABLE approval_limits IS 'subject: role:NAME or user:UUID (which wins); amount null: any.'",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them; the goods that came stay movements in the ledger."""
    for name in ("approval_limits", "receipt_lines", "receipts", "purchase_order_lines", "purchase_orders"):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
