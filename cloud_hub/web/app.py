"""The aiohttp application: every table of operations, the probes and the docs pages."""

from aiohttp import web

from cloud_hub.web import (
    adjusting,
    alerts,
    approval_limits,
    auth,
    devices,
    fleet,
    inventory,
    products,
    purchase_orders,
    receipts,
    repairs,
    restocking,
    sites,
    snapshots,
    transfers,
    vendor_prices,
    vendors,
)
from cloud_hub.web.context import HUB, Hub
from cloud_hub.web.dispatch import handler_of
from cloud_hub.web.docs import add_docs
from cloud_hub.web.openapi import document
from cloud_hub.web.operations import Operation
from cloud_hub.web.probes import add_probes
from cloud_hub.web.server import gate

TABLES = (
    auth.table, sites.table, products.table, inventory.table, adjusting.table, alerts.table, devices.table,
    fleet.table, repairs.table, snapshots.table, transfers.table,
    vendors.table, vendor_prices.table, purchase_orders.table, approval_limits.table,
    receipts.table, restocking.table,
)  # fmt: skip
REQUEST_BYTES_MAX = 2 * 1024 * 1024


def operations() -> list[Operation]:
    """All of them; static paths before `{…}` so that they win."""
    every = [operation for table in TABLES for operation in table.operations]
    return sorted(every, key=lambda operation: (operation.path.count("{"), operation.path, operation.method))


def make_app(hub: Hub, *, version: str, requests_in_flight: int) -> web.Application:
    """The whole HTTP side."""
    app = web.Application(middlewares=[gate(requests_in_flight)], client_max_size=REQUEST_BYTES_MAX)
    app[HUB] = hub
    every = operations()
    for operation in every:
        app.router.add_route(operation.method, operation.route, handler_of(operation))
    add_probes(app)
    add_docs(app, document(every, version))
    return app
