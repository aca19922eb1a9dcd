"""What each reason allows."""

import pytest

from edge_agent.domain.movement import OWN, ROUTES, Draft, Goods, check, signed
from edge_agent.errors import Invalid
from sync_protocol.vocabulary import Reason

PLACES = {
    "own": ("shelf", "backroom", "hold"), "virtual": ("supplier", "customer", "shrinkage", "adjustment"),
    "transit": ("transit:x",),
}  # fmt: skip
ALL = [place for places in PLACES.values() for place in places]


def a_draft(reason: str, source: str, target: str, quantity: int = 1000) -> Draft:
    return Draft(Goods("p"), quantity, source, target, reason, 0)


def test_every_reason_of_the_vocabulary_has_a_route() -> None:
    assert set(ROUTES) == {str(reason) for reason in Reason}


@pytest.mark.parametrize("reason", sorted(ROUTES))
def test_a_reason_moves_stock_only_along_its_routes(reason: str) -> None:
    allowed = {
        (source, target)
        for sources, targets in ROUTES[reason]
        for source in ALL
        for target in ALL
        if source.partition(":")[0] in sources and target.partition(":")[0] in targets and source != target
    }

    for source in ALL:
        for target in ALL:
            if (source, target) in allowed:
                check(a_draft(reason, source, target))
            else:
                with pytest.raises(Invalid):
                    check(a_draft(reason, source, target))
    assert allowed


@pytest.mark.parametrize("quantity", [0, -1, 10**15 + 1])
def test_a_quantity_out_of_range_is_refused(quantity: int) -> None:
    with pytest.raises(Invalid, match="thousandths"):
        check(a_draft("sale", "shelf", "customer", quantity))


def test_a_text_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        check(a_draft("sale", "shelf", "customer")._replace(note="x" * 501))
    assert caught.value.pointer == "/note"


@pytest.mark.parametrize("delta", [-2500, 2500])
@pytest.mark.parametrize("reason", ["correction", "damage", "count", "sale", "return", "receipt"])
def test_a_signed_change_has_one_own_end_and_one_virtual_end(reason: str, delta: int) -> None:
    quantity, source, target = signed(delta, "shelf", reason)

    assert quantity == 2500
    assert (target if delta > 0 else source) == "shelf"
    assert (source if delta > 0 else target) not in OWN
