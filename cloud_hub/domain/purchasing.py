"""What a purchase order goes through, and who may approve it.

`TABLE` is the whole life of an order: what is not in it cannot happen. A receipt moves an
order on by what is still outstanding; damaged goods are at the site but do not fulfil a
line. Pure; quantities are thousandths, amounts are in the order's currency.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from cloud_hub.errors import Conflict, Forbidden
from sync_protocol.quantity import minor_digits


class State(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    EDIT = "edit"
    APPROVE = "approve"
    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    RECEIVE_PART = "receive_part"
    RECEIVE_ALL = "receive_all"
    CLOSE = "close"
    CANCEL = "cancel"


_RECEIVABLE = (State.SENT, State.ACKNOWLEDGED, State.PARTLY_RECEIVED)
TABLE: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.EDIT): State.DRAFT,
    (State.DRAFT, Step.APPROVE): State.APPROVED,
    (State.APPROVED, Step.SEND): State.SENT,
    (State.SENT, Step.ACKNOWLEDGE): State.ACKNOWLEDGED,
    **{(state, Step.RECEIVE_PART): State.PARTLY_RECEIVED for state in _RECEIVABLE},
    **{(state, Step.RECEIVE_ALL): State.RECEIVED for state in _RECEIVABLE},
    # A delivery may bring more than was outstanding, on the same day or later.
    (State.RECEIVED, Step.RECEIVE_ALL): State.RECEIVED,
    (State.RECEIVED, Step.CLOSE): State.CLOSED,
    # Closed short: nothing more is expected.
    (State.PARTLY_RECEIVED, Step.CLOSE): State.CLOSED,
    **{(state, Step.CANCEL): State.CANCELLED for state in (State.DRAFT, State.APPROVED, State.SENT,
                                                           State.ACKNOWLEDGED)},
}  # fmt: skip
NUMBER_PREFIX = "PO-"
EXPECTING = _RECEIVABLE
"""States in which goods are still on their way: their outstanding quantities are on order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One product of an order."""

    product_id: str
    quantity: int
    unit_price: Decimal
    received: int = 0
    damaged: int = 0

    @property
    def outstanding(self) -> int:
        return max(0, self.quantity - self.received)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much somebody may approve in one order; `amount` None: any."""

    amount: Decimal | None


def after(state: str, step: Step) -> State:
    """The state that a step leads to. Raises Conflict when the table has no such step."""
    following = TABLE.get((State(state), step))
    if following is None:
        allowed = sorted({before for before, known in TABLE if known == step})
        raise Conflict("order_state", f"expected an order that is {' or '.join(allowed)}, got {state}")
    return following


def order_number(serial: int, hub_epoch: int) -> str:
    """The number of a site's order, which its papers and receipts carry.

    A hub restored from a backup has forgotten orders that vendors have: its epoch keeps the numbers apart.
    """
    return f"{NUMBER_PREFIX}{serial:06d}" if hub_epoch == 1 else f"{NUMBER_PREFIX}{hub_epoch}-{serial:06d}"


def receipt_step(lines: Iterable[Line]) -> Step:
    """What a receipt means for an order whose lines are now these."""
    return Step.RECEIVE_PART if any(line.outstanding for line in lines) else Step.RECEIVE_ALL


def total(lines: Iterable[Line], currency: str) -> Decimal:
    """What the ordered goods cost, with the currency's decimals."""
    exact = sum((line.unit_price * line.quantity / 1000 for line in lines), Decimal(0))
    return exact.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP)


def minor_cost(unit_price: Decimal, currency: str) -> int:
    """A unit price in the currency's smallest unit, as movements keep it."""
    return int(unit_price.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_UP))


def require_limit(amount: Decimal, currency: str, limit: Limit | None) -> None:
    """Raises Forbidden when this amount is not theirs to approve."""
    if limit is None:
        raise Forbidden("approval_limit", f"expected an approval limit in {currency}: an administrator sets it")
    if limit.amount is not None and amount > limit.amount:
        raise Forbidden("approval_limit", f"expected at most {limit.amount} {currency}, got {amount}")
