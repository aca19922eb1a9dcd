"""SQL of purchase orders, with their lines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.domain.arrivals import Arrived
from cloud_hub.domain.purchasing import Line, order_number, total
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import purchase_order_lines, purchase_orders, sites, vendors
from cloud_hub.storage.versions import EPOCH, Versioned, first_version, next_version
from sync_protocol import changes as wire

LINES_TOLD = 100
"""In one record of a feed, which holds 16 kB."""
_TEXTS = ("number", "state", "currency", "note", "reference", "expected_on", "created_by", "approved_by")
_TIMES = ("created_at", "approved_at", "sent_at", "acknowledged_at", "received_at", "closed_at", "updated_at")
_CHANGING = (
    "state", "note", "reference", "expected_on", "approved_by", "approved_at", "sent_at", "acknowledged_at",
    "received_at", "closed_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Versioned):
    """What a site ordered from a vendor."""

    id: str
    site_id: str
    vendor_id: str
    vendor_name: str
    number: str
    state: str
    currency: str
    note: str
    reference: str
    expected_on: date | None
    created_by: str
    approved_by: str | None
    created_at: int
    approved_at: int | None
    sent_at: int | None
    acknowledged_at: int | None
    received_at: int | None
    closed_at: int | None
    updated_at: int
    version: tuple[int, int]
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        return total(self.lines, self.currency)

    def price_of(self, product_id: str) -> Decimal | None:
        """What a unit of the product was ordered for, if it was."""
        return next((line.unit_price for line in self.lines if line.product_id == product_id), None)


def feed_bodies(order: Order) -> list[wire.Order]:
    """What the site's store has to know of it, in as many records as its lines take."""
    told = [(line.product_id, line.quantity, line.received) for line in order.lines]
    return [
        wire.Order(
            order_id=order.id, version=order.version, number=order.number, state=order.state, vendor=order.vendor_name,
            expected_on=None if order.expected_on is None else order.expected_on.isoformat(),
            lines=told[start : start + LINES_TOLD],
        )
        for start in range(0, max(len(told), 1), LINES_TOLD)
    ]  # fmt: skip


class OrderFilter(NamedTuple):
    """Which orders a list wants; None: all."""

    sites: list[str] | None
    state: str | None = None
    vendor_id: str | None = None
    number: str | None = None


_ORDERS = purchase_orders.c
_LINES = purchase_order_lines.c
_ID = bound(_ORDERS.id)
_SITES = sa.bindparam("sites", type_=ARRAY(sa.Uuid))
_SELECT = sa.select(purchase_orders, vendors.c.name.label("vendor_name")).join_from(
    purchase_orders, vendors, vendors.c.id == _ORDERS.vendor_id
)
_ONE = _SELECT.join(sites, sites.c.id == _ORDERS.site_id).where(_ORDERS.id == _ID)
"""By site, as every key of a large table begins with it."""
_FIND = Query(_ONE)
_LOCK = Query(_ONE.with_for_update(of=purchase_orders))
_LOCK_BY_NUMBER = Query(
    _SELECT.where(_ORDERS.site_id == bound(_ORDERS.site_id), _ORDERS.number == bound(_ORDERS.number)).with_for_update(
        of=purchase_orders
    )
)
_LIST = Query(
    newest_first(
        _SELECT.where(of_sites(_ORDERS.site_id), equals(_ORDERS.state, _ORDERS.vendor_id, _ORDERS.number)),
        _ORDERS.created_at,
        _ORDERS.id,
    )
)
_LINES_OF = Query(
    sa.select(purchase_order_lines)
    .where(
        _LINES.site_id == sa.any_(_SITES),
        _LINES.order_id == sa.any_(bound_array(_LINES.order_id, "orders")),
    )
    .order_by(_LINES.order_id, _LINES.line)
)
_NEXT_SERIAL = Query(
    sa.select(sa.func.coalesce(sa.func.max(_ORDERS.serial), 0) + 1, EPOCH).where(
        _ORDERS.site_id == bound(_ORDERS.site_id)
    )
)
_INSERT = Query(
    purchase_orders.insert().values(
        given(
            purchase_orders, "site_id", "id", "serial", "number", "vendor_id", "state", "currency", "note",
            "expected_on", "created_by",
        )
        | first_version()
    )
)  # fmt: skip
_UPDATE = Query(
    purchase_orders.update()
    .where(_ORDERS.site_id == bound(_ORDERS.site_id), _ORDERS.id == _ID)
    .values(given(purchase_orders, *_CHANGING) | next_version(purchase_orders))
)
_LINE_NAMES = ("site_id", "order_id", "product_id", "line", "quantity", "unit_price")
_INSERT_LINE = Query(purchase_order_lines.insert().values(given(purchase_order_lines, *_LINE_NAMES)))
_DELETE_LINES = Query(
    purchase_order_lines.delete().where(
        _LINES.site_id == bound(_LINES.site_id), _LINES.order_id == bound(_LINES.order_id)
    )
)
_RECEIVE = Query(
    purchase_order_lines.update()
    .where(
        _LINES.site_id == bound(_LINES.site_id),
        _LINES.order_id == bound(_LINES.order_id),
        _LINES.product_id == bound(_LINES.product_id),
    )
    .values(
        received=_LINES.received + sa.bindparam("more_received", type_=sa.BigInteger),
        damaged=_LINES.damaged + sa.bindparam("more_damaged", type_=sa.BigInteger),
        first_received_at=sa.func.least(_LINES.first_received_at, sa.bindparam("at", type_=sa.BigInteger)),
    )
)


