"""SQL of the ledger: what one intake transaction writes, in as few statements as it can.

Movements go in by binary COPY (the mark under the row lock has deduplicated them), levels
by one aggregated upsert sorted by key (so that no two transactions can deadlock on them).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.intake import MOVEMENT_COLUMNS, KeyUse, KnownItem
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, copy_rows, unnested
from cloud_hub.storage.schema import batches, items, level_claims, levels, movement_keys, movements
from sync_protocol import batch as wire
from sync_protocol import chain
from sync_protocol.records import Item
from sync_protocol.vocabulary import OWN_LOCATIONS

Level = tuple[str, str, int]
"""(product_id, location, quantity)"""
Place = tuple[UUID, UUID, str]
"""(site_id, product_id, location): the key of a level"""
_OWN = [str(location) for location in OWN_LOCATIONS]
_SITE = bound(levels.c.site_id)

_LEVEL_COLUMNS = ("site_id", "product_id", "location", "quantity")
_given = unnested(levels, *_LEVEL_COLUMNS)
_UPSERT = insert(levels).from_select(list(_LEVEL_COLUMNS), sa.select(*_given.c))
_changed = (
    _UPSERT.on_conflict_do_update(
        index_elements=[levels.c.site_id, levels.c.product_id, levels.c.location],
        set_={"quantity": levels.c.quantity + _UPSERT.excluded.quantity},
    )
    .returning(*(levels.c[name] for name in _LEVEL_COLUMNS))
    .cte("changed")
)
_ADD_LEVELS = Query(
    sa.select(_changed).where(
        _changed.c.quantity < 0, _changed.c.location == sa.any_(bound_array(levels.c.location, "own"))
    )
)
_LEVELS = Query(sa.select(levels.c.product_id, levels.c.location, levels.c.quantity).where(levels.c.site_id == _SITE))
_LEVELS_OF = Query(
    sa.select(levels.c.product_id, levels.c.location, levels.c.quantity).where(
        levels.c.site_id == _SITE, levels.c.product_id == sa.any_(bound_array(levels.c.product_id, "ids"))
    )
)
_AT_LOCATION = Query(
    sa.select(levels.c.product_id, levels.c.quantity).where(
        levels.c.site_id == _SITE, levels.c.location == bound(levels.c.location)
    )
)
_ITEMS = Query(
    sa.select(items).where(
        items.c.site_id == sa.any_(bound_array(items.c.site_id, "sites")),
        items.c.origin_id == sa.any_(bound_array(items.c.origin_id, "origins")),
    )
)
_ITEM_COLUMNS = (
    "site_id", "origin_id", "ref", "product_id", "code", "pack_quantity", "unit", "price", "cost", "currency",
)  # fmt: skip
_keys = unnested(movement_keys, "key", "sequence")
_ADD_KEYS = Query(
    insert(movement_keys)
    .from_select(
        ["site_id", "key", "origin_id", "sequence"],
        sa.select(bound(movement_keys.c.site_id), _keys.c.key, bound(movement_keys.c.origin_id), _keys.c.sequence),
    )
    .on_conflict_do_nothing()
    .returning(movement_keys.c.key)
)
_BATCH_COLUMNS = (
    "site_id",
    "origin_id",
    "last_sequence",
    "first_sequence",
    "count",
    "previous_hash",
    "last_hash",
    "sealed",
    "recorded_at",
)
_BATCH_AT = Query(
    sa.select(batches)
    .where(
        batches.c.site_id == bound(batches.c.site_id),
        batches.c.origin_id == bound(batches.c.origin_id),
        batches.c.last_sequence >= bound(batches.c.last_sequence, "position"),
        batches.c.first_sequence <= bound(batches.c.first_sequence, "position"),
    )
    .order_by(batches.c.last_sequence)
    .limit(1)
)
_BATCHES_AFTER = Query(
    sa.select(batches)
    .where(
        batches.c.site_id == bound(batches.c.site_id),
        batches.c.origin_id == bound(batches.c.origin_id),
        batches.c.last_sequence > bound(batches.c.last_sequence, "after"),
    )
    .order_by(batches.c.last_sequence)
)
_movement_deltas = (
    sa.select(
        movements.c.product_id, movements.c.from_location.label("location"), (-movements.c.quantity).label("quantity")
    )
    .where(
        movements.c.site_id == bound(movements.c.site_id),
        movements.c.product_id == sa.any_(bound_array(movements.c.product_id, "ids")),
    )
    .union_all(
        sa.select(movements.c.product_id, movements.c.to_location, movements.c.quantity).where(
            movements.c.site_id == bound(movements.c.site_id),
            movements.c.product_id == sa.any_(bound_array(movements.c.product_id, "ids")),
        ),
        sa.select(level_claims.c.product_id, level_claims.c.location, level_claims.c.quantity).where(
            level_claims.c.site_id == bound(level_claims.c.site_id),
            level_claims.c.kind == "baseline",
            level_claims.c.product_id == sa.any_(bound_array(level_claims.c.product_id, "ids")),
        ),
    )
    .subquery()
)
_FOLD = Query(
    sa.select(
        _movement_deltas.c.product_id,
        _movement_deltas.c.location,
        sa.cast(sa.func.sum(_movement_deltas.c.quantity), sa.BigInteger).label("quantity"),
    ).group_by(_movement_deltas.c.product_id, _movement_deltas.c.location)
)
_CLEAR_LEVELS = Query(
    levels.delete().where(
        levels.c.site_id == _SITE, levels.c.product_id == sa.any_(bound_array(levels.c.product_id, "ids"))
    )
)
_CLAIM_COLUMNS = (
    "site_id",
    "origin_id",
    "kind",
    "product_id",
    "location",
    "position",
    "quantity",
    "evidence",
    "told_at",
)
_DROP_CLAIMS = Query(
    level_claims.delete().where(
        level_claims.c.site_id == bound(level_claims.c.site_id),
        level_claims.c.origin_id == bound(level_claims.c.origin_id),
        level_claims.c.kind == bound(level_claims.c.kind),
    )
)
_CLAIMS = Query(
    sa.select(level_claims).where(
        level_claims.c.site_id == bound(level_claims.c.site_id),
        level_claims.c.origin_id == bound(level_claims.c.origin_id),
        level_claims.c.kind == bound(level_claims.c.kind),
    )
)
_KEYS = Query(
    sa.select(
        movement_keys.c.key, movement_keys.c.body_hash, movement_keys.c.origin_id, movement_keys.c.sequence
    ).where(movement_keys.c.site_id == bound(movement_keys.c.site_id))
)


async def copy_movements(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Append movements, in the column order of domain/intake.py."""
    await copy_rows(connection, movements, MOVEMENT_COLUMNS, rows)


