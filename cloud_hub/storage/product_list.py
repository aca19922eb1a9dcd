"""SQL of the catalogue as a list: search, filters, the orders it is read in, and what sites hold of each product.

A statement is made for each set of filters that somebody uses, and kept: it names only what
was asked for, so PostgreSQL finds the index for it. Search is the column of words, or the
beginning of a barcode. What matches is sorted by its keys alone, and only what is on the page
is read whole: thousands may match.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cloud_hub.domain.search import code_prefixes, only_word, tsquery
from cloud_hub.storage import holding
from cloud_hub.storage.database import Connection, Query, bound, bound_array
from cloud_hub.storage.listing import cut
from cloud_hub.storage.product_words import beginning_with
from cloud_hub.storage.products import SELECT, Product, made
from cloud_hub.storage.schema import barcodes, levels, products, site_products

Sort = Literal["name", "-name", "sku", "-sku", "updated_at", "-updated_at"]
_STATEMENTS_MAX = 256
HeldAt = list[str] | Literal["everywhere", "unasked"]
"""The sites whose stock a list sums; `unasked`: none is told."""
_Held = Literal["some", "everywhere", "unasked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Which products a list wants, and in which order; what is None is not asked."""

    q: str | None = None
    equals: Mapping[str, Any] = field(default_factory=dict)
    """By the names of `_CONDITIONS`."""
    with_archived: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Facts that a product has to have, whatever their JSON type."""
    sort: Sort = "name"


def _at_least(name: str) -> sa.ColumnElement[bool]:
    return products.c[name] >= bound(products.c[name], f"{name}_gte")


def _at_most(name: str) -> sa.ColumnElement[bool]:
    return products.c[name] <= bound(products.c[name], f"{name}_lte")


def _is(name: str) -> sa.ColumnElement[bool]:
    return products.c[name] == bound(products.c[name])


_RANGES = ("price", "cost", "created_at", "updated_at")
_SIMPLE: sa.ColumnElement[Any] = sa.literal_column("'simple'::regconfig")
_WORDS = products.c.search.op("@@")(sa.func.to_tsquery(_SIMPLE, sa.bindparam("words", type_=sa.Text)))
_prefix = sa.func.unnest(sa.bindparam("prefixes", type_=ARRAY(sa.Text))).table_valued("text").render_derived()
_BY_CODE = sa.select(barcodes.c.product_id).select_from(
    _prefix.join(
        barcodes,
        sa.and_(
            barcodes.c.code.op("~>=~")(_prefix.c.text), barcodes.c.code.op("~<~")(sa.func.concat(_prefix.c.text, ":"))
        ),
    )
)
"""Byte order, so that the index of prefixes serves: ':' comes after '9'."""
_NONE: sa.ColumnElement[int] = sa.literal_column("0")
_WHOLE = SELECT.offset(_NONE)
"""Looked up by its id for each row of a page (`OFFSET 0` says so), however many PostgreSQL takes a page to have."""
_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    **{name: _is(name) for name in ("category", "lifecycle", "sku", "negative_policy")},
    **{f"{name}_gte": _at_least(name) for name in _RANGES},
    **{f"{name}_lte": _at_most(name) for name in _RANGES},
    "code": products.c.id.in_(sa.select(barcodes.c.product_id).where(barcodes.c.code == bound(barcodes.c.code))),
    "stocked_at": ~sa.exists().where(
        site_products.c.site_id == bound(site_products.c.site_id, "stocked_at"),
        site_products.c.product_id == products.c.id,
        ~site_products.c.is_stocked,
    ),
    "words": _WORDS,
    "kept": products.c.lifecycle != sa.literal_column("'archived'"),
    "prefixes": products.c.id.in_(sa.union(_BY_CODE, sa.select(products.c.id).where(_WORDS))),
}
_SEARCHES = {"words", "prefixes"}
"""What these find is sorted; read in a list's order, most products may go by before a page is full."""
_ONE_WORD = "one_word"
"""And nothing else was asked: read in the order of names (`product_words.py`)."""