async def find(connection: Connection, order_id: str) -> Order | None:
    return await _one(connection, await _FIND.fetchrow(connection, id=order_id))


async def lock(connection: Connection, order_id: str) -> Order | None:
    """The order, which nobody else changes until this transaction ends."""
    return await _one(connection, await _LOCK.fetchrow(connection, id=order_id))


async def lock_by_number(connection: Connection, site_id: str, number: str) -> Order | None:
    """The same, as its papers name it."""
    return await _one(connection, await _LOCK_BY_NUMBER.fetchrow(connection, site_id=site_id, number=number))


async def list_newest(
    connection: Connection, wanted: OrderFilter, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Order]:
    """Orders, newest first."""
    return await _made(connection, await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit)))


async def insert(
    connection: Connection, order_id: str, fields: Mapping[str, Any], lines: Sequence[Line], now_ms: int
) -> Order:
    """Add an order with the next number of its site, whose row is locked."""
    found: Any = await _NEXT_SERIAL.fetchrow(connection, site_id=fields["site_id"])
    serial, epoch = found
    await _INSERT.execute(
        connection, id=order_id, serial=serial, number=order_number(serial, epoch), now=now_ms, **fields
    )
    await _insert_lines(connection, fields["site_id"], order_id, lines)
    return await _required(connection, order_id)


async def update(
    connection: Connection, known: Order, fields: Mapping[str, Any], now_ms: int, *, lines: Sequence[Line] | None = None
) -> Order:
    """Change the given fields of a locked order, and its lines when they are given; its next version."""
    values = {name: fields.get(name, getattr(known, name)) for name in _CHANGING}
    await _UPDATE.execute(connection, site_id=known.site_id, id=known.id, now=now_ms, **values)
    if lines is not None:
        await _DELETE_LINES.execute(connection, site_id=known.site_id, order_id=known.id)
        await _insert_lines(connection, known.site_id, known.id, lines)
    return await _required(connection, known.id)


async def receive(connection: Connection, known: Order, came: Mapping[str, Arrived], now_ms: int) -> tuple[Line, ...]:
    """Add what came, per product, to a locked order's lines; the lines as they are then.

    Goods came neither before the order was sent nor after now, whatever a clock said.
    """
    rows = [
        {"site_id": known.site_id, "order_id": known.id, "product_id": product_id, "more_received": each.received,
         "more_damaged": each.damaged,
         "at": max(known.sent_at or 0, min(now_ms, int(each.first_at.timestamp() * 1000)))}
        for product_id, each in came.items()
    ]  # fmt: skip
    await _RECEIVE.each(connection, rows)
    return (await _required(connection, known.id)).lines


async def _insert_lines(connection: Connection, site_id: str, order_id: str, lines: Sequence[Line]) -> None:
    rows = [
        {"site_id": site_id, "order_id": order_id, "product_id": line.product_id, "line": number,
         "quantity": line.quantity, "unit_price": line.unit_price}
        for number, line in enumerate(lines)
    ]  # fmt: skip
    await _INSERT_LINE.each(connection, rows)


async def _required(connection: Connection, order_id: str) -> Order:
    order = await find(connection, order_id)
    assert order is not None
    return order


async def _one(connection: Connection, row: Row | None) -> Order | None:
    return None if row is None else (await _made(connection, [row]))[0]


async def _made(connection: Connection, rows: Sequence[Row]) -> list[Order]:
    """Orders with their lines (a JSON aggregate would make floats of the prices)."""
    lines: dict[Any, list[Line]] = defaultdict(list)
    where = {"sites": list({row["site_id"] for row in rows}), "orders": [row["id"] for row in rows]}
    for row in await _LINES_OF.fetch(connection, **where) if rows else ():
        lines[row["order_id"]].append(
            Line(
                product_id=str(row["product_id"]), quantity=row["quantity"], unit_price=row["unit_price"],
                received=row["received"], damaged=row["damaged"],
            )
        )  # fmt: skip
    return [
        Order(
            id=str(row["id"]),
            site_id=str(row["site_id"]),
            vendor_id=str(row["vendor_id"]),
            vendor_name=row["vendor_name"],
            **{name: row[name] for name in (*_TEXTS, *_TIMES)},
            version=(row["version_epoch"], row["version"]),
            lines=tuple(lines[row["id"]]),
        )
        for row in rows
    ]
