"""Reference data edited on both sides: one decision per field.

Causality first: an edit made on the field's current version, or by whoever wrote that, is
accepted, whatever any clock says. Only edits that did not know of each other are decided, by the field's policy;
the loser is kept for a person to restore. Deletion loses to a concurrent edit. The same
inputs give the same decision everywhere; nothing here reads a clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

Version = tuple[int, int]
"""(hub_epoch, number): versions of a restored hub are never those it had forgotten."""


class FieldPolicy(StrEnum):
    """Who wins between edits that did not know of each other."""

    HUB_WINS = "hub_wins"
    STORE_WINS = "store_wins"
    LWW = "lww"


POLICIES: dict[str, FieldPolicy] = {
    "price": FieldPolicy.HUB_WINS,
    "cost": FieldPolicy.HUB_WINS,
    "currency": FieldPolicy.HUB_WINS,
    "sku": FieldPolicy.HUB_WINS,
    "unit": FieldPolicy.HUB_WINS,
    "lifecycle": FieldPolicy.HUB_WINS,
    "reorder_point": FieldPolicy.STORE_WINS,
    "critical_level": FieldPolicy.STORE_WINS,
    "negative_policy": FieldPolicy.STORE_WINS,
}
"""All other fields (name, category, metadata) go to the last writer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A field as the hub holds it."""

    value: Any
    version: Version
    """The entity's version at which this field last changed."""
    hlc: tuple[int, int]
    node: str
    """Who wrote it: the site whose store did, or the hub."""
    is_store_edit: bool = False
    is_trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A field as a store wants it."""

    value: Any
    base_version: Version | None
    """The entity's version that the editor saw; None: it knew of none."""
    hlc: tuple[int, int]
    node: str
    is_trusted: bool = True
    """False when the store's clock was not to be believed: it then loses to one that was."""


class Decision(NamedTuple):
    """Whether to write the edit, and whether a person should see the loser."""

    is_accepted: bool
    is_conflict: bool


def decide_field(field: str, current: Register, edit: Edit) -> Decision:
    """Accept or reject one field of an edit."""
    if current.value == edit.value:
        return Decision(is_accepted=False, is_conflict=False)
    if _knew(current, edit):
        return Decision(is_accepted=True, is_conflict=False)
    return Decision(is_accepted=_wins(POLICIES.get(field, FieldPolicy.LWW), current, edit), is_conflict=True)


def decide_deletion(fields: Iterable[Register], deletion: Edit) -> Decision:
    """A deletion is obeyed only if it had seen the last edit of every field."""
    is_seen = all(_knew(field, deletion) for field in fields)
    return Decision(is_accepted=is_seen, is_conflict=not is_seen)


def decide_revival(deletion: Register, edit: Edit) -> Decision:
    """An edit of a deleted entity revives it, unless its editor knew of the deletion."""
    is_concurrent = not _knew(deletion, edit)
    return Decision(is_accepted=is_concurrent, is_conflict=is_concurrent)


def _knew(current: Register, edit: Edit) -> bool:
    """A node knows what it wrote itself, whether or not its hub's version of that had come back to it."""
    return current.node == edit.node or (edit.base_version is not None and edit.base_version >= current.version)


def _wins(policy: FieldPolicy, current: Register, edit: Edit) -> bool:
    if policy is FieldPolicy.HUB_WINS and not current.is_store_edit:
        return False
    if policy is FieldPolicy.STORE_WINS and not current.is_store_edit:
        return True
    return (edit.is_trusted, edit.hlc, edit.node) > (current.is_trusted, current.hlc, current.node)
