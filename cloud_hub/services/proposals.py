"""Edits of reference data made in stores: merged per field, the loser kept for a person.

The decisions are sync_protocol/registers.py's; here are the rows they are about. A product
made at a shelf comes as a proposal without a base version and becomes a provisional one.
Every product that a proposal is about is told to the stores again, also when it lost: the
store that edited it has to hear what holds.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from cloud_hub.domain.proposed import Checked, check_proposal
from cloud_hub.storage import barcodes, conflicts, exceptions, products
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.products import BARCODES, FIELDS, Product
from sync_protocol import changes as wire
from sync_protocol import facts
from sync_protocol.clock import is_trusted
from sync_protocol.registers import (
    POLICIES,
    Decision,
    Edit,
    FieldPolicy,
    Register,
    decide_deletion,
    decide_field,
    decide_revival,
)

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
    connection: Connection, origin: Origin, told: Sequence[tuple[int, facts.Proposal]], now_ms: int
) -> list[Change]:
    """Merge proposals in order; the products to tell all stores of."""
    touched: dict[str, None] = {}
    for sequence, proposal in told:
        merging = Merging(connection, origin, proposal, now_ms)
        trial = connection.transaction()
        await trial.start()
        try:
            await merging.merge()
            await trial.commit()
        except asyncpg.UniqueViolationError as error:
            await trial.rollback()
            await merging.refuse(f"taken: {error.detail or error}", sequence)
        touched |= dict.fromkeys(merging.touched)
    found = [await products.find(connection, product_id) for product_id in touched]
    return [(None, wire.change(products.feed_body(product))) for product in found if product is not None]


class Merging:
    """One proposal on its way into the catalogue."""

    def __init__(self, connection: Connection, origin: Origin, proposal: facts.Proposal, now_ms: int) -> None:
        self._connection, self._origin, self._proposal, self._now_ms = connection, origin, proposal, now_ms
        self._is_trusted = is_trusted(proposal.occurred_at, proposal.clock_offset)
        """Whether the store's clock was to be believed when the edit was made."""
        self.touched: list[str] = []

    async def merge(self) -> None:
        """Raises asyncpg.UniqueViolationError when what it wants is another's by now."""
        is_code = self._proposal.entity == "barcode"
        product_id = str(self._proposal.fields.get("product_id")) if is_code else self._proposal.entity_id
        if not _is_uuid(product_id):
            await self.refuse("expected a product id")
            return
        self.touched.append(product_id)
        known = await products.lock(self._connection, product_id)
        checked = check_proposal(self._proposal, known.currency if known else "EUR")
        if checked.bad:
            await self.refuse(f"fields that do not fit: {', '.join(checked.bad)[:200]}")
        if is_code and (known is None or not checked.barcodes):
            await self.refuse("expected a code, a known product and a pack")
            return
        if known is None:
            await self._create(product_id, checked)
        else:
            await self._edit(known, checked)
        for code, pack in checked.barcodes:
            await self._give(product_id, code, pack)

    async def refuse(self, detail: str, sequence: int | None = None) -> None:
        """Nothing of it can be merged, or not all: a person looks."""
        await exceptions.raise_exception(
            self._connection, self._origin.site_id, "bad_proposal", self._proposal.proposal_id, detail,
            now_ms=self._now_ms, origin_id=self._origin.origin_id, sequence=sequence,
        )  # fmt: skip

    async def _create(self, product_id: str, checked: Checked) -> None:
        fields = {**_NEW, "sku": f"store-{product_id}", "name": product_id, **checked.fields}
        if await products.lock_by_sku(self._connection, fields["sku"]) is not None:
            kept = f"store-{product_id}"
            await self._lost("product", product_id, "sku", kept, fields["sku"], "sku_taken")
            fields["sku"] = kept
        await products.insert(self._connection, product_id, fields, self._now_ms)
        await self._sign(product_id, list(checked.fields))

    async def _edit(self, known: Product, checked: Checked) -> None:
        edits = dict(checked.fields)
        won: dict[str, Any] = {}
        if known.lifecycle == "archived" and edits.get("lifecycle") != "archived" and (edits or checked.barcodes):
            edits.pop("lifecycle", None)
            if decide_revival(_register(known, "lifecycle"), self._wanting("active")).is_accepted:
                won["lifecycle"] = "active"
                await self._lost("product", known.id, "lifecycle", "active", "archived", "edit_over_deletion")
        for field, value in edits.items():
            decision, rule = self._decide(known, field, value)
            if decision.is_accepted:
                won[field] = value
            if decision.is_conflict:
                current = getattr(known, field)
                kept, lost = (value, current) if decision.is_accepted else (current, value)
                await self._lost("product", known.id, field, kept, lost, rule)
        if won:
            await products.update(self._connection, known, won, self._now_ms)
            await self._sign(known.id, list(won))

    def _decide(self, known: Product, field: str, value: Any) -> tuple[Decision, str]:
        current, edit = _register(known, field), self._wanting(value)
        if (field, value) == ("lifecycle", "archived") and current.value != value:
            return decide_deletion([_register(known, each) for each in (*FIELDS, BARCODES)], edit), "edit_over_deletion"
        return decide_field(field, current, edit), str(POLICIES.get(field, FieldPolicy.LWW))

    async def _give(self, product_id: str, code: str, pack: int) -> None:
        """A code goes to the product, unless somebody gave it to another meanwhile."""
        before = await barcodes.find(self._connection, code)
        if before == (product_id, pack):
            return
        if before is not None and before[0] == self._proposal.fields.get("from_product_id"):
            await barcodes.unlink(self._connection, before[0], code)
            await self._touch(before[0])
        elif before is not None:
            self.touched.append(before[0])
            await self._lost("barcode", code, "product_id", _pack(*before), _pack(product_id, pack), "code_taken")
            return
        if not await barcodes.link(self._connection, product_id, code, pack, self._now_ms):
            raise asyncpg.UniqueViolationError(f"code {code}")
        await self._touch(product_id)

    async def _touch(self, product_id: str) -> None:
        known = await products.lock(self._connection, product_id)
        assert known is not None
        await products.touch(self._connection, known, self._now_ms)
        await self._sign(product_id, [BARCODES])
        self.touched.append(product_id)

    async def _sign(self, product_id: str, fields: list[str]) -> None:
        """Note that this store wrote these fields last."""
        after = await products.lock(self._connection, product_id)
        assert after is not None
        held = {
            "version": list(after.version), "hlc": list(self._proposal.hlc), "node": str(self._origin.site_id),
            "is_store_edit": True, "is_trusted": self._is_trusted,
        }  # fmt: skip
        await conflicts.save_registers(self._connection, product_id, {**after.registers, **dict.fromkeys(fields, held)})

    def _wanting(self, value: Any) -> Edit:
        return Edit(
            value=value, base_version=self._proposal.base_version, hlc=self._proposal.hlc,
            node=str(self._origin.site_id), is_trusted=self._is_trusted,
        )  # fmt: skip

    async def _lost(self, entity: str, entity_id: str, field: str, kept: Any, lost: Any, rule: str) -> None:
        await conflicts.insert_conflict(
            self._connection, site_id=self._origin.site_id, entity=entity, entity_id=entity_id, field=field,
            kept=_shown(kept), lost=_shown(lost), rule=rule, actor=self._proposal.actor, created_at=self._now_ms,
        )  # fmt: skip


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


def _pack(product_id: str, pack_quantity: int) -> dict[str, Any]:
    return {"product_id": product_id, "pack_quantity": pack_quantity}


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str | list | dict) else str(value)


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
