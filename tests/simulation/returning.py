"""Feed records that a restored hub no longer has, handed back by the boxes that applied them.

They are signed by the hub itself. Each is adopted under its own id or version, once,
whichever box brings it first: a command keeps its id, a product row its version.
"""

from typing import TYPE_CHECKING

from sync_protocol import changes
from sync_protocol.batch import Batch, open_batch
from sync_protocol.records import Fact
from tests.simulation.tables import Origin, Transaction

if TYPE_CHECKING:
    from tests.simulation.worker import Worker


def on_returned(worker: "Worker", txn: Transaction, row: Origin, lease: str, batch: Batch) -> None:
    """Adopt what this hub said in a past that it does not remember."""
    known = txn.get("returned", batch.origin_id)
    if known is None or known[0] != row.site_id or lease != row.lease:
        return
    worker.hub.world.hub_key.verify(batch.signature, batch.signed)
    worker.hub.world.met["feed batch handed back"] += 1
    for at, (encoded, record) in enumerate(open_batch(batch).rows, start=batch.first):
        if at > known[1] and txn.get("returned_record", encoded) is None and isinstance(record, Fact):
            txn.put("returned_record", encoded, at)
            _adopt(worker, txn, row.site_id, record)


def _adopt(worker: "Worker", txn: Transaction, site_id: str, record: Fact) -> None:
    change = changes.parse_change(record)
    hub = worker.hub
    if isinstance(change, changes.Command):
        if txn.get("commands", change.command_id) is None:
            txn.put("commands", change.command_id, (site_id, change))
            hub.add_change(txn, site_id, record)
    elif isinstance(change, changes.Product):
        if (
            txn.get("products", change.product_id) is None
            or txn.get("products", change.product_id).version < change.version
        ):
            txn.put("products", change.product_id, change)
            hub.add_change(txn, None, record)
    elif isinstance(change, changes.TransferNotice):
        hub.add_change(txn, site_id, record)
