"""What a store says besides movements: the bodies of uplink facts.

Each is `[kind, {body}]` on the chain. `parse_fact` gives the typed body, or None for a
kind that this version does not know (it is stored with its bytes and read after an
upgrade). A body that does not fit its kind raises Malformed: it is stored and flagged.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync_protocol.bodies import Vocabulary
from sync_protocol.fields import Count, Hash, Id, Key, Quantity, Text
from sync_protocol.records import Fact
from sync_protocol.vocabulary import AlertState, CommandStatus


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    occurred_at: int
    """Milliseconds of UTC by the edge's clock."""
    clock_offset: int | None = None
    actor: Text | None = None


class CountLine(_Body):
    """ "At a position in [after, until] of this ledger there were `counted` units here." """

    line_id: Id
    stocktake_id: Id
    product_id: Id
    location: Text
    counted: Quantity
    expected: Quantity
    """What the ledger said there was when the line was decided."""
    after: Count
    until: Count
    status: Literal["posted", "ambiguous"]
    key: Key | None = None


class CountRevision(_Body):
    """A sale that arrived later lay before the count: the variance changed, the count did not."""

    line_id: Id
    stocktake_id: Id
    product_id: Id
    variance: Quantity
    cause: Key


class Stocktake(_Body):
    stocktake_id: Id
    state: Literal["open", "closed"]
    name: Text = ""


Fault = Literal["source", "carrier", "destination", "unknown"]


class Transfer(_Body):
    """A step of a transfer; the goods themselves move by movements with document `transfer_id`."""

    transfer_id: Id
    from_site: Id
    to_site: Id
    step: Literal["dispatched", "received", "refused", "closed_short", "taken_back"]
    reason: Text | None = None
    """Why it was refused or closed short, for a person."""
    fault: Fault | None = None
    """Of a shortage: to whom it is attributed."""


class ReceiptLine(BaseModel):
    """Counted units of one product (and lot) that are not as they should be."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    product_id: Id
    good: Count
    damaged: Count = 0
    location: Text = ""
    lot: Text | None = None
    expiry: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    expected: Count | None = None
    reason: Text | None = None
    note: Text | None = None


class Receipt(_Body):
    """What of a delivery is not as it should be; the goods themselves are movements.

    One with many such lines is several of these with one id, each with some of them.
    """

    receipt_id: Id
    order: Text | None = None
    document: Text | None = None
    lines: Annotated[list[ReceiptLine], Field(max_length=500)] = []


class Alert(_Body):
    alert_id: Id
    rule: Text
    product_id: Id | None = None
    state: AlertState
    severity: Literal["info", "warning", "critical"] = "warning"
    opened_at_position: Count
    available: Quantity | None = None
    detail: Text = ""


class Task(_Body):
    """Something odd that a person should look at (negative stock, recount, ambiguous sale)."""

    task_id: Id
    rule: Text
    product_id: Id | None = None
    state: Literal["open", "done"]
    detail: Text = ""
    cause: Text | None = None
    """The likeliest one of negative stock."""


class Outcome(_Body):
    """The outcome of a command that made no movement."""

    command_id: Id
    status: CommandStatus
    code: Text = ""
    detail: Text = ""


class Proposal(_Body):
    """An edit of reference data made in the store: merged per field at the hub."""

    proposal_id: Id
    entity: Literal["product", "barcode"]
    entity_id: Text
    base_version: tuple[int, int] | None = None
    """(hub_epoch, version) of the entity that the editor saw; None: created here."""
    hlc: tuple[int, int]
    """Hybrid logical clock: milliseconds, counter."""
    fields: dict[str, Any]


class Adoption(_Body):
    """A branch record that the site's writer took over without a movement of its own."""

    adopted: Hash
    status: Literal["no_effect", "as_count", "refused"]
    detail: Text = ""


class Pin(_Body):
    """A person set their PIN at this box."""

    person_id: Id
    pin_hash: Text
    set_at: Count


class Approval(_Body):
    """A manager allowed what the policy leaves to managers; what was done follows in the same transaction."""

    approval_id: Id
    approved_by: Text
    operation: Text
    key: Key | None = None


FACTS: dict[str, type[_Body]] = {
    "count": CountLine,
    "revision": CountRevision,
    "stocktake": Stocktake,
    "transfer": Transfer,
    "receipt": Receipt,
    "alert": Alert,
    "task": Task,
    "outcome": Outcome,
    "proposal": Proposal,
    "adoption": Adoption,
    "pin": Pin,
    "approval": Approval,
}
AnyFact = (
    CountLine
    | CountRevision
    | Stocktake
    | Transfer
    | Receipt
    | Alert
    | Task
    | Outcome
    | Proposal
    | Adoption
    | Pin
    | Approval
)
_VOCABULARY = Vocabulary(FACTS)


def fact(body: _Body) -> Fact:
    """The record of a typed body."""
    return _VOCABULARY.record(body)


def parse_fact(record: Fact) -> AnyFact | None:
    """The typed body, None for a kind of a later version. Raises Malformed."""
    return _VOCABULARY.parse(record)  # type: ignore[return-value]
