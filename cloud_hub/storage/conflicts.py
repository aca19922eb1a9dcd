"""SQL of edits that lost against a concurrent one, and of who wrote a product's fields last."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, given
from cloud_hub.storage.schema import conflicts, products

_NAMES = ("site_id", "entity", "entity_id", "field", "kept", "lost", "rule", "actor", "created_at")
_INSERT = Query(insert(conflicts).values({**given(conflicts, *_NAMES), "id": sa.func.gen_random_uuid()}))
_REGISTERS = Query(products.update().where(products.c.id == bound(products.c.id)).values(given(products, "registers")))


async def insert_conflict(connection: Connection, **values: Any) -> None:
    """Keep the edit that lost, for a person to restore."""
    await _INSERT.execute(connection, **values)


async def save_registers(connection: Connection, product_id: str, registers: dict[str, Any]) -> None:
    """Who wrote each field last, by which clock."""
    await _REGISTERS.execute(connection, id=product_id, registers=registers)
