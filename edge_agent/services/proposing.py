"""Edits of reference data made in the store: used at once here, proposed to head office.

Each is a proposal-fact with the version that the editor saw and a hybrid logical clock; the
hub merges per field. Until the hub has it, what comes down is overlaid with it again, and
then holds as it came (services/applying.py).
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson
import uuid_utils

from edge_agent.errors import Conflict, Invalid, NotFound
from edge_agent.services import alerting, people
from edge_agent.storage import catalogue, identity, ledger, proposals
from edge_agent.storage.catalogue import Product
from edge_agent.storage.proposals import Proposal
from sync_protocol import facts

EDITABLE = (
    "sku", "name", "category", "unit", "price", "cost", "currency", "reorder_point", "critical_level",
    "lifecycle",
)  # fmt: skip
"""Product fields that a proposal may name."""
OPEN = frozenset(("name", "category"))
"""What a store may change of a product that head office has accepted; of its own provisional ones more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """A product found on the shelf that the catalogue does not know."""

    sku: str
    name: str
    category: str = ""
    unit: str = "each"
    price: int | None = None
    cost: int | None = None
    currency: str = "EUR"
    reorder_point: int | None = None
    critical_level: int | None = None
    codes: tuple[tuple[str, int], ...] = ()
    actor: str | None = None


class Proposed(NamedTuple):
    """The edited product and where its proposal stands on the ledger."""

    product: Product
    position: int


def create_provisional(connection: sqlite3.Connection, new: NewProduct, now_ms: int) -> Proposed:
    """Make it known here at once. Raises Conflict when its SKU or a code is taken."""
    if catalogue.find_by_sku(connection, new.sku) is not None:
        raise Conflict("sku_taken", f"there is a product with SKU {new.sku[:60]!r}")
    for code, _ in new.codes:
        people.refuse_badge(connection, code)
        if catalogue.find_by_code(connection, code) is not None:
            raise Conflict("barcode_taken", f"code {code} stands for another product")
    product = Product(
        str(uuid_utils.uuid7()), new.sku, new.name, new.category, new.unit, new.price, new.cost, new.currency,
        "provisional", new.reorder_point, new.critical_level,
    )  # fmt: skip
    fields: dict[str, Any] = {name: getattr(product, name) for name in EDITABLE}
    fields["barcodes"] = [{"code": code, "pack_quantity": pack} for code, pack in new.codes]
    position = _propose(connection, "product", product.product_id, None, fields, new.actor, now_ms)
    catalogue.save_product(connection, product)
    catalogue.replace_codes(connection, product.product_id, new.codes)
    return Proposed(product, position)


def edit_product(
    connection: sqlite3.Connection, product_id: str, fields: Mapping[str, Any], actor: str | None, now_ms: int,
    *, may_all: bool = False,
) -> Proposed:  # fmt: skip
    """Change what the store may say of a product; `may_all`: by somebody whom head office lets write products.

    Raises NotFound, Conflict.
    """
    product = _find(connection, product_id)
    owned = sorted(fields.keys() - OPEN)
    if product.lifecycle == "archived":
        raise Conflict("archived", "expected a product that is not archived")
    if owned and product.lifecycle != "provisional" and not may_all:
        raise Conflict("head_office_owns", f"{', '.join(owned)}: head office says it once it has accepted a product")
    position = _propose(connection, "product", product_id, product.version, dict(fields), actor, now_ms)
    edited = product._replace(**fields)
    catalogue.save_product(connection, edited)
    alerting.reconsider(connection, edited, now_ms)
    return Proposed(edited, position)


def withdraw_product(
    connection: sqlite3.Connection, product_id: str, actor: str | None, now_ms: int, *, may_all: bool = False
) -> Proposed:
    """Archive what was made here by mistake; `may_all`: anything. Raises NotFound; Conflict once head office has
    accepted it."""
    product = _find(connection, product_id)
    if product.lifecycle != "provisional" and not may_all:
        raise Conflict("head_office_owns", f"expected a provisional product, got one that is {product.lifecycle}")
    gone = product._replace(lifecycle="archived")
    fields = {"lifecycle": gone.lifecycle}
    position = _propose(connection, "product", product_id, product.version, fields, actor, now_ms)
    catalogue.archive(connection, product_id, product.version)
    return Proposed(gone, position)


