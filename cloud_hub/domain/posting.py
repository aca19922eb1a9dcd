"""What the hub writes to the ledger of a site that it runs itself: requests become records.

The same rules as at a store's box: a positive quantity from one place to another, facts
frozen in an item, a decrement of the shelf below zero refused where the policy blocks it.
Pure: levels, policies and items come in, records and verdicts go out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_protocol.quantity import format_quantity
from sync_protocol.records import Fact, Item, Movement
from sync_protocol.vocabulary import OWN_LOCATIONS

BLOCK = "block"
Place = tuple[str, str]
"""(product_id, location)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A movement that somebody asks for; `set_to` instead of a quantity moves the difference."""

    product_id: str
    from_location: str
    to_location: str
    reason: str
    quantity: int | None = None
    set_to: int | None = None
    """The quantity that `to_location` shall hold; the difference comes from, or goes to, `from_location`."""
    expected_quantity: int | None = None
    """Refuse when what is available is another quantity."""
    document: str | None = None
    lot: str | None = None
    note: str | None = None
    key: str | None = None
    command_id: str | None = None
    code: str | None = None
    pack_quantity: int = 1000
    unit: str = "each"
    price: int | None = None
    cost: int | None = None
    currency: str | None = None


class Row(NamedTuple):
    """What became of one draft."""

    movement_id: str | None
    position: int | None
    code: str | None = None
    detail: str | None = None


@dataclass(slots=True)
class Ledger:
    """The state that drafts are judged against; it grows as they are accepted."""

    levels: dict[Place, int]
    policies: Mapping[str, str]
    refs: dict[tuple[Any, ...], int]
    next_ref: int
    reserved: Mapping[str, int] = field(default_factory=dict)
    """By product, where a draft expects what is available."""
    records: list[Item | Movement | Fact] = field(default_factory=list)

    def take(self, draft: Draft, *, now_ms: int, actor: str | None, key: str | None) -> int | Row | None:
        """The index of the movement among `records`, None when there is nothing to move, or a refusal."""
        if draft.expected_quantity is not None and self._available(draft.product_id) != draft.expected_quantity:
            found = self._available(draft.product_id)
            return Row(
                None,
                None,
                "expected_quantity",
                f"expected {format_quantity(draft.expected_quantity)} available, found {format_quantity(found)}",
            )
        source, target, quantity = self._direction(draft)
        if quantity == 0:
            return None
        left = self.levels.get((draft.product_id, source), 0) - quantity
        if source in OWN_LOCATIONS and left < 0 and self.policies.get(draft.product_id, BLOCK) == BLOCK:
            return Row(None, None, "insufficient_stock", f"{source} would hold {format_quantity(left)}")
        ref = self._ref(draft)
        self.levels[draft.product_id, source] = left
        self.levels[draft.product_id, target] = self.levels.get((draft.product_id, target), 0) + quantity
        self.records.append(
            Movement(
                ref, quantity, source, target, draft.reason, now_ms, actor=actor, document=draft.document,
                lot=draft.lot, key=draft.key or key, command=draft.command_id, note=draft.note,
            )
        )  # fmt: skip
        return len(self.records) - 1

    def _direction(self, draft: Draft) -> tuple[str, str, int]:
        if draft.set_to is None:
            return draft.from_location, draft.to_location, draft.quantity or 0
        change = draft.set_to - self.levels.get((draft.product_id, draft.to_location), 0)
        if change >= 0:
            return draft.from_location, draft.to_location, change
        return draft.to_location, draft.from_location, -change

    def _available(self, product_id: str) -> int:
        sellable = sum(self.levels.get((product_id, str(place)), 0) for place in OWN_LOCATIONS if place != "hold")
        return sellable - self.reserved.get(product_id, 0)

    def _ref(self, draft: Draft) -> int:
        facts = (draft.product_id, draft.code, draft.pack_quantity, draft.unit, draft.price, draft.cost, draft.currency)
        ref = self.refs.get(facts)
        if ref is None:
            ref, self.next_ref = self.next_ref, self.next_ref + 1
            self.refs[facts] = ref
            self.records.append(Item(ref, *facts))
        return ref
