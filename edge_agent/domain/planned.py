"""What a plan may ask for, and what each action needs: pure."""

from typing import Literal, NamedTuple

from edge_agent.domain.people import ADMIN, PRODUCTS_WRITE, STOCK_WRITE, Caller

Kind = Literal["add", "set_critical_level", "archive"]


class Action(NamedTuple):
    """One thing to do with one product; `quantity` in thousandths, None where there is none."""

    kind: Kind
    product_id: str
    quantity: int | None = None


def needs(kind: Kind, lifecycle: str) -> str:
    """The permission, or the role `admin`: what head office has accepted is not a store's to change."""
    if kind == "add" or lifecycle == "provisional":
        return STOCK_WRITE
    return PRODUCTS_WRITE if kind == "set_critical_level" else ADMIN


def is_allowed(caller: Caller, need: str) -> bool:
    """A key of the box is no administrator: somebody has to stand for it."""
    if need == ADMIN:
        return caller.person is not None and caller.person.role == ADMIN
    return caller.may(need)


def to_type(archived: int) -> str | None:
    """What has to be typed before products of head office are archived."""
    return f"ARCHIVE {archived}" if archived else None
