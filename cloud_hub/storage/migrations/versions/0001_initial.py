"""The first schema; its statements stand in the SQL file of the same name, frozen."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Make all tables, the first partition and the single rows."""
    for statement in STATEMENTS.read_text(encoding="utf-8").split(";\n\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop all tables of this step."""
    lines = STATEMENTS.read_text(encoding="utf-8").splitlines()
    tables = [line.split()[2] for line in lines if line.startswith("CREATE TABLE ") and "PARTITION OF" not in line]
    for name in reversed(tables):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name} CASCADE")
