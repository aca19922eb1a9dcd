"""Categories: names that products share, with thresholds for those that have none of their own.

A category begins when a product first names it, or here with its thresholds. Another name
for it is another name in each of its products, so every store hears of all of them.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils import uuid7

from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.storage import categories, changes, policies, products
from cloud_hub.storage.categories import Category
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.policies import Defaults
from cloud_hub.storage.reads import Reads

__all__ = ["Categories", "Category", "Defaults"]
_NOT_NULL = ("name", "description")
_THRESHOLDS = ("reorder_point", "critical_level")


class Categories:
    """The use cases of categories, and of what the whole chain falls back to."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def list(self, prefix: str | None, after: tuple[str, UUID] | None, skip: int, limit: int) -> "list[Category]":
        """Categories by name."""
        return await self._reads.run(categories.list_by_name, prefix, after, skip, limit)

    async def get(self, category_id: str) -> Category:
        """Raises NotFound."""
        return await self._reads.run(_found, category_id)

    async def create(self, fields: Mapping[str, Any], now_ms: int) -> Category:
        """A new category. Raises Conflict for a name that is taken."""
        category_id = str(uuid7())
        async with self._database.transaction() as connection:
            await policies.lock(connection)
            try:
                await categories.insert_category(connection, category_id, fields, now_ms)
            except asyncpg.UniqueViolationError as error:
                raise _taken() from error
            made = await _found(connection, category_id)
            if _told(made):
                await changes.append_all(connection, await policies.next_told(connection), now_ms)
            return made

    async def edit(self, category_id: str, fields: Mapping[str, Any], if_match: str | None, now_ms: int) -> Category:
        """Change fields. Raises NotFound, Stale, Conflict, Invalid."""
        nulls = [name for name in _NOT_NULL if name in fields and fields[name] is None]
        if nulls:
            raise Invalid("null", f"expected a value, got null for {', '.join(nulls)}", pointer=f"/{nulls[0]}")
        async with self._database.transaction() as connection:
            await policies.lock(connection)
            known = await _locked(connection, category_id, if_match)
            try:
                await categories.update(connection, known, fields, now_ms)
            except asyncpg.UniqueViolationError as error:
                raise _taken() from error
            after = await _found(connection, category_id)
            if after.name != known.name:
                await products.move_category(connection, known.name, after.name, now_ms)
            if _told(after) != _told(known):
                await changes.append_all(connection, await policies.next_told(connection), now_ms)
            return await _found(connection, category_id)

    async def delete(self, category_id: str, if_match: str | None, now_ms: int) -> None:
        """Forget a category that no product names. Raises NotFound, Stale, Conflict."""
        async with self._database.transaction() as connection:
            await policies.lock(connection)
            known = await _locked(connection, category_id, if_match)
            if await categories.is_in_use(connection, known.name):
                raise Conflict("category_in_use", "expected a category that no product is in, archived ones too")
            await categories.delete(connection, category_id)
            if _told(known):
                await changes.append_all(connection, await policies.next_told(connection), now_ms)

    async def defaults(self) -> Defaults:
        """What the whole chain falls back to."""
        return await self._reads.run(policies.find_defaults)

    async def edit_defaults(self, fields: Mapping[str, int | None], if_match: str | None, now_ms: int) -> Defaults:
        """Change what the whole chain falls back to; every box is told. Raises Stale."""
        async with self._database.transaction() as connection:
            await policies.lock(connection)
            known = await policies.find_defaults(connection)
            known.require(if_match)
            values = {name: fields.get(name, getattr(known, name)) for name in _THRESHOLDS}
            await policies.save_defaults(connection, **values)
            await changes.append_all(connection, await policies.next_told(connection), now_ms)
            return await policies.find_defaults(connection)


def _told(category: Category) -> tuple[str, int | None, int | None] | None:
    """What boxes are told of a category, None when it says nothing."""
    if category.reorder_point is None and category.critical_level is None:
        return None
    return category.name, category.reorder_point, category.critical_level


async def _found(connection: Connection, category_id: str) -> Category:
    category = await categories.find(connection, category_id)
    if category is None:
        raise NotFound("category", "no such category")
    return category


async def _locked(connection: Connection, category_id: str, if_match: str | None) -> Category:
    known = await categories.lock(connection, category_id)
    if known is None:
        raise NotFound("category", "no such category")
    known.require(if_match)
    return known


def _taken() -> Conflict:
    return Conflict("name_taken", "expected a name that no other category has", pointer="/name")
