"""The orders whose goods a store expects."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(
        """CREATE TABLE purchase_orders (
    order_id TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    vendor TEXT NOT NULL,
    expected_on TEXT,
    lines TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (order_id)
) WITHOUT ROWID, STRICT"""
    )


def downgrade() -> None:
    """The hub tells of open orders again with the next snapshot."""
    op.get_bind().exec_driver_sql("DROP TABLE purchase_orders")
