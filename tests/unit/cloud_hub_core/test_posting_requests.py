"""Requests to post, purely: all drafts or none, undone to the last level and item; the same body under a key."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloud_hub.domain.posting import Draft, Goods, Items, Ledger
from cloud_hub.domain.posting_requests import Posted, Request, judge, replay
from cloud_hub.errors import Conflict, Invalid, NotFound


def a_ledger() -> Ledger:
    return Ledger(levels={("p", "shelf"): 3}, goods={"p": Goods(), "q": Goods()}, items=Items({}, 1))


def a_draft(source: str, target: str, quantity: int = 1, **fields: Any) -> Draft:
    said: dict[str, Any] = {
        "product_id": "p", "from_location": source, "to_location": target, "reason": "r", "quantity": quantity
    }  # fmt: skip
    return Draft(**said | fields)


def a_request(*drafts: Draft, all_or_none: bool = True) -> Request:
    return Request(drafts=drafts, key="k", actor=None, asked_at=1, all_or_none=all_or_none)


def seen(ledger: Ledger) -> Any:
    """All that a later request is judged by and that is written; a level of 0 is like none."""
    held = {place: quantity for place, quantity in ledger.levels.items() if quantity}
    return deepcopy((held, ledger.records, ledger.new, ledger.items_now()))


_DRAFTS = st.builds(
    a_draft,
    st.sampled_from(["supplier", "shelf", "backroom"]),
    st.sampled_from(["shelf", "backroom", "customer"]),
    st.integers(1, 4),
    product_id=st.sampled_from(["p", "q"]),
    price=st.sampled_from([None, 100, 200]),
)


@given(st.lists(st.lists(_DRAFTS, min_size=1, max_size=4), max_size=6))
def test_a_refused_request_leaves_no_trace_whatever_was_taken_before(bodies: list[list[Draft]]) -> None:
    ledger = a_ledger()
    for drafts in bodies:
        before = seen(ledger)
        judge(ledger, a_request(*drafts))
        kept = seen(ledger)
        ledger.begin()
        refused = judge(ledger, a_request(*drafts, a_draft("shelf", "customer", 1_000_000)))

        assert isinstance(refused, Conflict)
        assert seen(ledger) == kept
        assert len(kept[1]) >= len(before[1])


def test_drafts_taken_one_by_one_keep_what_is_good() -> None:
    unknown = a_draft("supplier", "shelf", product_id="?")
    drafts = [a_draft("shelf", "customer", 2), a_draft("shelf", "customer", 2), unknown]

    first, second, third = judge(a_ledger(), a_request(*drafts, all_or_none=False))  # type: ignore[misc]

    assert (first, second.code, third.code) == (1, "insufficient_stock", "product")  # type: ignore[union-attr]
    assert isinstance(judge(a_ledger(), a_request(unknown)), NotFound)


def test_a_key_gets_its_first_answer_for_the_same_body_only() -> None:
    one, other = a_request(a_draft("supplier", "shelf")), a_request(a_draft("supplier", "shelf", 2))
    answered = {"rows": [["id", 5, None, None]], "levels": {"p:shelf": 1}}

    again = replay(one, one.body_hash, answered)

    assert isinstance(again, Posted) and again.is_replayed and again.rows[0].position == 5
    assert isinstance(replay(other, one.body_hash, answered), Invalid)
    assert isinstance(replay(one, None, {}), Invalid)
