"""Head office shows as defaults what a box does when nobody has said anything."""

from cloud_hub.domain import store_rules as at_the_hub
from edge_agent.domain.store_rules import read_rules


def test_both_sides_have_the_same_defaults() -> None:
    told = at_the_hub.write({}, at_the_hub.DEFAULTS)
    assert read_rules(told) == read_rules({})
    assert at_the_hub.read(told) == at_the_hub.DEFAULTS
