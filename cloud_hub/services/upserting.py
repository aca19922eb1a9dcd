"""Many products in one request: made or changed by SKU, each row judged by itself.

One transaction; a row that is refused leaves nothing of itself behind. Stores are told at
the end, since the changes counter is everybody's lock. The key of an earlier request gets
the answer of then: the same rows again could undo what somebody edited since.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from uuid_utils import uuid7

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import HubError, Invalid
from cloud_hub.services.catalogue import Catalogue, Draft
from cloud_hub.storage import products, request_keys
from cloud_hub.storage.database import Connection, Database

__all__ = ["Upsert", "Upserted", "Upserting"]
_NEW: Mapping[str, Any] = {
    "category": "", "unit": "each", "price": None, "cost": None, "currency": "EUR", "reorder_point": None,
    "critical_level": None, "negative_policy": None, "metadata": {},
}  # fmt: skip


class Upsert(NamedTuple):
    """A product by its SKU: the fields to write, and codes with packs to gain."""

    sku: str
    fields: Mapping[str, Any]
    barcodes: Sequence[tuple[str, int]]


class Upserted(NamedTuple):
    """What became of a row: created, changed, unchanged, or refused and why."""

    outcome: str
    product_id: str | None
    code: str | None = None
    detail: str | None = None
    pointer: str | None = None


class Upserting:
    """The use case of a batch of products."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    async def upsert(
        self, rows: Sequence[Upsert], key: str, who: Principal, now_ms: int, *, all_or_none: bool
    ) -> tuple[Sequence[Upserted], bool]:
        """Write the rows in their order, or tell what this key did before. Raises Invalid, Conflict, NotFound."""
        said = orjson.dumps([list(map(list, rows)), all_or_none], default=str, option=orjson.OPT_SORT_KEYS)
        async with self._database.transaction() as connection:
            told = await request_keys.claim(connection, who.id, key, sha256(said).digest(), "", now_ms)
            if told is not None:
                return [Upserted(*each) for each in orjson.loads(told)], True
            made = await self.upsert_in(connection, rows, now_ms, all_or_none=all_or_none)
            await request_keys.keep(connection, who.id, key, orjson.dumps(list(map(list, made))).decode())
            return made, False

    async def upsert_in(
        self, connection: Connection, rows: Sequence[Upsert], now_ms: int, *, all_or_none: bool
    ) -> Sequence[Upserted]:
        """In another use case's transaction. With `all_or_none` raises the first refusal, which is to end it."""
        made: list[Upserted] = []
        for index, row in enumerate(rows):
            try:
                async with connection.transaction():
                    made.append(await self._write(connection, row, now_ms))
            except HubError as error:
                if all_or_none:
                    raise _at(error, index) from error
                made.append(Upserted("refused", None, error.code, error.detail, error.pointer))
        told = dict.fromkeys(row.product_id for row in made if row.outcome in ("created", "changed"))
        await products.publish_all(connection, [each for each in told if each is not None], now_ms)
        return made

    async def _write(self, connection: Connection, row: Upsert, now_ms: int) -> Upserted:
        known = await products.lock_by_sku(connection, row.sku)
        if known is None:
            return await self._add(connection, row, now_ms)
        wanted = {name: value for name, value in row.fields.items() if getattr(known, name) != value}
        if wanted:
            await self._catalogue.change(connection, known.id, wanted, None, now_ms)
        gained = [await self._catalogue.gain(connection, known.id, code, pack, now_ms) for code, pack in row.barcodes]
        return Upserted("changed" if wanted or any(gained) else "unchanged", known.id)

    async def _add(self, connection: Connection, row: Upsert, now_ms: int) -> Upserted:
        if not row.fields.get("name"):
            raise Invalid("name", "expected the name of a product that does not exist yet", pointer="/name")
        product_id = str(uuid7())
        nulls = {name for name, value in row.fields.items() if value is None}
        fields = {**_NEW, **{name: value for name, value in row.fields.items() if name not in nulls}, "sku": row.sku}
        await self._catalogue.add(connection, product_id, Draft(fields, list(row.barcodes)), now_ms)
        return Upserted("created", product_id)


def _at(error: HubError, index: int) -> HubError:
    """The same refusal, saying which row."""
    return type(error)(error.code, f"row {index}: {error.detail}", pointer=f"/products/{index}{error.pointer or ''}")
