"""The store's agent dies at each of its points, at the first, second and last passing: nothing is lost or doubled."""

import sys
from pathlib import Path

import pytest

from deploy.local.programs import Program
from deploy.local.stack import Store
from edge_agent.crashpoints import REGISTRY
from tests.crash_points.stories import Mortal, Tale, cases_of, counted_command, hits, play
from tests.system.chain import Chain, a_chain, wait_equal

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]

TRADING = tuple(
    point for point in REGISTRY
    if point.split(".")[1] in ("write", "ledger", "link", "control", "ack", "feed", "file")
)  # fmt: skip
"""Points that a running box passes; those of a new box, a restore and pruning are met by stories of their own."""
PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
async def test_a_trading_box_that_dies_at_any_point_goes_on_where_it_was(tmp_path: Path, part: int) -> None:
    with a_chain(tmp_path, "north") as stack:
        tale = a_tale(stack, stack.stores["north"])
        passes = _count(tale)
        assert set(passes) == set(TRADING), "the story passes every point of a trading box"
        cases = cases_of({point: passes[point] for point in TRADING[part::PARTS]})
        assert play(tale, cases) == [], "points where the box did not die"
        wait_equal(stack, tale.store)
        await tale.check()


def a_tale(stack: Chain, store: Store) -> Tale:
    """A story whose mortal is the store's agent."""
    store.stop()
    site = stack.expect("POST", "/api/v1/sites", {"code": "depot", "name": "Depot", "kind": "hub"})

    def start(environment: dict[str, str]) -> Program:
        store.environment = environment
        store.start()
        assert store.program is not None
        return store.program

    return Tale(stack=stack, store=store, mortal=Mortal(start), hub_site=site["id"])


def _count(tale: Tale) -> dict[str, int]:
    """One life from start to stop with a round between: how often each point is passed."""
    store, file = tale.store, tale.stack.folder / "passes.json"
    store.start()
    assert store.program is not None
    command = store.program.command
    store.stop()
    assert command[0] == sys.executable
    tale.mortal.program = store.program
    store.program.command = counted_command(file, command)
    store.program.start()
    tale.round()
    store.program.stop()
    return hits(file, TRADING)
