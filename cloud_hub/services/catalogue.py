"""The catalogue: head office owns it, and each change goes down every store's feed.

A write is one transaction: lock the row, check the version that the editor saw, write,
take the next version `(hub_epoch, number)`, append the change. A create with the key of
an earlier one answers the product that was made then.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import asyncpg
import orjson
from uuid_utils import uuid7

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.storage import barcodes, products, request_keys
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.products import Barcode, Product
from cloud_hub.storage.reads import Reads
from sync_protocol import gtin
from sync_protocol.quantity import minor_digits

__all__ = ["Barcode", "Catalogue", "Draft", "Product"]
BARCODES_MAX = 100
_NOT_NULL = ("sku", "name", "category", "unit", "currency", "lifecycle", "metadata")


class Draft(NamedTuple):
    """A product that does not exist yet."""

    fields: Mapping[str, Any]
    barcodes: list[tuple[str, int]]


class Catalogue:
    """The use cases of products and barcodes."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def get(self, product_id: str) -> Product:
        """Raises NotFound."""
        product = await self._reads.run(products.find, product_id)
        if product is None:
            raise NotFound("product", "no such product")
        return product

    async def look_up(self, code: str) -> tuple[Product, Barcode]:
        """The product and pack of a code, as scanned or as GTIN-14. Raises NotFound."""
        found = await self._reads.run(products.find_by_code, normal_code(code))
        if found is None:
            raise NotFound("barcode", "no product has this code")
        return found

    async def create(self, draft: Draft, key: str, who: Principal, now_ms: int) -> tuple[Product, bool]:
        """A new product, or the one that this key made before. Raises Conflict, Invalid."""
        body_hash = sha256(orjson.dumps([draft.fields, draft.barcodes], default=str, option=orjson.OPT_SORT_KEYS))
        product_id = str(uuid7())
        async with self._database.transaction() as connection:
            earlier = await request_keys.claim(connection, who.id, key, body_hash.digest(), product_id, now_ms)
            if earlier is not None:
                return await _required(connection, earlier), True
            await self.add(connection, product_id, draft, now_ms)
            return await products.publish(connection, product_id, now_ms), False

    async def add(self, connection: Connection, product_id: str, draft: Draft, now_ms: int) -> None:
        """Write a new product; whoever calls tells the stores. Raises Conflict, Invalid."""
        codes = [
            (_new_code(code, f"/barcodes/{index}/code"), pack) for index, (code, pack) in enumerate(draft.barcodes)
        ]
        check_money(draft.fields)
        try:
            await products.insert(connection, product_id, draft.fields, now_ms)
            await barcodes.add(connection, product_id, codes, now_ms)
        except asyncpg.UniqueViolationError as error:
            raise _taken(error) from error

    async def edit(self, product_id: str, fields: Mapping[str, Any], if_match: str | None, now_ms: int) -> Product:
        """Change fields. Raises NotFound, Stale, Conflict, Invalid."""
        async with self._database.transaction() as connection:
            return await self.edit_in(connection, product_id, fields, if_match, now_ms)

    async def edit_in(
        self, connection: Connection, product_id: str, fields: Mapping[str, Any], if_match: str | None, now_ms: int
    ) -> Product:
        """The same, inside another use case's transaction."""
        await self.change(connection, product_id, fields, if_match, now_ms)
        return await products.publish(connection, product_id, now_ms)

    async def change(
        self, connection: Connection, product_id: str, fields: Mapping[str, Any], if_match: str | None, now_ms: int
    ) -> None:
        """The same, and whoever calls tells the stores."""
        nulls = [name for name in _NOT_NULL if name in fields and fields[name] is None]
        if nulls:
            raise Invalid("null", f"expected a value, got null for {', '.join(nulls)}", pointer=f"/{nulls[0]}")
        known = await self._locked(connection, product_id, if_match)
        check_money({"currency": known.currency, **fields})
        if "unit" in fields and fields["unit"] != known.unit and await products.is_used(connection, product_id):
            raise Conflict("unit_in_use", f"expected unit {known.unit}: the product has movements in it")
        try:
            await products.update(connection, known, fields, now_ms)
        except asyncpg.UniqueViolationError as error:
            raise _taken(error) from error

    async def link(self, product_id: str, code: str, pack_quantity: int, now_ms: int) -> Product:
        """Give a product a barcode. Raises NotFound, Invalid; Conflict when another product has it."""
        async with self._database.transaction() as connection:
            if not await self.gain(connection, product_id, code, pack_quantity, now_ms):
                return await _required(connection, product_id)
            return await products.publish(connection, product_id, now_ms)

    async def gain(self, connection: Connection, product_id: str, code: str, pack_quantity: int, now_ms: int) -> bool:
        """Write a barcode, False when it is there already; whoever calls tells the stores. Raises as `link`."""
        normal = _new_code(code, "/code")
        known = await self._locked(connection, product_id, None)
        if Barcode(normal, pack_quantity) in known.barcodes:
            return False
        if len(known.barcodes) >= BARCODES_MAX:
            raise Conflict("barcodes", f"expected at most {BARCODES_MAX} barcodes of a product")
        if not await barcodes.link(connection, product_id, normal, pack_quantity, now_ms):
            raise Conflict("barcode_taken", "expected a code that no other product has", pointer="/code")
        await products.touch(connection, known, now_ms)
        return True

    async def take_code(
        self, connection: Connection, product_id: str, code: str, pack_quantity: int, now_ms: int
    ) -> Product:
        """Give a product a code, also when it is another's. Raises NotFound."""
        before = await barcodes.find(connection, code)
        owner = product_id if before is None else before[0]
        known = await products.lock_all(connection, [product_id, owner])
        if product_id not in {each.id for each in known}:
            raise NotFound("product", "no such product")
        await barcodes.unlink(connection, owner, code)
        await barcodes.link(connection, product_id, code, pack_quantity, now_ms)
        for each in known:
            await products.touch(connection, each, now_ms)
        (taker,) = [
            each for each in await products.publish_all(connection, [each.id for each in known], now_ms)
            if each.id == product_id
        ]  # fmt: skip
        return taker

    async def unlink(self, product_id: str, code: str, now_ms: int) -> Product:
        """Take a barcode away. Raises NotFound."""
        async with self._database.transaction() as connection:
            known = await self._locked(connection, product_id, None)
            if not await barcodes.unlink(connection, product_id, normal_code(code)):
                raise NotFound("barcode", "the product has no such code")
            await products.touch(connection, known, now_ms)
            return await products.publish(connection, product_id, now_ms)

    async def _locked(self, connection: Connection, product_id: str, if_match: str | None) -> Product:
        known = await products.lock(connection, product_id)
        if known is None:
            raise NotFound("product", "no such product")
        known.require(if_match)
        return known


