"""SQL of searching for one word: products by the beginning of a word, read in the order of their names.

`product_words` has each word of each product in that order, so a page is read as it begins, however
many products match: of each word that begins so, the first of its products. When too many words do,
and of numbers, which are not in it, the index of `products.search` finds all that match.
Archived products are not in it. Triggers of `products` write it, whoever writes a product (migration 0014).
"""

from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.database import bound
from cloud_hub.storage.schema import product_words, products

WORDS_MAX = 32
"""Lists that are worth merging."""
_BEGINS = sa.bindparam("begins", type_=product_words.c.word.type)
_BEYOND = sa.bindparam("beyond", type_=product_words.c.word.type)


def beginning_with(otherwise: sa.Select[Any], *, is_first: bool, is_backwards: bool) -> sa.CompoundSelect[Any]:
    """`id` and `name` of what may be on a page; `otherwise` selects the same of all that match."""
    few = _words()
    are_few = sa.select(sa.func.count() <= sa.literal_column(str(WORDS_MAX))).select_from(few).scalar_subquery()
    heads = _heads(few.c.word, is_first=is_first, is_backwards=is_backwards)
    listed = sa.select(heads.c.id, heads.c.name).distinct().select_from(few.join(heads, sa.true())).where(are_few)
    return sa.union_all(listed, otherwise.where(~are_few))


def _words() -> sa.CTE:
    """The words that begin so, one by one: each is one look into the index; one more than are merged."""
    word = (
        sa.select(sa.func.min(product_words.c.word).label("word"))
        .where(product_words.c.word >= _BEGINS, product_words.c.word < _BEYOND)
        .cte("word", recursive=True)
    )
    further = product_words.alias("further")
    following = (
        sa.select(sa.func.min(further.c.word))
        .where(further.c.word > word.c.word, further.c.word < _BEYOND)
        .correlate(word)
        .scalar_subquery()
    )
    every = word.union_all(sa.select(following).where(word.c.word.is_not(None)))
    most: sa.ColumnElement[int] = sa.literal_column(str(WORDS_MAX + 1))
    return sa.select(every.c.word).where(every.c.word.is_not(None)).limit(most).cte("few")


def _heads(word: sa.ColumnElement[str], *, is_first: bool, is_backwards: bool) -> sa.FromClause:
    """Of one word the products that may be on the page."""
    key = (product_words.c.name, product_words.c.product_id)
    statement = sa.select(product_words.c.product_id.label("id"), product_words.c.name).where(
        product_words.c.word == word
    )
    if not is_first:
        last = sa.tuple_(bound(products.c.name, "after_key"), bound(products.c.id, "after_id"))
        statement = statement.where(sa.tuple_(*key) < last if is_backwards else sa.tuple_(*key) > last)
    most = sa.bindparam("skip", type_=sa.BigInteger) + sa.bindparam("most", type_=sa.BigInteger)
    order = [column.desc() for column in key] if is_backwards else key
    return statement.order_by(*order).limit(most).lateral("head")
