"""The aiohttp application: every table of operations, the probes, the public keys and the docs pages."""

from collections.abc import Callable, Mapping
from functools import cache, partial

import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_hub.web import (
    adjusting,
    alert_settings,
    alerts,
    analytics,
    api_keys,
    approval_limits,
    assortment,
    audit,
    auth,
    barcodes,
    box_access,
    categories,
    changes,
    commands,
    devices,
    event_stream,
    fleet,
    imports,
    inventory,
    jobs,
    me,
    movement_report,
    product_batches,
    product_list,
    products,
    purchase_orders,
    receipts,
    repairs,
    reservations,
    restocking,
    sales,
    sales_report,
    sites,
    snapshots,
    stock_reports,
    stocktakes,
    store_rules,
    tasks,
    transfers,
    users,
    vendor_prices,
    vendors,
    webhooks,
)
from cloud_hub.web.aliases import add_aliases
from cloud_hub.web.browsers import cors, preflight
from cloud_hub.web.context import HUB, Hub
from cloud_hub.web.dispatch import handler_of
from cloud_hub.web.openapi import document
from cloud_hub.web.operations import Operation
from cloud_hub.web.probes import add_probes
from cloud_hub.web.server import complete, gate
from cloud_hub.web.turns import TURNS, Turns
from cloud_hub.web.well_known import add_well_known
from published_api.pages import REDOC, SWAGGER, add_pages

TABLES = (
    auth.table, me.table, users.table, box_access.table, api_keys.table, sites.table, products.table,
    product_list.table, product_batches.table,
    barcodes.table, categories.table, assortment.table,
    inventory.table,
    adjusting.table, commands.table, alerts.table, devices.table, fleet.table, repairs.table, snapshots.table,
    transfers.table, vendors.table, vendor_prices.table, purchase_orders.table, approval_limits.table,
    receipts.table, restocking.table, reservations.table, changes.table, event_stream.table,
    webhooks.table, alert_settings.table, store_rules.table,
    jobs.table, imports.table, audit.table, sales.table, sales_report.table,
    stock_reports.table, movement_report.table, analytics.table, stocktakes.table, tasks.table,
)  # fmt: skip
REQUEST_BYTES_MAX = 2 * 1024 * 1024


def operations() -> list[Operation]:
    """All of them; static paths before `{…}` so that they win."""
    every = [operation for table in TABLES for operation in table.operations]
    return sorted(every, key=lambda operation: (operation.path.count("{"), operation.path, operation.method))


@cache
def published(version: str) -> bytes:
    """The API document: half a second's work for who asks first, and the same for every app of a process."""
    return orjson.dumps(document(operations(), version))


def make_app(
    hub: Hub, *, version: str, requests_in_flight: int, token_keys: Callable[[], Mapping[str, Ed25519PublicKey]]
) -> web.Application:
    """The whole HTTP side."""
    middlewares = [preflight] if hub.cors_origins else []
    app = web.Application(middlewares=[*middlewares, gate(requests_in_flight)], client_max_size=REQUEST_BYTES_MAX)
    app.on_response_prepare.append(complete)
    if hub.cors_origins:
        app.on_response_prepare.append(cors)
    app[HUB], app[TURNS] = hub, Turns()
    every = operations()
    for operation in every:
        app.router.add_route(operation.method, operation.route, handler_of(operation))
    add_aliases(app, every)
    add_probes(app)
    add_well_known(app, token_keys)
    app.router.add_get("/", _to_docs)
    add_pages(app, "Backstock API", partial(published, version), SWAGGER, REDOC)
    return app


async def _to_docs(_: web.Request) -> web.Response:
    """Who types the bare address is a person."""
    return web.Response(status=302, headers={"Location": SWAGGER.path})
