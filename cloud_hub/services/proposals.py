"""Edits of reference data made in stores: merged per field, the loser kept for a person.

The decision is sync_protocol/registers.py's; here are the rows it is about. A product
made at a shelf comes as a proposal without a base version and becomes a provisional one.
"""

from typing import Any
from uuid import UUID

import asyncpg

from cloud_hub.domain.proposed import Checked, check_barcode, check_product
from cloud_hub.storage import barcodes, conflicts, exceptions, products
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.products import Product
from sync_protocol import changes as wire
from sync_protocol import facts
from sync_protocol.clock import is_trusted
from sync_protocol.registers import Edit, Register, decide_field

_NEW: dict[str, Any] = {
    "category": "",
    "unit": "each",
    "price": None,
    "cost": None,
    "currency": "EUR",
    "lifecycle": "provisional",
    "metadata": {},
    "reorder_point": None,
    "critical_level": None,
    "negative_policy": None,
}


async def merge(
    connection: Connection, origin: Origin, told: list[tuple[int, facts.Proposal]], now_ms: int
) -> list[Change]:
    """Merge proposals in order; the products to tell all stores of."""
    touched: dict[str, None] = {}
    for sequence, proposal in told:
        trial = connection.transaction()
        await trial.start()
        try:
            product_id = await _merge_one(connection, origin, proposal, now_ms)
            await trial.commit()
        except asyncpg.UniqueViolationError as error:
            await trial.rollback()
            product_id = None
            await _raise(connection, origin, sequence, proposal, f"taken: {error.detail or error}", now_ms)
        if product_id is not None:
            touched[product_id] = None
    found = [await products.find(connection, product_id) for product_id in touched]
    return [(None, wire.change(products.feed_body(product))) for product in found if product is not None]


async def _merge_one(connection: Connection, origin: Origin, proposal: facts.Proposal, now_ms: int) -> str | None:
    if proposal.entity == "barcode":
        return await _link(connection, origin, proposal, now_ms)
    if not _is_uuid(proposal.entity_id):
        await _raise(connection, origin, 0, proposal, "expected a product id", now_ms)
        return None
    known = await products.lock(connection, proposal.entity_id)
    checked = check_product(proposal.fields, known.currency if known else "EUR")
    if checked.bad:
        await _raise(connection, origin, 0, proposal, f"fields that do not fit: {', '.join(checked.bad)[:200]}", now_ms)
    if known is None:
        await _create(connection, proposal, checked, now_ms)
    else:
        await _edit(connection, origin, known, proposal, checked, now_ms)
    for code, pack in checked.barcodes:
        if not await barcodes.link(connection, proposal.entity_id, code, pack, now_ms):
            await _lost(connection, origin, proposal, "barcode", code, proposal.entity_id, now_ms)
    return proposal.entity_id


async def _create(connection: Connection, proposal: facts.Proposal, checked: Checked, now_ms: int) -> None:
    named = {"sku": f"store-{proposal.entity_id}", "name": proposal.entity_id}
    await products.insert(connection, proposal.entity_id, {**_NEW, **named, **checked.fields}, now_ms)
    created = await products.lock(connection, proposal.entity_id)
    assert created is not None
    await _mark(connection, created, proposal, list(checked.fields))


async def _edit(
    connection: Connection, origin: Origin, known: Product, proposal: facts.Proposal, checked: Checked, now_ms: int
) -> None:
    won: dict[str, Any] = {}
    for field, value in checked.fields.items():
        current = _register(known, field)
        edit = Edit(
            value=value, base_version=proposal.base_version, hlc=proposal.hlc, node=str(origin.site_id),
            is_trusted=_is_trusted(proposal),
        )  # fmt: skip
        decision = decide_field(field, current, edit)
        if decision.is_accepted:
            won[field] = value
        if decision.is_conflict:
            kept, lost = (value, current.value) if decision.is_accepted else (current.value, value)
            await _lost(connection, origin, proposal, field, kept, lost, now_ms)
    if won:
        await products.update(connection, known, won, now_ms)
        after = await products.lock(connection, known.id)
        assert after is not None
        await _mark(connection, after, proposal, list(won))


async def _link(connection: Connection, origin: Origin, proposal: facts.Proposal, now_ms: int) -> str | None:
    product_id = proposal.fields.get("product_id")
    checked = check_barcode({"code": proposal.entity_id, **proposal.fields})
    if checked is None or not _is_uuid(product_id) or await products.lock(connection, str(product_id)) is None:
        await _raise(connection, origin, 0, proposal, "expected a code, a known product and a pack", now_ms)
        return None
    if not await barcodes.link(connection, str(product_id), checked[0], checked[1], now_ms):
        await _lost(connection, origin, proposal, "barcode", checked[0], str(product_id), now_ms)
        return None
    await products.update(connection, await _locked(connection, str(product_id)), {}, now_ms)
    return str(product_id)


async def _locked(connection: Connection, product_id: str) -> Product:
    product = await products.lock(connection, product_id)
    assert product is not None
    return product


def _register(product: Product, field: str) -> Register:
    held = product.registers.get(field) or {"version": [0, 0], "hlc": [0, 0], "node": "hub"}
    return Register(
        value=getattr(product, field),
        version=(held["version"][0], held["version"][1]),
        hlc=(held["hlc"][0], held["hlc"][1]),
        node=held["node"],
        is_store_edit=bool(held.get("is_store_edit")),
        is_trusted=held.get("is_trusted", True),
    )


def _is_trusted(proposal: facts.Proposal) -> bool:
    """Whether the store's clock was to be believed when the edit was made."""
    return is_trusted(proposal.occurred_at, proposal.clock_offset)


async def _mark(connection: Connection, product: Product, proposal: facts.Proposal, fields: list[str]) -> None:
    """Note that a store wrote these fields last."""
    held = {
        "version": list(product.version), "hlc": list(proposal.hlc), "node": "store", "is_store_edit": True,
        "is_trusted": _is_trusted(proposal),
    }  # fmt: skip
    by_store = dict.fromkeys(fields, held)
    await conflicts.save_registers(connection, product.id, {**product.registers, **by_store})


async def _lost(
    connection: Connection, origin: Origin, proposal: facts.Proposal, field: str, kept: Any, lost: Any, now_ms: int
) -> None:
    await conflicts.insert_conflict(
        connection, site_id=origin.site_id, entity=proposal.entity, entity_id=proposal.entity_id, field=field,
        kept=_shown(kept), lost=_shown(lost), rule="concurrent edits", actor=proposal.actor, created_at=now_ms,
    )  # fmt: skip


async def _raise(
    connection: Connection, origin: Origin, sequence: int, proposal: facts.Proposal, detail: str, now_ms: int
) -> None:
    await exceptions.raise_exception(
        connection, origin.site_id, "bad_proposal", proposal.proposal_id, detail, now_ms=now_ms,
        origin_id=origin.origin_id, sequence=sequence or None,
    )  # fmt: skip


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str | list | dict) else str(value)


def _is_uuid(text: Any) -> bool:
    try:
        return bool(UUID(text))
    except (ValueError, AttributeError, TypeError):
        return False
