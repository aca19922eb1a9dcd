"""Reservations: units promised to somebody, which are not available to others meanwhile.

They hold at once at a site that the hub runs; at a store its box decides (202). Those with
a time end by themselves.
"""

from typing import Literal
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.reserving import Promise, Reservation, ReservationFilter
from cloud_hub.web.fields import Input, PositiveQuantity, QuantityText, Seconds, Text, Time, Uuid, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("stock")
State = Literal["pending", "held", "released", "expired", "refused"]


class NewReservation(Input):
    product_id: Uuid
    quantity: PositiveQuantity
    site_id: Uuid | None = None
    """Left out: your only site, else the default site."""
    document: Text = ""
    """For whom or what: an order of a web shop, a customer's name."""
    note: Text = ""
    expires_in_s: Seconds | None = None
    """Left out: until it is released."""


class ReservationView(View):
    id: str
    site_id: str
    product_id: str
    quantity: QuantityText
    state: State
    """`pending`: the store's box has been asked. `refused`: less than that was available there."""
    document: str
    note: str
    created_by: str
    created_at: Time
    expires_at: Time | None
    ended_at: Time | None
    command_id: str | None
    """What the store's box was asked; null at a site that the hub runs."""
    release_id: str | None
    """The command to give the units back, which they are once the box has answered."""


class Reservations(View):
    items: list[ReservationView]
    next_cursor: str | None


class ReservationsQuery(PageQuery):
    site_id: Uuid | None = None
    product_id: Uuid | None = None
    state: State | None = None
    document: Text | None = None


@table.add("GET", "/reservations", permission=Permission.STOCK_READ, query=ReservationsQuery, answer=Reservations)
async def list_reservations(call: Call[ReservationsQuery, None]) -> Answer:
    """Reservations at your sites, newest first"""
    query = call.query
    wanted = ReservationFilter(call.principal.sites_of(query.site_id), query.product_id, query.state, query.document)
    rows = await call.hub.reserving.list(wanted, query.after(int, UUID), query.skip, query.limit)
    return listed(call, Reservations, rows, view_of, lambda row: (row.created_at, row.id))


@table.add("GET", "/reservations/{reservation_id}", permission=Permission.STOCK_READ, answer=ReservationView,
           errors=(NotFound,))  # fmt: skip
async def get_reservation(call: Call[None, None]) -> ReservationView:
    """One reservation"""
    return view_of(await call.hub.reserving.get(call.path["reservation_id"], call.principal))


@table.add("POST", "/reservations", permission=Permission.STOCK_WRITE, body=NewReservation, answer=ReservationView,
           status=201, others={200: ReservationView, 202: ReservationView}, errors=(NotFound, Conflict, Invalid),
           idempotent=True)  # fmt: skip
async def create_reservation(call: Call[None, NewReservation]) -> Answer:
    """Hold units of a product for somebody; a store's box decides and answers (202)"""
    body = call.body
    site = await call.hub.stock.site_for(call.principal, body.site_id)
    expires_at = None if body.expires_in_s is None else call.now_ms + body.expires_in_s * 1000
    wanted = Promise(body.product_id, parse_quantity(body.quantity), body.document, body.note, expires_at)
    made, replayed = await call.hub.reserving.reserve(site, wanted, call.key, call.principal, call.now_ms)
    headers = {"Location": f"{PREFIX}/reservations/{made.id}"} | ({"Idempotency-Replayed": "true"} if replayed else {})
    status = 202 if made.state == "pending" else 200 if replayed else 201
    return Answer(view=view_of(made), status=status, headers=headers)


@table.add("POST", "/reservations/{reservation_id}/release", permission=Permission.STOCK_WRITE, answer=ReservationView,
           others={202: ReservationView}, errors=(NotFound, Conflict))  # fmt: skip
async def release_reservation(call: Call[None, None]) -> Answer:
    """Give the units back; a store's box decides and answers (202)"""
    found = await call.hub.reserving.release(call.path["reservation_id"], call.principal, call.now_ms)
    return Answer(view=view_of(found), status=202 if found.state == "held" else 200)


def view_of(found: Reservation) -> ReservationView:
    """A reservation as the API shows it."""
    names = ("id", "site_id", "product_id", "state", "document", "note", "created_by", "command_id", "release_id")
    return ReservationView(
        **{name: getattr(found, name) for name in names}, quantity=format_quantity(found.quantity),
        **{name: rfc3339(getattr(found, name)) for name in ("created_at", "expires_at", "ended_at")},
    )  # fmt: skip
