"""A: the hub's ledger of each origin is an exact, gap-free copy of what its box committed."""

from typing import TYPE_CHECKING

from edge_agent.storage import identity, retention
from sync_protocol import chain
from sync_protocol.records import Decoded, Fact, Movement
from tests.simulation.checks.ledgers import Ledgers, box_records
from tests.simulation.evidence import Baseline

if TYPE_CHECKING:
    from tests.simulation.world import World


def check(world: "World", ledgers: Ledgers) -> list[str]:
    problems = []
    for store in world.stores:
        database = store.box.database
        who = identity.get(database)
        problems += [f"store {store.number}: {text}" for text in retention.verify(database)]
        for origin_id in ledgers.origins(store.site_id):
            row = world.hub.tables.get("origins", origin_id)
            at_hub = ledgers.rows(origin_id)
            problems += _unbroken(store.site_id, origin_id, row, at_hub, ledgers.baselines(origin_id))
            if origin_id == who.origin_id:
                at_box = box_records(database, origin_id, who.origin_id)
                retained = {sequence: (encoded, link) for sequence, encoded, link in at_hub}
                missing = [s for s, encoded, link in at_box if retained.get(s) != (encoded, link)]
                if missing:
                    problems.append(f"store {store.number}: hub differs from the box at {missing[:5]}")
        problems += _adopted_once(ledgers.of_site(store.site_id))
    return problems


def _unbroken(
    site_id: str, origin_id: str, row: object, at_hub: list[tuple[int, bytes, bytes]], baselines: dict[int, Baseline]
) -> list[str]:
    """From the first record to the mark; a signed baseline stands for exactly the records that are gone."""
    last, previous, problems = 0, chain.genesis(site_id, origin_id), []
    over = {baseline.first: (position, baseline.chain_hash) for position, baseline in baselines.items()}
    for sequence, encoded, chain_hash in at_hub:
        last, previous = over.get(last + 1, (last, previous))
        previous = chain.extend(previous, encoded)
        last += 1
        if sequence != last or previous != chain_hash:
            problems.append(f"origin {origin_id}: broken at {last}")
            break
    last, previous = over.get(last + 1, (last, previous))
    if row.mark != last or row.chain_hash != previous:  # type: ignore[attr-defined]
        problems.append(f"origin {origin_id}: mark {row.mark}, records up to {last}")  # type: ignore[attr-defined]
    return problems


def _adopted_once(records: list[Decoded]) -> list[str]:
    """No branch record has been taken over twice, and none whose adoption was asked for is left."""
    seen: dict[str, int] = {}
    for record in records:
        if isinstance(record, Movement) and record.adopted is not None:
            seen[record.adopted] = seen.get(record.adopted, 0) + 1
        elif isinstance(record, Fact) and record.kind == "adoption":
            seen[record.body["adopted"]] = seen.get(record.body["adopted"], 0) + 1
    return [f"branch record {name[:12]} was adopted {count} times" for name, count in seen.items() if count > 1]
