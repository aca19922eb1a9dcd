"""The first schema, as 0001_initial.sql says it: frozen text, so that later edits of schema.py do not rewrite the past.

Statements are parted by empty lines, because a trigger has semicolons of its own.
"""

import re
from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split("\n\n")


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in reversed(STATEMENTS):
        # A table's indexes and triggers go with it.
        for name in re.findall(r"^CREATE (?:VIRTUAL )?TABLE (\w+)", statement):
            op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
