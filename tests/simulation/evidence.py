"""What the hub does with the signed levels of a box that has pruned what a restored hub lacks.

As cloud_hub/services/evidence.py does it on PostgreSQL: the difference is booked as a baseline,
a person is told, and the mark moves to where the box's records begin.
"""

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from cloud_hub.domain.intake import KnownItem
from sync_protocol import messages as say
from sync_protocol.records import Item
from tests.simulation.tables import Origin, Transaction

if TYPE_CHECKING:
    from tests.simulation.worker import Reply, Worker

CREDITS = 4


class Baseline(NamedTuple):
    """What stands for the records from `first` to the position that it is kept under."""

    first: int
    chain_hash: bytes
    change: dict[tuple[str, str], int]
    items: dict[int, KnownItem]


def on_pruned(
    worker: "Worker", txn: Transaction, device_id: str, origin_id: str, told: say.PrunedLevels
) -> "list[Reply]":
    """Book the difference between what the box had there and what this hub has."""
    row: Origin | None = txn.get("origins", origin_id)
    if row is None or told.lease != row.lease or told.position <= row.mark:
        return []
    world = worker.hub.world
    world.key_of(device_id).verify(bytes.fromhex(told.signature), told.signed)
    items = (txn.get("items", origin_id) or {}) | {
        each[0]: KnownItem(UUID(each[1]), Item(*each)) for each in told.items
    }
    txn.put("items", origin_id, items)
    assert told.parts == 1, "these catalogues are small"
    if told.part == told.parts or len(items) < told.last_item:
        return []
    before = {(key[1], key[2]): quantity for key, quantity in txn.scan("levels", row.site_id)}
    after = {(product_id, place): quantity for product_id, place, quantity in told.levels}
    change = {at: delta for at in before | after if (delta := after.get(at, 0) - before.get(at, 0))}
    for (product_id, place), delta in change.items():
        txn.add("levels", row.site_id, product_id, place, delta)
    chain_hash = bytes.fromhex(told.chain_hash)
    txn.put("baselines", origin_id, told.position, Baseline(row.mark + 1, chain_hash, change, items))
    txn.put("origins", origin_id, row._replace(mark=told.position, chain_hash=chain_hash))
    world.met["levels booked for pruned records"] += 1
    world.screen.show(row.site_id, "beyond_retention")
    world.mark_lost(next(store for store in world.stores if store.site_id == row.site_id))
    ack = say.Ack(lease=told.lease, mark=told.position, mark_hash=told.chain_hash, safe_mark=0, credits=CREDITS)
    return [(device_id, origin_id, say.encode(ack))]
