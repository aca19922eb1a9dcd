"""All tables of the hub, by what they are about; the migrations make exactly these.

Import them from here: `from cloud_hub.storage.schema import movements`. Large tables have
keys that begin with the site, so the ledger can be distributed by site without a change.
"""

from cloud_hub.storage.schema.base import EVERYWHERE, metadata
from cloud_hub.storage.schema.catalogue import barcodes, conflicts, policies, products, site_products
from cloud_hub.storage.schema.downlink import (
    changes,
    commands,
    counters,
    feed_records,
    feeds,
    snapshot_chunks,
    snapshots,
)
from cloud_hub.storage.schema.ledger import (
    alerts,
    batches,
    count_lines,
    exceptions,
    facts,
    items,
    level_claims,
    levels,
    movement_keys,
    movements,
    quarantine,
    stocktakes,
    tasks,
    transfer_lines,
    transfers,
    unknown_records,
)
from cloud_hub.storage.schema.origins import (
    branch_batches,
    branch_records,
    branches,
    certificates,
    devices,
    enrolment_codes,
    hub_state,
    origins,
    sites,
)
from cloud_hub.storage.schema.people import api_keys, audit, request_keys, sign_ins, users
from cloud_hub.storage.schema.running import backups, jobs, shard_leases, slots, workers
from cloud_hub.storage.schema.vendors import vendor_prices, vendors

__all__ = [
    "EVERYWHERE",
    "alerts",
    "api_keys",
    "audit",
    "backups",
    "barcodes",
    "batches",
    "branch_batches",
    "branch_records",
    "branches",
    "certificates",
    "changes",
    "commands",
    "conflicts",
    "count_lines",
    "counters",
    "devices",
    "enrolment_codes",
    "exceptions",
    "facts",
    "feed_records",
    "feeds",
    "hub_state",
    "items",
    "jobs",
    "level_claims",
    "levels",
    "metadata",
    "movement_keys",
    "movements",
    "origins",
    "policies",
    "products",
    "quarantine",
    "request_keys",
    "shard_leases",
    "sign_ins",
    "site_products",
    "sites",
    "slots",
    "snapshot_chunks",
    "snapshots",
    "stocktakes",
    "tasks",
    "transfer_lines",
    "transfers",
    "unknown_records",
    "users",
    "vendor_prices",
    "vendors",
    "workers",
]
