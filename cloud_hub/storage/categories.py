"""SQL of categories: products name theirs; one that is named for the first time begins to be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import optional, page, paged
from cloud_hub.storage.schema import categories, products
from cloud_hub.storage.versions import Versioned, first_version, next_version

FIELDS = ("name", "description", "reorder_point", "critical_level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(Versioned):
    """One category; its thresholds hold for products that have none themselves."""

    id: str
    name: str
    description: str
    reorder_point: int | None
    critical_level: int | None
    products: int
    """How many are in it and not archived."""
    version: tuple[int, int]
    created_at_ms: int
    updated_at_ms: int


_ID = categories.c.id == bound(categories.c.id)
_COUNT = (
    sa.select(sa.func.count())
    .where(products.c.category == categories.c.name, products.c.lifecycle != "archived")
    .correlate(categories)
    .scalar_subquery()
    .label("products")
)
_SELECT = sa.select(*categories.c, _COUNT)
_FIND = Query(_SELECT.where(_ID))
_LOCK = Query(_SELECT.where(_ID).with_for_update(of=categories))
_PREFIX = sa.bindparam("prefix", type_=sa.Text)
_LIST = Query(
    paged(
        _SELECT.where(optional(_PREFIX, sa.func.starts_with(sa.func.lower(categories.c.name), _PREFIX))),
        categories.c.name,
        categories.c.id,
    )
)
_FIRST = first_version()
_INSERT = Query(categories.insert().values(given(categories, "id", *FIELDS) | _FIRST))
_ENSURE = Query(
    insert(categories)
    .from_select(
        ["id", "name", *_FIRST],
        sa.select(
            sa.func.gen_random_uuid(),
            sa.func.unnest(bound_array(categories.c.name, "names")),
            *_FIRST.values(),
        ),
    )
    .on_conflict_do_nothing()
)
_UPDATE = Query(categories.update().where(_ID).values(given(categories, *FIELDS) | next_version(categories)))
_DELETE = Query(categories.delete().where(_ID))
_IN_USE = Query(
    sa.select(sa.exists().where(products.c.category == bound(categories.c.name))),
)


async def find(connection: Connection, category_id: str) -> Category | None:
    row = await _FIND.fetchrow(connection, id=category_id)
    return None if row is None else _made(row)


async def lock(connection: Connection, category_id: str) -> Category | None:
    """The category, which nobody else changes until this transaction ends."""
    row = await _LOCK.fetchrow(connection, id=category_id)
    return None if row is None else _made(row)


async def list_by_name(
    connection: Connection, prefix: str | None, after: tuple[str, UUID] | None, skip: int, limit: int
) -> list[Category]:
    """Categories by name; `prefix` is how the name begins, in any case."""
    begins = None if prefix is None else prefix.lower()
    rows = await _LIST.fetch(connection, prefix=begins, **page(after, skip, limit))
    return [_made(row) for row in rows]


async def insert_category(connection: Connection, category_id: str, fields: Mapping[str, Any], now_ms: int) -> None:
    """Raises asyncpg.UniqueViolationError for a name that is taken."""
    await _INSERT.execute(connection, id=category_id, now=now_ms, **fields)


async def ensure(connection: Connection, names: Iterable[str], now_ms: int) -> None:
    """Categories that products name: those that are not there yet begin."""
    wanted = sorted(set(names) - {""})
    if wanted:
        await _ENSURE.execute(connection, names=wanted, now=now_ms)


async def update(connection: Connection, known: Category, fields: Mapping[str, Any], now_ms: int) -> None:
    """Change the given fields of a locked category. Raises asyncpg.UniqueViolationError for a name that is taken."""
    values = {name: fields.get(name, getattr(known, name)) for name in FIELDS}
    await _UPDATE.execute(connection, id=known.id, now=now_ms, **values)


async def delete(connection: Connection, category_id: str) -> None:
    await _DELETE.execute(connection, id=category_id)


async def is_in_use(connection: Connection, name: str) -> bool:
    """Whether any product, archived ones too, is in it."""
    return bool(await _IN_USE.fetchval(connection, name=name))


def _made(row: Row) -> Category:
    return Category(
        id=str(row["id"]),
        **{name: row[name] for name in FIELDS},
        products=row["products"],
        version=(row["version_epoch"], row["version"]),
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
    )
