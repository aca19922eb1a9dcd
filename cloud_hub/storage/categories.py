"""SQL of categories: products name theirs; one that is named for the first time begins to be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.schema import categories, hub_state, products

FIELDS = ("name", "description", "reorder_point", "critical_level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
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

    @property
    def etag(self) -> str:
        return f"{self.version[0]}-{self.version[1]}"


_EPOCH = sa.select(hub_state.c.hub_epoch).scalar_subquery()
_NOW = sa.bindparam("now", type_=sa.BigInteger)
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
_AFTER = sa.bindparam("after", type_=sa.Text)
_PREFIX = sa.bindparam("prefix", type_=sa.Text)
_LIST = Query(
    _SELECT.where(
        sa.or_(_AFTER.is_(None), categories.c.name > _AFTER),
        sa.or_(_PREFIX.is_(None), sa.func.starts_with(sa.func.lower(categories.c.name), _PREFIX)),
    )
    .order_by(categories.c.name)
    .offset(sa.bindparam("skip", type_=sa.BigInteger))
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_FIRST = {"version_epoch": _EPOCH, "version": sa.literal_column("1"), "created_at": _NOW, "updated_at": _NOW}
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
_UPDATE = Query(
    categories.update()
    .where(_ID)
    .values(given(categories, *FIELDS))
    .values(version_epoch=_EPOCH, version=categories.c.version + 1, updated_at=_NOW)
)
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
    rows = await _LIST.fetch(
        connection, prefix=None if prefix is None else prefix.lower(), after=after[0] if after else None, skip=skip,
        most=limit,
    )  # fmt: skip
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
