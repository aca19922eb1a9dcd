"""Vendors and their prices."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE vendors (
        id UUID NOT NULL,
        code TEXT,
        name TEXT NOT NULL,
        contact_email TEXT,
        contact_phone TEXT,
        address TEXT DEFAULT '' NOT NULL,
        currency TEXT DEFAULT 'EUR' NOT NULL,
        lifecycle TEXT DEFAULT 'active' NOT NULL,
        version_epoch BIGINT NOT NULL,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        CONSTRAINT pk_vendors PRIMARY KEY (id),
        CONSTRAINT uq_vendors_code UNIQUE (code)
    )
    """,
    "CREATE INDEX ix_vendors_name_id ON vendors (name, id)",
    """
    CREATE TABLE vendor_prices (
        vendor_id UUID NOT NULL,
        product_id UUID NOT NULL,
        valid_from DATE NOT NULL,
        valid_until DATE,
        unit_price NUMERIC NOT NULL,
        currency TEXT NOT NULL,
        lead_time_days BIGINT NOT NULL,
        minimum_order_quantity BIGINT NOT NULL,
        order_multiple BIGINT,
        freight_per_order NUMERIC NOT NULL,
        freight_per_unit NUMERIC NOT NULL,
        vendor_sku TEXT,
        updated_at BIGINT NOT NULL,
        CONSTRAINT pk_vendor_prices PRIMARY KEY (vendor_id, product_id, valid_from)
    )
    """,
    "CREATE INDEX ix_vendor_prices_product_id ON vendor_prices (product_id)",
)


def upgrade() -> None:
    """Make the two tables."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them."""
    for name in ("vendor_prices", "vendors"):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
