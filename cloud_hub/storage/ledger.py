"""SQL of the ledger: movements, the items that they are of, and the keys that callers gave them.

Movements go in by binary COPY: the mark under the row lock has deduplicated them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.intake import MOVEMENT_COLUMNS, KeyUse, KnownItem
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, copy_rows, listed, unnested
from cloud_hub.storage.schema import items, movement_keys, movements
from sync_protocol.records import Item


def inserting_movements(*when: sa.ColumnElement[bool]) -> Query:
    """The statement; its arguments are `movements_given`."""
    rows = sa.select(*unnested(movements, *MOVEMENT_COLUMNS).c).where(*when)
    return Query(sa.insert(movements).from_select(MOVEMENT_COLUMNS, rows))


_ITEMS = Query(
    sa.select(items).where(
        items.c.site_id == sa.any_(bound_array(items.c.site_id, "sites")),
        items.c.origin_id == sa.any_(bound_array(items.c.origin_id, "origins")),
    )
)
_ITEM_COLUMNS = (
    "site_id", "origin_id", "ref", "product_id", "code", "pack_quantity", "unit", "price", "cost", "currency",
)  # fmt: skip


def adding_keys(*when: sa.ColumnElement[bool]) -> Query:
    """The statement that returns the keys that are new; its arguments are `keys_given`."""
    rows = unnested(movement_keys, *KeyUse._fields)
    head = bound(movement_keys.c.site_id), bound(movement_keys.c.origin_id)
    return Query(
        insert(movement_keys)
        .from_select(["site_id", "origin_id", *KeyUse._fields], sa.select(*head, *rows.c).where(*when))
        .on_conflict_do_nothing()
        .returning(movement_keys.c.key)
    )


def has_used_a_key() -> sa.ColumnElement[bool]:
    """Whether one of `used_keys` was used before at the site `used_at`."""
    return sa.exists().where(
        movement_keys.c.site_id == bound(movement_keys.c.site_id, "used_at"),
        movement_keys.c.key == sa.any_(bound_array(movement_keys.c.key, "used_keys")),
    )


_ADD_KEYS = adding_keys()
_KEYS = Query(
    sa.select(
        movement_keys.c.key, movement_keys.c.body_hash, movement_keys.c.origin_id, movement_keys.c.sequence
    ).where(movement_keys.c.site_id == bound(movement_keys.c.site_id))
)


async def copy_movements(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Append movements, in the column order of domain/intake.py."""
    await copy_rows(connection, movements, MOVEMENT_COLUMNS, rows)


async def list_items(connection: Connection, site_id: UUID, origin_id: UUID) -> dict[int, KnownItem]:
    """An origin's item definitions."""
    return (await list_items_of(connection, [(site_id, origin_id)]))[origin_id]


async def list_items_of(
    connection: Connection, wanted: Sequence[tuple[UUID, UUID]]
) -> dict[UUID, dict[int, KnownItem]]:
    """The item definitions of several origins: (site_id, origin_id)."""
    rows = await _ITEMS.fetch(
        connection, sites=[site_id for site_id, _ in wanted], origins=[origin_id for _, origin_id in wanted]
    )
    found: dict[UUID, dict[int, KnownItem]] = {origin_id: {} for _, origin_id in wanted}
    for row in rows:
        found[row["origin_id"]][row["ref"]] = KnownItem(row["product_id"], _item(row))
    return found


async def copy_items(connection: Connection, made: Iterable[tuple[UUID, UUID, Mapping[int, KnownItem]]]) -> None:
    """New item definitions: (site_id, origin_id, by ref)."""
    rows = [
        (
            site_id,
            origin_id,
            ref,
            known.product_id,
            item.code,
            item.pack_quantity,
            item.unit,
            item.price,
            item.cost,
            item.currency,
        )
        for site_id, origin_id, items_made in made
        for ref, known in items_made.items()
        for item in [known.item]
    ]
    await copy_rows(connection, items, _ITEM_COLUMNS, rows)


async def add_keys(connection: Connection, site_id: UUID, origin_id: UUID, uses: Sequence[KeyUse]) -> list[KeyUse]:
    """Note idempotency keys; those that the site had used before."""
    return reused(uses, await _ADD_KEYS.fetch(connection, **keys_given(site_id, origin_id, uses)))


def movements_given(rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The arguments of `inserting_movements`."""
    return listed(MOVEMENT_COLUMNS, rows)


def keys_given(site_id: UUID, origin_id: UUID, uses: Sequence[KeyUse]) -> dict[str, Any]:
    """The arguments of `adding_keys`: each key's first use."""
    return {"site_id": site_id, "origin_id": origin_id, **listed(KeyUse._fields, list(_first(uses).values()))}


def reused(uses: Sequence[KeyUse], added: Iterable[Sequence[Any]]) -> list[KeyUse]:
    """The uses of keys that were used before, by the rows that `adding_keys` returned."""
    new, first = {key for (key,) in added}, _first(uses)
    return [use for use in uses if use.key not in new or first[use.key] is not use]


def _first(uses: Sequence[KeyUse]) -> dict[str, KeyUse]:
    return {use.key: use for use in reversed(uses)}


async def list_keys(connection: Connection, site_id: object) -> list[Row]:
    """All idempotency keys ever used at a site."""
    return await _KEYS.fetch(connection, site_id=site_id)


def _item(row: Row) -> Item:
    return Item(
        row["ref"],
        str(row["product_id"]),
        row["code"],
        row["pack_quantity"],
        row["unit"],
        row["price"],
        row["cost"],
        row["currency"],
    )
