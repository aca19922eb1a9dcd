"""What people log in with at a store's box: a PIN, a badge."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_UP = """ALTER TABLE users
    ADD pin_hash TEXT, ADD pin_set_at BIGINT DEFAULT 0 NOT NULL, ADD badge_hash BYTEA,
    ADD CONSTRAINT uq_users_badge_hash UNIQUE (badge_hash)"""
_DOWN = "ALTER TABLE users DROP pin_hash, DROP pin_set_at, DROP badge_hash"


def upgrade() -> None:
    """Add the columns."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop them."""
    op.get_bind().exec_driver_sql(_DOWN)
