"""D: nothing was pruned that no verified backup of the hub holds."""

from typing import TYPE_CHECKING

from edge_agent.storage import identity

if TYPE_CHECKING:
    from tests.simulation.world import World


def check(world: "World") -> list[str]:
    problems = []
    for store in world.stores:
        who = identity.get(store.box.database)
        safe = max(
            (snapshot["origins"][who.origin_id,].mark for _, snapshot in world.hub.backups
             if (who.origin_id,) in snapshot["origins"]),
            default=0,
        )  # fmt: skip
        if who.first_retained - 1 > safe:
            problems.append(f"store {store.number}: pruned below {who.first_retained}, safe is {safe}")
        first = store.box.database.execute("SELECT min(sequence) FROM ledger").fetchone()[0]
        if first is not None and first != who.first_retained:
            problems.append(f"store {store.number}: first record is {first}, expected {who.first_retained}")
    return problems
