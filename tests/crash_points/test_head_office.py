"""The hub dies at each of its points, at the first, second and last passing: nothing is lost or doubled."""

from pathlib import Path

import pytest

from cloud_hub.crashpoints import REGISTRY
from deploy.local.programs import Program
from deploy.local.stack import Store
from tests.crash_points.stories import Mortal, Tale, cases_of, counted_command, hits, play
from tests.system.chain import Chain, a_chain, wait_equal

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]

TRADING = tuple(
    point for point in REGISTRY if point.split(".")[0] in ("transaction", "hello", "intake", "feed", "posting")
)
"""Points that a running hub passes; those of backups, keys and fenced boxes have stories of their own."""
PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
async def test_a_hub_that_dies_at_any_point_goes_on_where_it_was(tmp_path: Path, part: int) -> None:
    with a_chain(tmp_path, "north") as stack:
        tale = a_tale(stack, stack.stores["north"])
        lives = [_count(tale), _count(tale)]
        passes = {point: min(life.get(point, 0) for life in lives) for point in lives[0]}
        assert set(passes) == set(TRADING), "the story passes every point of a running hub"
        cases = cases_of({point: passes[point] for point in TRADING[part::PARTS]})
        assert play(tale, cases) == [], "points where the hub did not die"
        wait_equal(stack, tale.store)
        await tale.check()
        assert "0 problem" in stack.cloud_hub("verify")


def a_tale(stack: Chain, store: Store) -> Tale:
    """A story whose mortal is the hub."""
    site = stack.expect("POST", "/api/v1/sites", {"code": "depot", "name": "Depot", "kind": "hub"})
    usual = stack.hub.environment

    def start(environment: dict[str, str]) -> Program:
        stack.hub.environment = {**usual, **environment}
        return stack.hub.start()

    return Tale(stack=stack, store=store, mortal=Mortal(start, program=stack.hub), hub_site=site["id"], has_blips=True)


def _count(tale: Tale) -> dict[str, int]:
    """One life from start to stop with a round between: how often each point is passed.

    A slow life commits more often (what is due is looked at by the clock), so the shorter of two is what
    any life reaches.
    """
    hub, file = tale.stack.hub, tale.stack.folder / "passes.json"
    command = hub.command
    hub.stop()
    hub.command = counted_command(file, command)
    hub.start()
    tale.round()
    hub.stop()
    hub.command = command
    return hits(file, TRADING)
