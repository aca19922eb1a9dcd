"""What other sites had when head office was asked last, and the plans of what is to be done at once."""

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


def upgrade() -> None:
    for statement in _TABLES:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for name in ("plans", "stock_elsewhere"):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
