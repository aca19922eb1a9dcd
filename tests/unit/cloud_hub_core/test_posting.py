"""Hub-run ledgers, purely: items are defined once, drafts are judged against levels as they grow."""

from typing import Any

from cloud_hub.domain.posting import Draft, Goods, Items, Ledger, Row
from sync_protocol.records import Item, Movement


def a_ledger(levels: dict[tuple[str, str], int] | None = None, **policies: str) -> Ledger:
    return Ledger(
        levels=dict(levels or {}),
        goods={"p": Goods()} | {name: Goods(policy) for name, policy in policies.items()},
        items=Items({}, 1),
    )


def a_draft(source: str = "supplier", target: str = "shelf", **fields: Any) -> Draft:
    said: dict[str, Any] = {
        "product_id": "p", "from_location": source, "to_location": target, "reason": "r", "quantity": 5
    }  # fmt: skip
    return Draft(**said | fields)


def take(ledger: Ledger, draft: Draft) -> Any:
    return ledger.take(draft, now_ms=1, actor="ann", key="k")


def test_an_item_is_defined_once_for_the_same_facts_and_again_for_others() -> None:
    ledger = a_ledger()
    for price in (100, 100, 200):
        take(ledger, a_draft(price=price))

    assert [type(record) for record in ledger.records] == [Item, Movement, Movement, Item, Movement]
    assert [record.item for record in ledger.records if isinstance(record, Movement)] == [1, 1, 2]


def test_each_draft_sees_what_those_before_it_did() -> None:
    ledger = a_ledger()

    assert isinstance(take(ledger, a_draft("shelf", "customer")), Row)
    take(ledger, a_draft(quantity=5))
    assert take(ledger, a_draft("shelf", "customer")) == 2
    assert ledger.levels == {("p", "supplier"): -5, ("p", "shelf"): 0, ("p", "customer"): 5}


def test_only_the_sites_own_places_are_kept_from_going_below_zero() -> None:
    assert take(a_ledger(), a_draft("supplier", "shelf")) == 1
    assert take(a_ledger(), a_draft("hold", "shrinkage")).code == "insufficient_stock"
    assert take(a_ledger(p="warn"), a_draft("hold", "shrinkage")) == 1


def test_a_refusal_says_quantities_as_people_do_not_in_thousandths() -> None:
    short = take(a_ledger({("p", "shelf"): 1500}), a_draft("shelf", "customer", quantity=6500))
    other = take(a_ledger({("p", "shelf"): 1500}), a_draft(expected_quantity=2000))

    assert short.detail == "expected at most 1.5 from shelf, got 6.5"
    assert other.detail == "expected 2 available, found 1.5"


def test_set_to_takes_from_the_other_side_what_is_too_much() -> None:
    for held, wanted, expected in ((2, 5, ("adjustment", "shelf", 3)), (5, 2, ("shelf", "adjustment", 3))):
        ledger = a_ledger({("p", "shelf"): held})
        take(ledger, a_draft("adjustment", "shelf", quantity=None, set_to=wanted))
        moved = ledger.records[-1]
        assert isinstance(moved, Movement)
        assert (moved.from_location, moved.to_location, moved.quantity) == expected
    assert take(a_ledger({("p", "shelf"): 4}), a_draft("adjustment", "shelf", quantity=None, set_to=4)) is None


def test_expected_quantity_is_what_is_available_without_what_is_held() -> None:
    ledger = a_ledger({("p", "shelf"): 3, ("p", "backroom"): 4, ("p", "hold"): 100})

    assert take(ledger, a_draft(expected_quantity=8)).code == "expected_quantity"
    assert take(ledger, a_draft(expected_quantity=7)) == 1


def test_a_movement_keeps_what_its_product_is_when_it_is_made_but_for_what_the_draft_says() -> None:
    ledger = a_ledger()
    ledger.goods = {"p": Goods(unit="kg", price=500, cost=300, currency="JPY")}
    take(ledger, a_draft())
    take(ledger, a_draft(price=450, cost=0))

    facts = [(item.unit, item.price, item.cost, item.currency) for item in ledger.records if isinstance(item, Item)]
    assert facts == [("kg", 500, 300, "JPY"), ("kg", 450, 0, "JPY")]


def test_an_archived_product_is_refused_only_where_an_active_one_is_asked_for() -> None:
    ledger = a_ledger()
    ledger.goods = {"p": Goods(is_archived=True)}

    assert take(ledger, a_draft(is_of_active=True)).code == "archived"
    assert take(ledger, a_draft()) == 1
