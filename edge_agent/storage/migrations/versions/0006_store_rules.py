"""Lots, receipts line by line, counting in zones, the count plan and the store's days; why a task came about.

The lots of goods that are here are worked out from the records that are: the last to expire are
taken to be left. Two tables are made again with a column more, so that they read as new ones do.
"""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split("\n\n")
_NEW = ("lots", "receipts", "receipt_lines", "count_zones", "zone_lines", "stocktake_products", "count_plan",
        "store_days")  # fmt: skip
_TASKS = """CREATE TABLE tasks (
    task_id TEXT NOT NULL,
    rule TEXT NOT NULL,
    product_id TEXT,
    state TEXT NOT NULL,
    detail TEXT DEFAULT '' NOT NULL,
    opened_at INTEGER NOT NULL,
    done_at INTEGER,{column}
    PRIMARY KEY (task_id)
) WITHOUT ROWID, STRICT"""
_OPEN_TASKS = "CREATE INDEX tasks_open ON tasks (rule, product_id) WHERE state = 'open'"
_STOCKTAKES = """CREATE TABLE stocktakes (
    stocktake_id TEXT NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    state TEXT NOT NULL,
    is_blind INTEGER DEFAULT 0 NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    actor TEXT,{column}
    PRIMARY KEY (stocktake_id)
) WITHOUT ROWID, STRICT"""


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
    _make_again("tasks", _TASKS.format(column="\n    cause TEXT,"), "*, NULL")
    _make_again("stocktakes", _STOCKTAKES.format(column="\n    kind TEXT DEFAULT 'full' NOT NULL,"), "*, 'full'")
    op.get_bind().exec_driver_sql(_OPEN_TASKS)


def downgrade() -> None:
    """Levels and counts stay; what only these tables know goes."""
    for name in _NEW:
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
    _make_again("tasks", _TASKS.format(column=""), "task_id, rule, product_id, state, detail, opened_at, done_at")
    columns = "stocktake_id, name, state, is_blind, opened_at, closed_at, actor"
    _make_again("stocktakes", _STOCKTAKES.format(column=""), columns)
    op.get_bind().exec_driver_sql(_OPEN_TASKS)


def _make_again(name: str, statement: str, columns: str) -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(f"CREATE TEMP TABLE kept AS SELECT * FROM {name}")
    connection.exec_driver_sql(f"DROP TABLE {name}")
    connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"INSERT INTO {name} SELECT {columns} FROM kept")
    connection.exec_driver_sql("DROP TABLE kept")
