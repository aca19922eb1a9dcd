"""Jobs: long work with progress, a lease and row errors. The table of the first schema was never written to."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UP = (
    "DROP TABLE jobs",
    """
    CREATE TABLE jobs (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        asked_by TEXT NOT NULL,
        state TEXT DEFAULT 'queued' NOT NULL,
        body JSONB DEFAULT '{}'::jsonb NOT NULL,
        checkpoint JSONB,
        done BIGINT DEFAULT 0 NOT NULL,
        total BIGINT,
        errors BIGINT DEFAULT 0 NOT NULL,
        result JSONB,
        code TEXT,
        detail TEXT,
        attempts BIGINT DEFAULT 0 NOT NULL,
        created_at BIGINT NOT NULL,
        run_at BIGINT NOT NULL,
        started_at BIGINT,
        ended_at BIGINT,
        cancel_asked_at BIGINT,
        worker TEXT,
        leased_until BIGINT,
        CONSTRAINT pk_jobs PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_jobs_created_at_id ON jobs (created_at, id)",
    "CREATE INDEX ix_jobs_open ON jobs (run_at, id) WHERE state IN ('queued', 'running')",
    "COMMENT ON TABLE jobs IS 'Long work that somebody asked for; checkpoint is where an interrupted run goes on.'",
    """
    CREATE TABLE job_errors (
        job_id UUID NOT NULL,
        number BIGINT NOT NULL,
        row BIGINT,
        "column" TEXT,
        code TEXT NOT NULL,
        detail TEXT NOT NULL,
        CONSTRAINT pk_job_errors PRIMARY KEY (job_id, number)
    )
    """,
    "COMMENT ON TABLE job_errors IS 'What was wrong with single rows of a job.'",
)
_DOWN = (
    "DROP TABLE job_errors",
    "DROP TABLE jobs",
    """
    CREATE TABLE jobs (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        body JSONB DEFAULT '{}'::jsonb NOT NULL,
        created_at BIGINT NOT NULL,
        run_at BIGINT NOT NULL,
        attempts BIGINT DEFAULT 0 NOT NULL,
        error TEXT,
        done_at BIGINT,
        CONSTRAINT pk_jobs PRIMARY KEY (id)
    )
    """,
)


def upgrade() -> None:
    """Make the tables anew."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Back to the empty table there was."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
