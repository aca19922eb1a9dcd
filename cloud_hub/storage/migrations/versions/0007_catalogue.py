"""Categories as rows of their own; search that folds accents; one number for what boxes are told of policies."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WORDS = """
    to_tsvector('simple'::regconfig, translate(regexp_replace(normalize(
        (((name || ' '::text) || sku) || ' '::text) || category, NFKD),
        '[\u0300-\u036f]'::text, ''::text, 'g'::text), '-_./,;:+*#&()"%!?|@=<>[]{}~^'::text, repeat(' '::text, 28)))
"""
_UP = (
    """
    CREATE TABLE categories (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        description TEXT DEFAULT '' NOT NULL,
        reorder_point BIGINT,
        critical_level BIGINT,
        version_epoch BIGINT NOT NULL,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        CONSTRAINT pk_categories PRIMARY KEY (id),
        CONSTRAINT uq_categories_name UNIQUE (name)
    )
    """,
    """
    INSERT INTO categories (id, name, reorder_point, critical_level, version_epoch, version, created_at, updated_at)
    SELECT gen_random_uuid(), named.name, told.reorder_point, told.critical_level, hub_epoch, 1, named.at, named.at
    FROM (
        SELECT name, min(at) AS at FROM (
            SELECT category AS name, created_at AS at FROM products
            UNION ALL SELECT category, (extract(epoch FROM now()) * 1000)::bigint FROM policies
        ) AS used WHERE name <> '' GROUP BY name
    ) AS named
    CROSS JOIN hub_state
    LEFT JOIN policies AS told
        ON told.category = named.name AND told.site_id = '00000000-0000-0000-0000-000000000000'
    """,
    "DELETE FROM policies WHERE category <> ''",
    "ALTER TABLE policies DROP CONSTRAINT pk_policies",
    "ALTER TABLE policies DROP COLUMN category",
    "ALTER TABLE policies ADD CONSTRAINT pk_policies PRIMARY KEY (site_id)",
    "COMMENT ON TABLE policies IS 'What holds where a site says nothing itself: the nil UUID is the whole chain.'",
    """
    INSERT INTO counters (name, value)
    SELECT 'policies', greatest(
        (SELECT coalesce(max(version), 0) FROM sites), (SELECT coalesce(max(version), 0) FROM policies)
    )
    """,
    "DROP INDEX ix_products_search",
    "ALTER TABLE products DROP COLUMN search",
    f"ALTER TABLE products ADD COLUMN search TSVECTOR GENERATED ALWAYS AS ({_WORDS}) STORED",
    "CREATE INDEX ix_products_search ON products USING gin (search)",
    "CREATE INDEX ix_products_name_id ON products (name, id)",
    "CREATE INDEX ix_products_updated_at_id ON products (updated_at, id)",
    "CREATE INDEX ix_products_metadata ON products USING gin (metadata jsonb_path_ops)",
    "CREATE INDEX ix_barcodes_prefix ON barcodes (code text_pattern_ops)",
    "CREATE INDEX ix_site_products_product_id ON site_products (product_id)",
)
_DOWN = (
    "DROP INDEX ix_site_products_product_id",
    "DROP INDEX ix_barcodes_prefix",
    "DROP INDEX ix_products_metadata",
    "DROP INDEX ix_products_updated_at_id",
    "DROP INDEX ix_products_name_id",
    "DROP INDEX ix_products_search",
    "ALTER TABLE products DROP COLUMN search",
    "ALTER TABLE products ADD COLUMN search TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, "
    "((name || ' '::text) || sku) || ' '::text || category)) STORED",
    "CREATE INDEX ix_products_search ON products USING gin (search)",
    "DELETE FROM counters WHERE name = 'policies'",
    "ALTER TABLE policies DROP CONSTRAINT pk_policies",
    "ALTER TABLE policies ADD COLUMN category TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE policies ALTER COLUMN category DROP DEFAULT",
    "ALTER TABLE policies ADD CONSTRAINT pk_policies PRIMARY KEY (site_id, category)",
    "COMMENT ON TABLE policies IS 'Thresholds to fall back to: site or everywhere (nil UUID), category or all ('''').'",
    """
    INSERT INTO policies (site_id, category, reorder_point, critical_level, version_epoch, version)
    SELECT '00000000-0000-0000-0000-000000000000', name, reorder_point, critical_level, version_epoch, version
    FROM categories WHERE reorder_point IS NOT NULL OR critical_level IS NOT NULL
    """,
    "DROP TABLE categories",
)


def upgrade() -> None:
    """Move the thresholds of categories to their rows, and build the indexes of search and lists."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """The descriptions of categories are lost, their thresholds are kept."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
