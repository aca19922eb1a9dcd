"""Words of products in the order of their names: what begins a list is read, not all that matches."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_WORDS_OF = """
    INSERT INTO product_words (word, name, product_id)
    SELECT DISTINCT left(held.lexeme, 64), {rows}.name, {rows}.id FROM {source} unnest({rows}.search) AS held
    WHERE held.lexeme !~ '^[0-9]' AND {rows}.lifecycle <> 'archived' ORDER BY 1, 2, 3
"""
_UP = (
    """
    CREATE TABLE product_words (
        word TEXT COLLATE "C" NOT NULL,
        name TEXT NOT NULL,
        product_id UUID NOT NULL,
        CONSTRAINT pk_product_words PRIMARY KEY (word, name, product_id)
    )
    """,
    "COMMENT ON TABLE product_words IS "
    "'What triggers of products make of their search: no numbers, 64 letters, nothing archived.'",
    f"""
    CREATE FUNCTION product_words_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_WORDS_OF.format(rows="added", source="added,")};
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE FUNCTION product_words_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM product_words USING unnest(OLD.search) AS held
        WHERE word = left(held.lexeme, 64) AND product_words.name = OLD.name AND product_id = OLD.id;
        IF TG_OP = 'UPDATE' THEN
            {_WORDS_OF.format(rows="NEW", source="")};
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER product_words_insert AFTER INSERT ON products REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION product_words_of_new()
    """,
    """
    CREATE TRIGGER product_words_update AFTER UPDATE ON products FOR EACH ROW
    WHEN ((OLD.name, OLD.search, OLD.lifecycle) IS DISTINCT FROM (NEW.name, NEW.search, NEW.lifecycle))
    EXECUTE FUNCTION product_words_of_changed()
    """,
    """
    CREATE TRIGGER product_words_delete AFTER DELETE ON products
    FOR EACH ROW EXECUTE FUNCTION product_words_of_changed()
    """,
    _WORDS_OF.format(rows="products", source="products,"),
)
_DOWN = (
    "DROP TRIGGER product_words_delete ON products",
    "DROP TRIGGER product_words_update ON products",
    "DROP TRIGGER product_words_insert ON products",
    "DROP FUNCTION product_words_of_changed()",
    "DROP FUNCTION product_words_of_new()",
    "DROP TABLE product_words",
)


def upgrade() -> None:
    """Make the table, keep it true from now on, and fill it."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Search reads all that matches again."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
