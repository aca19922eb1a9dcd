"""C: every unit that left one place arrived in another: the sum over all locations is zero."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World


def check(world: "World") -> list[str]:
    totals: dict[tuple[str, str], int] = {}
    for (site_id, product_id, _), quantity in world.hub.tables.scan("levels"):
        totals[site_id, product_id] = totals.get((site_id, product_id), 0) + quantity
    return [f"site {site[-4:]} product {p[-4:]}: the sum is {total}" for (site, p), total in totals.items() if total]