def normal_code(code: str) -> str:
    """GTIN-14 when the code is a GTIN, else the code itself (an internal one)."""
    return gtin.parse_gtin(code) if gtin.is_valid_gtin(code) else code


def _new_code(code: str, pointer: str) -> str:
    if gtin.has_wrong_check_digit(code):
        raise Invalid("check_digit", f"expected the right check digit of a GTIN, got {code}", pointer=pointer)
    return normal_code(code)


def check_money(fields: Mapping[str, Any]) -> None:
    """Amounts have no more decimals than their currency. Raises Invalid."""
    currency = fields.get("currency", "EUR")
    digits = minor_digits(currency)
    for name in ("price", "cost"):
        value = fields.get(name)
        if value is not None and value != round(value, digits):
            raise Invalid("decimals", f"expected at most {digits} decimals in {currency}", pointer=f"/{name}")


async def _required(connection: Connection, product_id: str) -> Product:
    product = await products.find(connection, product_id)
    if product is None:
        raise NotFound("product", "no such product")
    return product


def _taken(error: asyncpg.UniqueViolationError) -> Conflict:
    if "barcode" in str(error.table_name):
        return Conflict("barcode_taken", "expected codes that no other product has", pointer="/barcodes")
    return Conflict("sku_taken", "expected a SKU that no other product has", pointer="/sku")
