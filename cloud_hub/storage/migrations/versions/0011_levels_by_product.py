"""Levels found by product: what all sites hold together, for the catalogue's pages."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index them. The quantity is not in it, so changing a level touches no index."""
    op.get_bind().exec_driver_sql("CREATE INDEX ix_levels_product_id ON levels (product_id)")


def downgrade() -> None:
    """Without it."""
    op.get_bind().exec_driver_sql("DROP INDEX ix_levels_product_id")
