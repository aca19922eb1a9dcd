"""B: on both sides the levels are the fold of the ledger, and they are equal."""

from typing import TYPE_CHECKING

from edge_agent.storage import levels as box_levels
from sync_protocol.records import Item, Movement
from tests.simulation.checks.ledgers import Ledgers

if TYPE_CHECKING:
    from tests.simulation.world import World

Levels = dict[tuple[str, str], int]


def check(world: "World", ledgers: Ledgers) -> list[str]:
    problems = []
    for store in world.stores:
        at_hub = {(key[1], key[2]): q for key, q in world.hub.tables.scan("levels", store.site_id) if q}
        folded = fold(ledgers, store.site_id)
        at_box = {(p, at): q for p, at, q in box_levels.all_levels(store.box.database) if q}
        problems += _compare(f"store {store.number}: hub levels and its ledger", at_hub, folded)
        problems += _compare(f"store {store.number}: box levels and hub levels", at_box, at_hub)
    return problems


def fold(ledgers: Ledgers, site_id: str) -> Levels:
    """Levels from the hub's records, and what was booked for those that are gone, by nothing but addition."""
    levels: Levels = {}
    for origin_id in ledgers.origins(site_id):
        items: dict[int, str] = {}
        for baseline in ledgers.baselines(origin_id).values():
            items |= {ref: str(known.product_id) for ref, known in baseline.items.items()}
            for place, quantity in baseline.change.items():
                levels[place] = levels.get(place, 0) + quantity
        for record in ledgers.records(origin_id):
            if isinstance(record, Item):
                items.setdefault(record.ref, record.product_id)
            elif isinstance(record, Movement):
                product = items[record.item]
                for place, sign in ((record.from_location, -1), (record.to_location, 1)):
                    levels[product, place] = levels.get((product, place), 0) + sign * record.quantity
    return {place: quantity for place, quantity in levels.items() if quantity}


def _compare(what: str, one: Levels, other: Levels) -> list[str]:
    keys = [key for key in sorted(one.keys() | other.keys()) if one.get(key, 0) != other.get(key, 0)]
    wrong = [f"{key[0][-4:]}@{key[1]}: {one.get(key, 0)} and {other.get(key, 0)}" for key in keys]
    return [f"{what} differ: {'; '.join(wrong[:4])}"] if wrong else []
