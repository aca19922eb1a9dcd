"""Rollups of the whole chain lie apart from those of its sites: a report of all sites reads nothing else."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEY = "site_id, product_id, day, reason, currency"
_CHAIN = "'00000000-0000-0000-0000-000000000000'"


def upgrade() -> None:
    """Two partitions of each table, with the rows that there are."""
    for name in ("moved_days", "moved_months"):
        _replace(name, "PARTITION BY LIST (site_id)")
        _run(f"CREATE TABLE {name}_chain PARTITION OF {name} FOR VALUES IN ({_CHAIN})")
        _run(f"CREATE TABLE {name}_sites PARTITION OF {name} DEFAULT")
        _refill(name)
    _comment()


def downgrade() -> None:
    """All in one table again."""
    for name in ("moved_days", "moved_months"):
        _replace(name, "")
        _refill(name)
    _comment()


def _replace(name: str, how: str) -> None:
    _run(f"ALTER TABLE {name} RENAME TO {name}_before")
    _run(f"ALTER TABLE {name}_before DROP CONSTRAINT pk_{name}")
    _run(f"CREATE TABLE {name} (LIKE {name}_before) {how}")


def _refill(name: str) -> None:
    """By day, as the rows came: a report of some days finds them side by side."""
    _run(f"INSERT INTO {name} SELECT * FROM {name}_before ORDER BY day")
    _run(f"DROP TABLE {name}_before")
    _run(f"ALTER TABLE {name} ADD CONSTRAINT pk_{name} PRIMARY KEY ({_KEY})")
    if name == "moved_days":
        _run(f"CREATE INDEX ix_{name}_site_id_day ON {name} (site_id, day)")


def _comment() -> None:
    _run("COMMENT ON TABLE moved_months IS 'day: the first of the month.'")


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)
