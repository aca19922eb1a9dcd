"""Transfers that head office begins, what each ledger says of their goods, and reservations."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE transfer_goods (
        site_id UUID NOT NULL,
        transfer_id UUID NOT NULL,
        product_id UUID NOT NULL,
        entered BIGINT DEFAULT 0 NOT NULL,
        taken BIGINT DEFAULT 0 NOT NULL,
        lost BIGINT DEFAULT 0 NOT NULL,
        CONSTRAINT pk_transfer_goods PRIMARY KEY (site_id, transfer_id, product_id)
    )
    """,
    "COMMENT ON TABLE transfer_goods IS 'What this site''s ledger moved into the transfer''s transit,"
    " out of it to a place of its own, to shrinkage.'",
    # Folded from the ledger, which knows more than the totals that were kept before.
    """
    INSERT INTO transfer_goods (site_id, transfer_id, product_id, entered, taken, lost)
    SELECT site_id, substring(place FROM 9)::uuid, product_id, sum(entered), sum(taken), sum(lost)
    FROM (
        SELECT site_id, to_location AS place, product_id, quantity AS entered, 0 AS taken, 0 AS lost FROM movements
        UNION ALL
        SELECT site_id, from_location, product_id, 0,
            CASE WHEN to_location = 'shrinkage' THEN 0 ELSE quantity END,
            CASE WHEN to_location = 'shrinkage' THEN quantity ELSE 0 END
        FROM movements
    ) AS moved
    WHERE place ~ '^transit:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
    GROUP BY 1, 2, 3
    """,
    "DELETE FROM transfer_lines",
    "ALTER TABLE transfer_lines DROP COLUMN dispatched, DROP COLUMN received, ADD COLUMN requested BIGINT NOT NULL",
    "CREATE INDEX ix_transfer_lines_from_site_product_id ON transfer_lines (from_site, product_id)",
    "COMMENT ON TABLE transfer_lines IS 'What head office asked for.'",
    """
    ALTER TABLE transfers
        ADD COLUMN is_open BOOLEAN DEFAULT true NOT NULL,
        ADD COLUMN note TEXT DEFAULT '' NOT NULL,
        ADD COLUMN reason TEXT DEFAULT '' NOT NULL,
        ADD COLUMN fault TEXT,
        ADD COLUMN created_by TEXT,
        ADD COLUMN command_id UUID
    """,
    """
    UPDATE transfers AS t SET is_open = NOT is_dispatched OR EXISTS (
        SELECT FROM transfer_goods AS g
        WHERE g.site_id IN (t.from_site, t.to_site) AND g.transfer_id = t.transfer_id
        GROUP BY g.product_id HAVING sum(g.entered - g.taken - g.lost) <> 0)
    """,
    "CREATE INDEX ix_transfers_open ON transfers (to_site) WHERE is_open",
    "COMMENT ON TABLE transfers IS 'is_open: something is still to be shipped, received or written off."
    " command_id: the source''s box was asked.'",
    """
    CREATE TABLE reservations (
        site_id UUID NOT NULL,
        id UUID NOT NULL,
        product_id UUID NOT NULL,
        quantity BIGINT NOT NULL,
        state TEXT NOT NULL,
        document TEXT DEFAULT '' NOT NULL,
        note TEXT DEFAULT '' NOT NULL,
        created_by TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        ending TEXT,
        ended_at BIGINT,
        command_id UUID,
        release_id UUID,
        CONSTRAINT pk_reservations PRIMARY KEY (site_id, id),
        CONSTRAINT state CHECK (state IN ('pending', 'held', 'released', 'expired', 'refused'))
    )
    """,
    "CREATE INDEX ix_reservations_open ON reservations (site_id, product_id) WHERE state IN ('pending', 'held')",
    "COMMENT ON TABLE reservations IS 'At a store its box decides: command_id reserved there,"
    " release_id gives back (ending: why).'",
)
_DOWN = (
    "DROP TABLE reservations",
    "DELETE FROM transfers WHERE step IN ('draft', 'cancelled')",
    "DROP INDEX ix_transfers_open",
    "ALTER TABLE transfers DROP COLUMN is_open, DROP COLUMN note, DROP COLUMN reason, DROP COLUMN fault,"
    " DROP COLUMN created_by, DROP COLUMN command_id",
    "COMMENT ON TABLE transfers IS NULL",
    "DROP INDEX ix_transfer_lines_from_site_product_id",
    "DELETE FROM transfer_lines",
    "ALTER TABLE transfer_lines DROP COLUMN requested, ADD COLUMN dispatched BIGINT DEFAULT 0 NOT NULL,"
    " ADD COLUMN received BIGINT DEFAULT 0 NOT NULL",
    "COMMENT ON TABLE transfer_lines IS NULL",
    """
    INSERT INTO transfer_lines (from_site, transfer_id, product_id, dispatched, received)
    SELECT t.from_site, t.transfer_id, g.product_id,
        coalesce(sum(g.entered) FILTER (WHERE g.site_id = t.from_site), 0),
        coalesce(sum(g.taken + g.lost) FILTER (WHERE g.site_id = t.to_site), 0)
    FROM transfers AS t
    JOIN transfer_goods AS g ON g.transfer_id = t.transfer_id AND g.site_id IN (t.from_site, t.to_site)
    GROUP BY 1, 2, 3
    """,
    "DROP TABLE transfer_goods",
)


def upgrade() -> None:
    """Make the tables; what the ledgers say of transfers so far is folded anew."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drafts and reservations are forgotten; the goods stay movements in the ledgers."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
