"""Labels that wait for their printer."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(
        """CREATE TABLE print_jobs (
    number INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    printer TEXT NOT NULL,
    template TEXT NOT NULL,
    lines TEXT NOT NULL,
    state TEXT NOT NULL,
    total INTEGER NOT NULL,
    sent INTEGER DEFAULT 0 NOT NULL,
    sending INTEGER DEFAULT 0 NOT NULL,
    is_repeat INTEGER DEFAULT 0 NOT NULL,
    doubled INTEGER DEFAULT 0 NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    problem TEXT DEFAULT '' NOT NULL,
    detail TEXT DEFAULT '' NOT NULL,
    actor TEXT,
    made_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (number)
) STRICT"""
    )
    connection.exec_driver_sql("CREATE UNIQUE INDEX print_jobs_id ON print_jobs (job_id)")
    connection.exec_driver_sql(
        "CREATE INDEX print_jobs_open ON print_jobs (printer, number) WHERE state IN ('waiting', 'printing')"
    )


def downgrade() -> None:
    """What was not printed has to be asked for again."""
    op.get_bind().exec_driver_sql("DROP TABLE print_jobs")
