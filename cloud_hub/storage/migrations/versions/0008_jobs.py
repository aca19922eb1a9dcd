"""Jobs: long work with progress, a lease and row errors; files, what imports changed; the audit.

The tables of jobs and audit of the first schema were never written to.
"""

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
    """
    CREATE TABLE files (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        media_type TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        sha256 BYTEA NOT NULL,
        made_by TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        CONSTRAINT pk_files PRIMARY KEY (id)
    )
    """,
    "COMMENT ON TABLE files IS 'What was uploaded to an import or made by an export; kept for a week.'",
    """
    CREATE TABLE file_chunks (
        file_id UUID NOT NULL,
        number BIGINT NOT NULL,
        data BYTEA NOT NULL,
        CONSTRAINT pk_file_chunks PRIMARY KEY (file_id, number)
    )
    """,
    """
    CREATE TABLE import_changes (
        job_id UUID NOT NULL,
        number BIGINT NOT NULL,
        row BIGINT NOT NULL,
        entity TEXT NOT NULL,
        before JSONB,
        after JSONB NOT NULL,
        CONSTRAINT pk_import_changes PRIMARY KEY (job_id, number)
    )
    """,
    "COMMENT ON TABLE import_changes IS"
    " 'What an import wrote, so that it can be undone; before null: it was not there.'",
    "DROP TABLE audit",
    """
    CREATE TABLE audit (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        entity TEXT DEFAULT '' NOT NULL,
        detail JSONB DEFAULT '{}'::jsonb NOT NULL,
        position BIGINT,
        hash BYTEA,
        CONSTRAINT pk_audit PRIMARY KEY (id),
        CONSTRAINT uq_audit_position UNIQUE (position)
    )
    """,
    "CREATE INDEX ix_audit_unsealed ON audit (id) WHERE position IS NULL",
    "COMMENT ON TABLE audit IS"
    " 'Who did or was refused what; position and hash come when the entry is sealed into the chain.'",
    "UPDATE counters SET value = 0 WHERE name = 'audit'",
)
_DOWN = (
    "DROP TABLE audit",
    """
    CREATE TABLE audit (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        entity TEXT DEFAULT '' NOT NULL,
        detail JSONB DEFAULT '{}'::jsonb NOT NULL,
        previous_hash BYTEA NOT NULL,
        hash BYTEA NOT NULL,
        CONSTRAINT pk_audit PRIMARY KEY (id)
    )
    """,
    "DROP TABLE import_changes",
    "DROP TABLE file_chunks",
    "DROP TABLE files",
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
