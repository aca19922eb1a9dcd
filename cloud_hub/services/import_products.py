"""Rows of products: found by SKU, else by barcode; made, changed or left alone.

An empty cell leaves a field as it is, and no barcode is taken away, so a sheet with two
columns changes two columns. A row brings an archived product back unless it says otherwise.
A product that is as the row says gets no new version and no store hears of it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from cloud_hub.domain.columns import Row
from cloud_hub.errors import HubError
from cloud_hub.services.catalogue import BARCODES_MAX, check_money
from cloud_hub.services.importing import Asked, Written
from cloud_hub.storage import bulk_products, hub_state, products
from cloud_hub.storage.bulk_products import Edit
from cloud_hub.storage.database import Connection
from cloud_hub.storage.import_changes import Change
from cloud_hub.storage.jobs import RowError
from cloud_hub.storage.products import FIELDS, Product

ENTITY = "product"


class Products:
    """The target of sheets of products."""

    def key(self, values: Mapping[str, Any]) -> object:
        """A SKU, or the codes of a row without one."""
        return values.get("sku") or tuple(code for code, _ in values.get("barcodes", ()))

    async def write(self, connection: Connection, rows: Sequence[Row], asked: Asked, *, dry: bool) -> Written:
        """Judge the rows against the catalogue as it is, and unless `dry` write them."""
        plan = await _judge(connection, rows, asked.now_ms)
        if dry:
            return plan.written
        changed = [bulk_products.edited(edit, plan.epoch, asked.now_ms) for edit in plan.edits]
        await bulk_products.insert_all(connection, plan.added)
        await bulk_products.update_all(connection, plan.edits, changed, asked.now_ms)
        plan.written.changes = [
            *(Change(row, ENTITY, None, {"id": made.id, "version": made.version})
              for row, made in zip(plan.added_rows, plan.added, strict=True)),
            *(Change(row, ENTITY, _before(edit), {"id": now.id, "version": now.version})
              for row, edit, now in zip(plan.edit_rows, plan.edits, changed, strict=True)),
        ]  # fmt: skip
        await bulk_products.publish_all(connection, [*plan.added, *changed], asked.now_ms)
        return plan.written

    async def undo(self, connection: Connection, changes: Sequence[Change], asked: Asked) -> list[RowError]:
        """Back to the fields of before; what the import made is archived, and its codes are free again."""
        ids = [change.after["id"] for change in changes]
        known = {each.id: each for each in await products.lock_all(connection, ids)}
        edits, errors = [], []
        for change in changes:
            product = known.get(change.after["id"])
            if product is None or list(product.version) != change.after["version"]:
                errors.append(RowError(change.row, None, "changed_since", "somebody changed the product since"))
            else:
                edits.append(_undoing(product, change.before))
        epoch = await hub_state.epoch(connection)
        restored = [bulk_products.edited(edit, epoch, asked.now_ms) for edit in edits]
        await bulk_products.update_all(connection, edits, restored, asked.now_ms)
        await bulk_products.publish_all(connection, restored, asked.now_ms)
        return errors


class _Plan(NamedTuple):
    epoch: int
    written: Written
    added: list[Product]
    added_rows: list[int]
    edits: list[Edit]
    edit_rows: list[int]


async def _judge(connection: Connection, rows: Sequence[Row], now_ms: int) -> _Plan:
    skus = [row.values["sku"] for row in rows if "sku" in row.values]
    codes = [code for row in rows for code, _ in row.values.get("barcodes", ())]
    found = await products.lock_matching(connection, skus, codes)
    by_sku = {each.sku: each for each in found}
    owners = {barcode.code: each.id for each in found for barcode in each.barcodes}
    by_id = {each.id: each for each in found}
    plan = _Plan(await hub_state.epoch(connection), Written(), [], [], [], [])
    touched: set[str] = set()
    for row in rows:
        try:
            known = _match(row, by_sku, by_id, owners)
            edit = None if known is None else _edit(known, row)
            if edit is None:
                made = bulk_products.made(_fields_of_new(row), dict(row.values.get("barcodes", ())), plan.epoch, now_ms)
                plan.added.append(made)
                plan.added_rows.append(row.number)
                plan.written.counts["created"] += 1
                owners |= {barcode.code: made.id for barcode in made.barcodes}
                by_id[made.id] = made
                continue
            if edit.product.id in touched:
                raise Refused(None, "twice", "expected each product once in a file")
            touched.add(edit.product.id)
            if edit.fields or edit.codes:
                plan.edits.append(edit)
                plan.edit_rows.append(row.number)
                owners |= dict.fromkeys(edit.codes, edit.product.id)
        except Refused as refused:
            plan.written.refuse(row.number, *refused.args)
            continue
        plan.written.counts["changed" if edit.fields or edit.codes else "unchanged"] += 1
    await _require_units(connection, plan)
    return plan


class Refused(Exception):
    """A row that cannot be written: column, code, detail."""


def _match(
    row: Row, by_sku: Mapping[str, Product], by_id: Mapping[str, Product], owners: Mapping[str, str]
) -> Product | None:
    """The product of a row: the one with its SKU, else the one with its codes. Raises Refused."""
    holders = {owners[code] for code, _ in row.values.get("barcodes", ()) if code in owners}
    sku = row.values.get("sku")
    known = by_sku.get(sku) if sku else by_id[next(iter(holders))] if len(holders) == 1 else None
    if holders - {known.id if known is not None else ""}:
        raise Refused("barcodes", "barcode_taken", "expected codes that no other product has")
    if known is None and not sku:
        raise Refused("sku", "required", "expected a SKU, or the barcode of a product that exists")
    return known


def _fields_of_new(row: Row) -> dict[str, Any]:
    fields = _fields(row)
    if "name" not in fields:
        raise Refused("name", "required", "expected a name for a product that is new")
    _require_money({"currency": "EUR", **fields})
    if len(row.values.get("barcodes", ())) > BARCODES_MAX:
        raise Refused("barcodes", "barcodes", f"expected at most {BARCODES_MAX} barcodes of a product")
    return fields


def _edit(known: Product, row: Row) -> Edit:
    fields = _fields(row)
    if known.lifecycle == "archived":
        fields.setdefault("lifecycle", "active")
    _require_money({"currency": known.currency, "price": known.price, "cost": known.cost, **fields})
    held = {each.code: each.pack_quantity for each in known.barcodes}
    codes = {code: pack for code, pack in row.values.get("barcodes", ()) if held.get(code) != pack}
    if len(held | codes) > BARCODES_MAX:
        raise Refused("barcodes", "barcodes", f"expected at most {BARCODES_MAX} barcodes of a product")
    changed = {name: value for name, value in fields.items() if getattr(known, name) != value}
    return Edit(product=known, fields=changed, codes=codes)


def _fields(row: Row) -> dict[str, Any]:
    values = {**row.values, **({"cost": row.values["unit_cost"]} if "unit_cost" in row.values else {})}
    return {name: values[name] for name in FIELDS if name in values}


def _require_money(fields: Mapping[str, Any]) -> None:
    try:
        check_money(fields)
    except HubError as error:
        column = str(error.pointer).removeprefix("/").replace("cost", "unit_cost")
        raise Refused(column, error.code, error.detail) from error


async def _require_units(connection: Connection, plan: _Plan) -> None:
    """A product's base unit never changes once it was used."""
    asking = [edit.product.id for edit in plan.edits if "unit" in edit.fields]
    used = await bulk_products.used_among(connection, asking)
    for index in reversed(range(len(plan.edits))):
        edit = plan.edits[index]
        if "unit" in edit.fields and edit.product.id in used:
            detail = f"expected unit {edit.product.unit}: the product has movements in it"
            plan.written.refuse(plan.edit_rows[index], "unit", "unit_in_use", detail)
            plan.written.counts["changed"] -= 1
            del plan.edits[index], plan.edit_rows[index]


def _before(edit: Edit) -> dict[str, Any]:
    """What an undo needs: the fields as they were, and the packs of codes that were there (null: it was not)."""
    known = edit.product
    held = {each.code: each.pack_quantity for each in known.barcodes}
    fields = {name: getattr(known, name) for name in edit.fields}
    for name in ("price", "cost"):
        if fields.get(name) is not None:
            fields[name] = str(fields[name])
    return {"fields": fields, "codes": {code: held.get(code) for code in edit.codes}}


def _undoing(product: Product, before: dict[str, Any] | None) -> Edit:
    if before is None:
        lost = frozenset(each.code for each in product.barcodes)
        return Edit(product=product, fields={"lifecycle": "archived"}, codes={}, lost=lost)
    fields = dict(before["fields"])
    for name in ("price", "cost"):
        if fields.get(name) is not None:
            fields[name] = Decimal(fields[name])
    codes = {code: pack for code, pack in before["codes"].items() if pack is not None}
    return Edit(product=product, fields=fields, codes=codes, lost=frozenset(before["codes"]) - frozenset(codes))