async def add_levels(connection: Connection, deltas: Mapping[Place, int]) -> dict[UUID, list[Level]]:
    """Fold deltas into levels; per site those of its own places that this has taken below zero."""
    keys = sorted((key for key, quantity in deltas.items() if quantity), key=_level_key)
    rows = await _ADD_LEVELS.fetch(
        connection, own=_OWN, site_id=[site for site, _, _ in keys], product_id=[product for _, product, _ in keys],
        location=[location for _, _, location in keys], quantity=[deltas[key] for key in keys],
    )  # fmt: skip
    negative: dict[UUID, list[Level]] = {}
    for site_id, product_id, location, quantity in rows:
        if quantity - deltas[site_id, product_id, location] >= 0:
            negative.setdefault(site_id, []).append((str(product_id), location, quantity))
    return negative


def _level_key(key: Place) -> tuple[bytes, bytes, str]:
    return key[0].bytes, key[1].bytes, key[2]


async def list_levels(connection: Connection, site_id: object) -> list[Level]:
    """All levels of a site, virtual locations included."""
    return _levels(await _LEVELS.fetch(connection, site_id=site_id))


async def list_levels_of(connection: Connection, site_id: object, product_ids: Iterable[object]) -> list[Level]:
    """The levels of some products."""
    return _levels(await _LEVELS_OF.fetch(connection, site_id=site_id, ids=list(product_ids)))