async def list_products(
    connection: Connection,
    wanted: ProductFilter,
    held_at: HeldAt,
    after: tuple[Any, UUID] | None,
    skip: int,
    limit: int,
) -> list[tuple[Product, int | None]]:
    """Products in the wanted order, each with what lies at these sites together."""
    arguments = {**wanted.equals, "skip": skip, "most": limit}
    names = [*wanted.equals, *(() if wanted.with_archived else ("kept",))]
    if wanted.q is not None:
        prefixes = code_prefixes(wanted.q)
        names.append("prefixes" if prefixes else "words")
        arguments |= {"words": tsquery(wanted.q)} | ({"prefixes": prefixes} if prefixes else {})
        if (word := only_word(wanted.q)) is not None and _is_all_by_name(wanted):
            names = [_ONE_WORD]
            arguments |= {"begins": word[0], "beyond": word[1]}
    for i, (key, text) in enumerate(sorted(wanted.metadata.items())):
        arguments |= {f"text_{i}": {key: text}, f"typed_{i}": {key: _typed(text)}}
    if after is not None:
        arguments |= {"after_key": after[0], "after_id": after[1]}
    held: _Held = held_at if isinstance(held_at, str) else "some"
    if held == "some":
        arguments["sites"] = held_at
    query = _statement(frozenset(names), len(wanted.metadata), wanted.sort, held, is_first=after is None)
    return [(made(row), row["on_hand"]) for row in await query.fetch(connection, **arguments)]


def sort_key(product: Product, sort: Sort) -> tuple[Any, str]:
    """What a page goes on after."""
    key = {"name": product.name, "sku": product.sku, "updated_at": product.updated_at_ms}[sort.lstrip("-")]
    return key, product.id


@lru_cache(maxsize=_STATEMENTS_MAX)
def _statement(names: frozenset[str], facts: int, sort: Sort, held_at: _Held, *, is_first: bool) -> Query:
    if _ONE_WORD in names:
        every = _matching(frozenset({"words", "kept"}), facts, sort, is_first=is_first)
        found = beginning_with(every, is_first=is_first, is_backwards=sort.startswith("-")).subquery("found")
    else:
        found = _matching(names, facts, sort, is_first=is_first).subquery("found")
    page = cut(sa.select(found).order_by(*_ordered(found, sort))).subquery("page")
    whole = _WHOLE.where(products.c.id == page.c.id).lateral("whole")
    return Query(
        sa.select(whole, _on_hand(whole.c.id, held_at).label("on_hand"))
        .select_from(page.join(whole, sa.true()))
        .order_by(*_ordered(page, sort))
    )


def _matching(names: frozenset[str], facts: int, sort: Sort, *, is_first: bool) -> sa.Select[Any]:
    """Keys of all that fit, in no order."""
    column = products.c[sort.lstrip("-")]
    statement = sa.select(products.c.id, column).where(
        products.c.deleted_at.is_(None), *(_CONDITIONS[name] for name in sorted(names))
    )
    for i in range(facts):
        typed = (sa.bindparam(f"{kind}_{i}", type_=JSONB) for kind in ("text", "typed"))
        statement = statement.where(sa.or_(*(products.c.metadata.contains(each) for each in typed)))
    if not is_first:
        key = sa.tuple_(column, products.c.id)
        last = sa.tuple_(bound(column, "after_key"), bound(products.c.id, "after_id"))
        statement = statement.where(key < last if sort.startswith("-") else key > last)
    return statement.offset(_NONE) if names & _SEARCHES else statement


def _on_hand(product_id: sa.ColumnElement[Any], held_at: _Held) -> sa.ColumnElement[Any]:
    if held_at == "unasked":
        return sa.null()
    lies = sa.select(holding.on_hand(levels)).where(levels.c.product_id == product_id)
    if held_at == "some":
        lies = lies.where(levels.c.site_id == sa.any_(bound_array(levels.c.site_id, "sites")))
    return lies.where(holding.is_own(levels.c.location)).correlate_except(levels).scalar_subquery()


def _ordered(rows: sa.FromClause, sort: Sort) -> list[sa.ColumnElement[Any]]:
    key = (rows.c[sort.lstrip("-")], rows.c.id)
    return [column.desc() for column in key] if sort.startswith("-") else list(key)


def _is_all_by_name(wanted: ProductFilter) -> bool:
    """What `product_words` can answer."""
    return wanted.sort.endswith("name") and not (wanted.equals or wanted.metadata or wanted.with_archived)


def _typed(text: str) -> Any:
    """The JSON value that a text may stand for."""
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    return int(text) if text.lstrip("-").isdecimal() and len(text) <= 16 else text
