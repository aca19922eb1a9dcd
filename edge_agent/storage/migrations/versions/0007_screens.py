"""The screen that each scanner of the box belongs to."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("""CREATE TABLE screens (
    scanner TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    paired_at INTEGER NOT NULL,
    PRIMARY KEY (scanner)
) WITHOUT ROWID, STRICT""")


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP TABLE screens")
