"""What other sites had when head office was asked last, and the plans of what is to be done at once.

Two tables are made again with their key's columns first: where they were not, SQLite's own check told a sound
file that had rows in them for damaged, and the box would not open it.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = (
    """CREATE TABLE stock_elsewhere (
    product_id TEXT NOT NULL,
    told TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    PRIMARY KEY (product_id)
) WITHOUT ROWID, STRICT""",
    "CREATE INDEX stock_elsewhere_age ON stock_elsewhere (asked_at)",
    """CREATE TABLE plans (
    plan_id TEXT NOT NULL,
    state TEXT NOT NULL,
    actions TEXT NOT NULL,
    done TEXT NOT NULL,
    actor TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (plan_id)
) WITHOUT ROWID, STRICT""",
    "CREATE INDEX plans_age ON plans (made_at)",
)
_KEY_FIRST = {
    "former_records": """CREATE TABLE former_records (
    origin_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    chain_hash BLOB NOT NULL,
    encoded BLOB NOT NULL,
    PRIMARY KEY (origin_id, sequence, chain_hash)
) WITHOUT ROWID, STRICT""",
    "count_events": """CREATE TABLE count_events (
    device TEXT NOT NULL,
    counter INTEGER NOT NULL,
    location TEXT NOT NULL,
    product_id TEXT NOT NULL,
    delta INTEGER NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    position INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    PRIMARY KEY (device, counter, location)
) WITHOUT ROWID, STRICT""",
}
_COUNT_EVENTS_INDEX = "CREATE INDEX count_events_product ON count_events (product_id, location)"


def upgrade() -> None:
    for name, statement in _KEY_FIRST.items():
        _make_again(name, statement)
    op.get_bind().exec_driver_sql(_COUNT_EVENTS_INDEX)
    for statement in _TABLES:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """The order of columns stays: no program minds it."""
    for name in ("plans", "stock_elsewhere"):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")


def _make_again(name: str, statement: str) -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(f"CREATE TEMP TABLE kept AS SELECT * FROM {name}")
    connection.exec_driver_sql(f"DROP TABLE {name}")
    connection.exec_driver_sql(statement)
    columns = ", ".join(row[0] for row in connection.exec_driver_sql("SELECT name FROM pragma_table_info('kept')"))
    connection.exec_driver_sql(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM kept")
    connection.exec_driver_sql("DROP TABLE kept")
