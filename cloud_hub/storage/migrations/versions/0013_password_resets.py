"""Tokens by which people who forgot their password set another."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE password_resets (
        user_id UUID NOT NULL,
        email TEXT NOT NULL,
        hash BYTEA NOT NULL,
        expires_at BIGINT NOT NULL,
        CONSTRAINT pk_password_resets PRIMARY KEY (user_id),
        CONSTRAINT uq_password_resets_hash UNIQUE (hash)
    )
    """,
    "COMMENT ON TABLE password_resets IS 'The newest token that was mailed to a user; good once.'",
)


def upgrade() -> None:
    """Make the table."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop it."""
    op.get_bind().exec_driver_sql("DROP TABLE password_resets")