def take_up_again(connection: sqlite3.Connection, before: Product, actor: str | None, now_ms: int) -> Proposed:
    """Bring back what was archived here, as it was. Raises NotFound; Conflict once head office has archived it."""
    product = _find(connection, before.product_id)
    if product.lifecycle != "archived" or product.version != before.version:
        raise Conflict("head_office_owns", "expected a product that only this box has archived",
                       remedy="head office takes it up again")  # fmt: skip
    again = product._replace(lifecycle=before.lifecycle)
    fields = {"lifecycle": again.lifecycle}
    position = _propose(connection, "product", product.product_id, product.version, fields, actor, now_ms)
    catalogue.save_product(connection, again)
    return Proposed(again, position)


def link_barcode(
    connection: sqlite3.Connection, code: str, product_id: str, pack_quantity: int, actor: str | None, now_ms: int
) -> Proposed:
    """This code stands for so many units of that product. Raises NotFound, Invalid."""
    product = _find(connection, product_id)
    if pack_quantity <= 0:
        raise Invalid("pack_quantity", f"expected more than 0, got {pack_quantity}", pointer="/pack_quantity")
    people.refuse_badge(connection, code)
    found = catalogue.find_by_code(connection, code)
    fields: dict[str, Any] = {"product_id": product_id, "pack_quantity": pack_quantity}
    if found is not None:
        fields["from_product_id"] = found.product.product_id
    position = _propose(connection, "barcode", code, product.version, fields, actor, now_ms)
    catalogue.link(connection, code, product_id, pack_quantity)
    return Proposed(product, position)


def repeat(connection: sqlite3.Connection, proposal: facts.Proposal, now_ms: int) -> None:
    """Propose again what was proposed on a branch; the hub judges it by what its editor had seen then."""
    _keep(connection, proposal, now_ms)
    reapply(connection)


def reapply(connection: sqlite3.Connection) -> int:
    """Lay local edits that the hub has not merged yet over the catalogue again; returns how many."""
    found = proposals.unmerged(connection)
    for proposal in found:
        _overlay(connection, proposal, orjson.loads(proposal.fields))
    return len(found)


def _find(connection: sqlite3.Connection, product_id: str) -> Product:
    product = catalogue.find_product(connection, product_id)
    if product is None:
        raise NotFound("product", f"there is no product {product_id[:60]!r}")
    return product


def _overlay(connection: sqlite3.Connection, proposal: Proposal, fields: Mapping[str, Any]) -> None:
    if proposal.entity == "barcode":
        catalogue.link(connection, proposal.entity_id, fields["product_id"], fields["pack_quantity"])
        return
    known = catalogue.find_product(connection, proposal.product_id)
    edits = {name: fields[name] for name in EDITABLE if name in fields}
    if known is not None and known.version > (0, 0):
        # Head office knows it by now: the fields that the store said still hold, its life cycle does not.
        edits.pop("lifecycle", None)
    base = known or Product(proposal.product_id, fields.get("sku", ""), fields.get("name", ""))
    catalogue.save_product(connection, base._replace(**edits))
    for barcode in fields.get("barcodes", []):
        catalogue.link(connection, barcode["code"], proposal.product_id, barcode["pack_quantity"])


def _propose(
    connection: sqlite3.Connection, entity: Literal["product", "barcode"], entity_id: str,
    base_version: tuple[int, int] | None, fields: dict[str, Any], actor: str | None, now_ms: int,
) -> int:  # fmt: skip
    offset = identity.clock_offset(connection)
    body = facts.Proposal(
        occurred_at=now_ms, clock_offset=offset, actor=actor, proposal_id=str(uuid_utils.uuid7()),
        entity=entity, entity_id=entity_id, base_version=base_version,
        hlc=identity.next_hlc(connection, now_ms + (offset or 0)), fields=fields,
    )  # fmt: skip
    return _keep(connection, body, now_ms)


def _keep(connection: sqlite3.Connection, body: facts.Proposal, now_ms: int) -> int:
    """Write it to the ledger, and among what is not merged yet; its position."""
    position = ledger.append(connection, [facts.fact(body)]).last
    product_id = body.entity_id if body.entity == "product" else str(body.fields["product_id"])
    text = orjson.dumps(body.fields).decode()
    proposals.add(
        connection, Proposal(body.proposal_id, body.entity, body.entity_id, product_id, text, position, now_ms)
    )
    return position
