"""The people who may work here, where they are logged in, what managers allowed, and log-ins that failed."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UP = (
    """CREATE TABLE people (
    person_id TEXT NOT NULL,
    username TEXT,
    email TEXT,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL,
    permissions TEXT NOT NULL,
    password_hash TEXT,
    pin_hash TEXT,
    pin_set_at INTEGER DEFAULT 0 NOT NULL,
    badge_hash TEXT,
    is_active INTEGER NOT NULL,
    version_epoch INTEGER NOT NULL,
    version_number INTEGER NOT NULL,
    PRIMARY KEY (person_id)
) WITHOUT ROWID, STRICT""",
    "CREATE INDEX people_badge ON people (badge_hash)",
    """CREATE TABLE sessions (
    session_id TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    person_id TEXT NOT NULL,
    device TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (session_id),
    UNIQUE (token_hash)
) WITHOUT ROWID, STRICT""",
    "CREATE INDEX sessions_person ON sessions (person_id)",
    """CREATE TABLE approvals (
    token_hash BLOB NOT NULL,
    approval_id TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    operation TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (token_hash)
) WITHOUT ROWID, STRICT""",
    """CREATE TABLE tries (
    subject TEXT NOT NULL,
    failed INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (subject)
) WITHOUT ROWID, STRICT""",
)


def upgrade() -> None:
    connection = op.get_bind()
    for statement in _UP:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    for name in ("tries", "approvals", "sessions", "people"):
        connection.exec_driver_sql(f"DROP TABLE {name}")
