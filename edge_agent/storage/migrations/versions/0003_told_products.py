"""What head office said of a product while the store's own edits still lay over it."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("DROP INDEX proposals_product")
    connection.exec_driver_sql(
        """CREATE TABLE told_products (
    product_id TEXT NOT NULL,
    change BLOB NOT NULL,
    PRIMARY KEY (product_id)
) WITHOUT ROWID, STRICT"""
    )


def downgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("DROP TABLE told_products")
    connection.exec_driver_sql("CREATE INDEX proposals_product ON proposals (product_id)")
