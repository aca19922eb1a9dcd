"""SQL of barcodes: each code belongs to at most one product."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query
from cloud_hub.storage.schema import barcodes
from cloud_hub.storage.versions import EPOCH

_CODE = sa.bindparam("code", type_=sa.Text)
_PRODUCT = sa.bindparam("product_id", type_=sa.Uuid)
_PACK = sa.bindparam("pack_quantity", type_=sa.BigInteger)
_VALUES = {
    "code": _CODE,
    "product_id": _PRODUCT,
    "pack_quantity": _PACK,
    "version_epoch": EPOCH,
    "version": sa.literal_column("1"),
    "created_at": sa.bindparam("now", type_=sa.BigInteger),
}
_INSERT = Query(barcodes.insert().values(_VALUES))
_UPSERT = Query(
    insert(barcodes)
    .values(_VALUES)
    .on_conflict_do_update(
        index_elements=[barcodes.c.code],
        set_={"pack_quantity": _PACK, "version": barcodes.c.version + 1},
        where=barcodes.c.product_id == _PRODUCT,
    )
    .returning(barcodes.c.product_id)
)
_FIND = Query(sa.select(barcodes.c.product_id, barcodes.c.pack_quantity).where(barcodes.c.code == _CODE))
_DELETE = Query(barcodes.delete().where(barcodes.c.code == _CODE, barcodes.c.product_id == _PRODUCT))


async def add(connection: Connection, product_id: str, codes: list[tuple[str, int]], now_ms: int) -> None:
    """The barcodes of a new product. Raises asyncpg.UniqueViolationError for one that is taken."""
    rows = [
        {"code": code, "product_id": product_id, "pack_quantity": pack, "now": now_ms} for code, pack in sorted(codes)
    ]
    await _INSERT.each(connection, rows)


async def find(connection: Connection, code: str) -> tuple[str, int] | None:
    """Whose the code is, and its pack."""
    row = await _FIND.fetchrow(connection, code=code)
    return None if row is None else (str(row["product_id"]), row["pack_quantity"])


async def link(connection: Connection, product_id: str, code: str, pack_quantity: int, now_ms: int) -> bool:
    """False when another product has the code."""
    owner = await _UPSERT.fetchval(
        connection, product_id=product_id, code=code, pack_quantity=pack_quantity, now=now_ms
    )
    return owner is not None


async def unlink(connection: Connection, product_id: str, code: str) -> bool:
    """False when the product has no such code."""
    return await _DELETE.execute(connection, product_id=product_id, code=code) > 0
