"""Batches of branches go by their last hash: two boxes of one identity may end different ones at one position."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UP = (
    "ALTER TABLE branch_batches ADD COLUMN last_hash BYTEA",
    # Behind version, encoding, origin, sequence, count and the hash before the first record (SPEC section 4).
    "UPDATE branch_batches SET last_hash = substring(sealed FROM 64 FOR 32)",
    "ALTER TABLE branch_batches DROP CONSTRAINT pk_branch_batches",
    "ALTER TABLE branch_batches DROP COLUMN last_sequence",
    "ALTER TABLE branch_batches ALTER COLUMN last_hash SET NOT NULL",
    "ALTER TABLE branch_batches ADD CONSTRAINT pk_branch_batches PRIMARY KEY (site_id, branch_id, last_hash)",
)
_DOWN = (
    "ALTER TABLE branch_batches ADD COLUMN last_sequence BIGINT",
    """UPDATE branch_batches SET last_sequence = -1
        + ('x' || encode(substring(sealed FROM 20 FOR 8), 'hex'))::bit(64)::bigint
        + ('x' || encode(substring(sealed FROM 28 FOR 4), 'hex'))::bit(32)::bigint""",
    """DELETE FROM branch_batches AS more USING branch_batches AS kept
        WHERE (more.site_id, more.branch_id, more.last_sequence) = (kept.site_id, kept.branch_id, kept.last_sequence)
        AND more.last_hash > kept.last_hash""",
    "ALTER TABLE branch_batches DROP CONSTRAINT pk_branch_batches",
    "ALTER TABLE branch_batches DROP COLUMN last_hash",
    "ALTER TABLE branch_batches ADD CONSTRAINT pk_branch_batches PRIMARY KEY (site_id, branch_id, last_sequence)",
)


def upgrade() -> None:
    """Change the key."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Where two batches end at one position, one of them is kept; their records are kept all."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
