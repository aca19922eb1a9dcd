"""SQL of many products at once: COPY for new ones, one UPDATE for changed ones, one append to the feed.

The caller holds the locks (`products.lock_matching`) and has judged every row; the rows are
the same as `storage/products.py` writes one by one, registers and versions included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from uuid_utils import uuid7

from cloud_hub.storage import changes
from cloud_hub.storage.database import Connection, Query, bound, bound_array, copy_rows, unnested
from cloud_hub.storage.products import BARCODES, FIELDS, Barcode, Product, feed_body, register
from cloud_hub.storage.schema import barcodes, levels, products, sites
from sync_protocol import changes as wire

DEFAULTS: Mapping[str, Any] = {
    "category": "", "unit": "each", "price": None, "cost": None, "currency": "EUR", "lifecycle": "active",
    "metadata": {}, "reorder_point": None, "critical_level": None, "negative_policy": None,
}  # fmt: skip
_STAMPS = ("registers", "version_epoch", "version", "created_at", "updated_at")
_new = unnested(products, "id", *FIELDS, "registers", "version_epoch", "version")
_UPDATE = Query(
    products.update()
    .where(products.c.id == _new.c.id)
    .values(
        {name: _new.c[name] for name in (*FIELDS, "registers", "version_epoch", "version")}
        | {"updated_at": bound(products.c.updated_at, "now")}
    )
)
_codes = unnested(barcodes, "code", "pack_quantity")
_REPACK = Query(
    barcodes.update()
    .where(barcodes.c.code == _codes.c.code)
    .values({"pack_quantity": _codes.c.pack_quantity, "version": barcodes.c.version + 1})
)
_UNLINK = Query(barcodes.delete().where(barcodes.c.code == sa.any_(bound_array(barcodes.c.code, "codes"))))
_USED = Query(
    sa.select(levels.c.product_id)
    .distinct()
    .where(levels.c.site_id == sites.c.id, levels.c.product_id == sa.any_(bound_array(levels.c.product_id, "ids")))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What shall become of a known product: fields, and barcodes that it gains, repacks or loses."""

    product: Product
    fields: Mapping[str, Any]
    codes: Mapping[str, int]
    """Code to pack."""
    lost: frozenset[str] = frozenset()


def made(fields: Mapping[str, Any], codes: Mapping[str, int], epoch: int, now_ms: int) -> Product:
    """A product that does not exist yet."""
    values = {**DEFAULTS, **fields}
    return Product(
        id=str(uuid7()), **values, version=(epoch, 1), registers={name: register(epoch, 1, now_ms) for name in values},
        barcodes=_barcodes(codes), created_at_ms=now_ms, updated_at_ms=now_ms,
    )  # fmt: skip


def edited(edit: Edit, epoch: int, now_ms: int) -> Product:
    """The product as it will be, with its next version."""
    known = edit.product
    number = known.version[1] + 1
    codes = {each.code: each.pack_quantity for each in known.barcodes if each.code not in edit.lost} | dict(edit.codes)
    written = (*edit.fields, *([BARCODES] if edit.codes or edit.lost else []))
    return replace(
        known, **edit.fields, version=(epoch, number), barcodes=_barcodes(codes), updated_at_ms=now_ms,
        registers=known.registers | {name: register(epoch, number, now_ms) for name in written},
    )  # fmt: skip


async def insert_all(connection: Connection, added: Sequence[Product]) -> None:
    """Raises asyncpg.UniqueViolationError for a SKU or code that somebody took meanwhile."""
    rows = [
        (each.id, *(getattr(each, name) for name in FIELDS), each.registers, *each.version, each.created_at_ms,
         each.updated_at_ms)
        for each in added
    ]  # fmt: skip
    if rows:
        await copy_rows(connection, products, ("id", *FIELDS, *_STAMPS), rows)
        await _add_codes(
            connection, [(code, each.id, pack) for each in added for code, pack in each.barcodes], added[0]
        )


async def update_all(connection: Connection, edits: Sequence[Edit], changed: Sequence[Product], now_ms: int) -> None:
    """Write what `edited` made of each edit. Raises as `insert_all`."""
    if not edits:
        return
    columns: dict[str, list[Any]] = {
        name: [getattr(each, name) for each in changed] for name in ("id", *FIELDS, "registers")
    }
    await _UPDATE.execute(
        connection, **columns, version_epoch=[each.version[0] for each in changed],
        version=[each.version[1] for each in changed], now=now_ms,
    )  # fmt: skip
    await _UNLINK.execute(connection, codes=[code for edit in edits for code in edit.lost])
    new: list[tuple[str, str, int]] = []
    repacked: dict[str, int] = {}
    for edit in edits:
        held = {each.code for each in edit.product.barcodes}
        new += [(code, edit.product.id, pack) for code, pack in edit.codes.items() if code not in held]
        repacked |= {code: pack for code, pack in edit.codes.items() if code in held}
    await _add_codes(connection, new, changed[0])
    await _REPACK.execute(connection, code=list(repacked), pack_quantity=list(repacked.values()))


async def publish_all(connection: Connection, written: Sequence[Product], now_ms: int) -> None:
    """Put the products as they are now onto every store's feed; the last thing of a transaction."""
    await changes.append_all(connection, [(None, wire.change(feed_body(each))) for each in written], now_ms)


async def used_among(connection: Connection, product_ids: Sequence[str]) -> set[str]:
    """Those of these products that movements were made of."""
    if not product_ids:
        return set()
    return {str(row["product_id"]) for row in await _USED.fetch(connection, ids=product_ids)}


async def _add_codes(connection: Connection, codes: Sequence[tuple[str, str, int]], like: Product) -> None:
    rows = [(*each, like.version[0], 1, like.updated_at_ms) for each in codes]
    if rows:
        names = ("code", "product_id", "pack_quantity", "version_epoch", "version", "created_at")
        await copy_rows(connection, barcodes, names, rows)


def _barcodes(codes: Mapping[str, int]) -> tuple[Barcode, ...]:
    return tuple(Barcode(code, pack) for code, pack in sorted(codes.items()))
