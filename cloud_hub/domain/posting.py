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
ARCHIVED = "expected a product that is not archived: what is left of one is sold or taken away"
Place = tuple[str, str]
"""(product_id, location)"""
Frozen = tuple[Any, ...]
"""All that an item freezes: every field of `Item` but its number, the product first."""


class Draft(NamedTuple):
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
    occurred_at: int | None = None
    """When it happened; None: now."""
    code: str | None = None
    pack_quantity: int = 1000
    is_price_given: bool = False
    """The caller said the price, it is not just the site's."""
    price: int | None = None
    """None: the product's, as it is when the movement is made; so is the cost."""
    cost: int | None = None
    is_of_active: bool = False
    """Refuse when the product is archived."""


class Goods(NamedTuple):
    """What a movement keeps of its product, so that no later edit rewrites history, and what it may do."""

    policy: str = BLOCK
    unit: str = "each"
    price: int | None = None
    cost: int | None = None
    currency: str | None = None
    is_archived: bool = False


class Row(NamedTuple):
    """What became of one draft."""

    movement_id: str | None
    position: int | None
    code: str | None = None
    detail: str | None = None


class Items(NamedTuple):
    """The items of a ledger: the number of each set of facts, and the next number that is free."""

    refs: Mapping[Frozen, int]
    next_ref: int


@dataclass(slots=True)
class Ledger:
    """The state that drafts are judged against; it grows as they are accepted."""

    levels: dict[Place, int]
    goods: Mapping[str, Goods]
    """The products that exist."""
    items: Items
    """As they were before."""
    reserved: Mapping[str, int] = field(default_factory=dict)
    """By product."""
    records: list[Item | Movement | Fact] = field(default_factory=list)
    new: dict[Frozen, int] = field(default_factory=dict)
    """Items that are among the records."""
    used: dict[Frozen, int] = field(default_factory=dict)
    """Items of before that the records refer to."""
    _replaced: list[tuple[Place, int]] = field(default_factory=list)
    _begun: int = 0

    def begin(self) -> None:
        """What is taken from here on can be put back."""
        self._replaced.clear()
        self._begun = len(self.records)

    def put_back(self) -> None:
        """Everything is as it was at `begin`, at the cost of what was taken since."""
        for place, quantity in reversed(self._replaced):
            self.levels[place] = quantity
        for record in self.records[self._begun :]:
            if isinstance(record, Item):
                del self.new[record[1:]]
        del self.records[self._begun :]

    def items_now(self) -> Items:
        """The items of before and the new ones."""
        if not self.new:
            return self.items
        return Items({**self.items.refs, **self.new}, self.items.next_ref + len(self.new))

    def take(self, draft: Draft, *, now_ms: int, actor: str | None, key: str | None) -> int | Row | None:
        """The index of the movement among `records`, None when there is nothing to move, or a refusal."""
        goods = self.goods.get(draft.product_id)
        if goods is None:
            return Row(None, None, "product", "no such product")
        if draft.is_of_active and goods.is_archived:
            return Row(None, None, "archived", ARCHIVED)
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
        held = self.levels.get((draft.product_id, source), 0)
        left = held - quantity
        if source in OWN_LOCATIONS and left < 0 and goods.policy == BLOCK:
            detail = f"expected at most {format_quantity(held)} from {source}, got {format_quantity(quantity)}"
            return Row(None, None, "insufficient_stock", detail)
        ref = self._ref(draft, goods)
        self._set(draft.product_id, source, left)
        self._set(draft.product_id, target, self.levels.get((draft.product_id, target), 0) + quantity)
        self.records.append(
            Movement(
                ref, quantity, source, target, draft.reason,
                now_ms if draft.occurred_at is None else draft.occurred_at, actor=actor, document=draft.document,
                lot=draft.lot, key=draft.key or key, command=draft.command_id, note=draft.note,
            )
        )  # fmt: skip
        return len(self.records) - 1

    def _set(self, product_id: str, location: str, quantity: int) -> None:
        place = (product_id, location)
        self._replaced.append((place, self.levels.get(place, 0)))
        self.levels[place] = quantity

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

    def _ref(self, draft: Draft, goods: Goods) -> int:
        facts = (
            draft.product_id, draft.code, draft.pack_quantity, goods.unit,
            goods.price if draft.price is None else draft.price, goods.cost if draft.cost is None else draft.cost,
            goods.currency,
        )  # fmt: skip
        if (ref := self.new.get(facts)) is not None:
            return ref
        if (ref := self.items.refs.get(facts)) is not None:
            self.used[facts] = ref
            return ref
        ref = self.new[facts] = self.items.next_ref + len(self.new)
        self.records.append(Item(ref, *facts))
        return ref
