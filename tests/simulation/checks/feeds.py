"""H: each box's catalogue is the hub's, and each command had its effect once."""

from collections import Counter
from typing import TYPE_CHECKING

from edge_agent.storage import catalogue
from sync_protocol.records import Decoded, Fact, Movement
from tests.simulation.checks.ledgers import Ledgers

if TYPE_CHECKING:
    from tests.simulation.store import Store
    from tests.simulation.world import World


def check(world: "World", ledgers: Ledgers) -> list[str]:
    problems = []
    for store in world.stores:
        for product_id in world.product_ids:
            hub_row = world.hub.tables.get("products", product_id)
            row = catalogue.find_product(store.box.database, product_id)
            if row is None or row.price != hub_row.price:
                problems.append(
                    f"store {store.number}: price of {product_id[-4:]} is {row and row.price}, not {hub_row.price}"
                )
        problems += _effects(world, store, ledgers.of_site(store.site_id))
    return problems


def _effects(world: "World", store: "Store", records: list[Decoded]) -> list[str]:
    """Each wish of a caller: one movement, whatever number of commands it took to say it."""
    moved: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for record in records:
        if isinstance(record, Movement) and record.command is not None:
            moved[record.command] += 1
        elif isinstance(record, Fact) and record.kind == "outcome":
            told[record.body["command_id"]] += 1
    problems = [f"command {name[-4:]} moved stock {count} times" for name, count in moved.items() if count > 1]
    for wish in world.operator.wishes:
        if wish.site_id != store.site_id:
            continue
        effects = sum(moved[command_id] for command_id in wish.command_ids)
        is_known = world.hub.tables.get("command_keys", wish.site_id, wish.key) is not None
        if effects > 1 or (is_known and effects == 0 and not any(told[c] for c in wish.command_ids)):
            problems.append(f"{wish.key} had {effects} effects")
    return problems
