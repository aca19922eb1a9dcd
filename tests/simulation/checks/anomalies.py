"""F: every anomaly that a fault caused has left a line on an operator's screen."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World


def check(world: "World") -> list[str]:
    forgotten = world.screen.kinds["hub_rolled_back"] if not world.screen.kinds["hub_restored"] else 0
    problems = [f"{forgotten} times the hub had less than it had acknowledged, and nobody restored it"] * (
        forgotten > 0
    )
    return problems + [
        f"nobody was told of {' or '.join(kinds)} after {since}"
        for since, site_id, kinds in world.owed
        if not any(world.screen.has(kind, site_id, since) for kind in kinds)
    ]