async def list_levels_at(connection: Connection, site_id: object, location: str) -> dict[str, int]:
    """What lies at one location."""
    rows = await _AT_LOCATION.fetch(connection, site_id=site_id, location=location)
    return {str(row["product_id"]): row["quantity"] for row in rows if row["quantity"]}


async def rebuild_levels(connection: Connection, site_id: object, product_ids: Sequence[object]) -> list[Level]:
    """Fold these products again from the ledger, with the site's origin locked by the caller."""
    folded = await _FOLD.fetch(connection, site_id=site_id, ids=list(product_ids))
    await _CLEAR_LEVELS.execute(connection, site_id=site_id, ids=list(product_ids))
    rows = [(site_id, row["product_id"], row["location"], row["quantity"]) for row in folded]
    await copy_rows(connection, levels, ("site_id", "product_id", "location", "quantity"), rows)
    return _levels(folded)


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
    first = {use.key: use for use in reversed(uses)}
    rows = await _ADD_KEYS.fetch(
        connection,
        site_id=site_id,
        origin_id=origin_id,
        key=list(first),
        sequence=[use.sequence for use in first.values()],
    )
    new = {row["key"] for row in rows}
    return [use for use in uses if use.key not in new or first[use.key] is not use]


async def list_keys(connection: Connection, site_id: object) -> list[Row]:
    """All idempotency keys ever used at a site."""
    return await _KEYS.fetch(connection, site_id=site_id)


async def copy_batches(connection: Connection, kept: Iterable[tuple[UUID, wire.Batch, bytes]], now_ms: int) -> None:
    """Keep sealed batches as they came (site_id, header, bytes): proof, and what a restored neighbour may need."""
    rows = [
        (
            site_id,
            batch.origin_id,
            batch.last,
            batch.first,
            batch.count,
            batch.previous_hash,
            batch.last_hash,
            sealed,
            now_ms,
        )
        for site_id, batch, sealed in kept
    ]
    await copy_rows(connection, batches, _BATCH_COLUMNS, rows)


async def hash_at(connection: Connection, site_id: object, origin_id: object, position: int) -> bytes | None:
    """The chain hash at a position, None when the batch that covers it is no longer kept."""
    if position == 0:
        return chain.genesis(str(site_id), str(origin_id))
    row = await _BATCH_AT.fetchrow(connection, site_id=site_id, origin_id=origin_id, position=position)
    if row is None:
        return None
    if row["last_sequence"] == position:
        return bytes(row["last_hash"])
    hashes: list[bytes] = wire.open_batch(wire.parse(row["sealed"])).hashes
    return hashes[position - int(row["first_sequence"])]


async def list_batches_after(connection: Connection, site_id: object, origin_id: object, after: int) -> list[Row]:
    """The kept batches that hold records above a position."""
    return await _BATCHES_AFTER.fetch(connection, site_id=site_id, origin_id=origin_id, after=after)


async def save_claims(
    connection: Connection, site_id: UUID, origin_id: UUID, kind: str, position: int,
    claimed: Iterable[tuple[Any, str, int]], now_ms: int, *, evidence: bytes | None = None, replace: bool = True,
) -> None:  # fmt: skip
    """What an edge told of its levels: `summary` (advisory), `pruned` (signed), `baseline` (booked)."""
    if replace:
        await _DROP_CLAIMS.execute(connection, site_id=site_id, origin_id=origin_id, kind=kind)
    rows = [
        (site_id, origin_id, kind, product, place, position, quantity, evidence, now_ms)
        for product, place, quantity in claimed
    ]
    await copy_rows(connection, level_claims, _CLAIM_COLUMNS, rows)


async def list_claims(connection: Connection, site_id: object, origin_id: object, kind: str) -> list[Row]:
    """What was told of one kind."""
    return await _CLAIMS.fetch(connection, site_id=site_id, origin_id=origin_id, kind=kind)


def _levels(rows: Iterable[Row]) -> list[Level]:
    return [(str(row["product_id"]), row["location"], row["quantity"]) for row in rows]


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
