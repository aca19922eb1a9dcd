"""Transfers between any two sites: asked for here, carried out by each end's own writer.

At sites that the hub runs the steps are calls; at a store its people take them at the box,
and shipping from there is a command (202). Either end may be heard of first.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud_hub.domain.permissions import Permission
from cloud_hub.domain.transfers import Step
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.transferring import Asked, Seen, Taken, TransferFilter
from cloud_hub.web.adjusting import OwnLocation
from cloud_hub.web.commands import CommandView, command_view
from cloud_hub.web.fields import Input, PositiveQuantity, QuantityText, QueryFlag, Text, Time, Uuid, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed
from sync_protocol.facts import Fault
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("stock")
StepName = Literal["draft", "cancelled", "dispatched", "received", "refused", "closed_short", "taken_back"]


class Line(Input):
    product_id: Uuid
    quantity: PositiveQuantity


Lines = Annotated[list[Line], Field(min_length=1, max_length=500)]


class NewTransfer(Input):
    from_site: Uuid
    to_site: Uuid
    lines: Lines
    note: Text = ""


class Ship(Input):
    location: OwnLocation = "shelf"
    """Where the goods are taken from, at a site that the hub runs."""


class Receive(Input):
    lines: Lines | None = None
    """What came, as counted; left out: all that is still in transit."""
    location: OwnLocation = "shelf"
    """`hold` for damaged goods."""
    from_site: Uuid | None = None
    """Needed when the goods are here before any word of their dispatch."""
    site_id: Uuid | None = None
    """Then: where they are (left out: your only site, else the default site)."""


class Refuse(Input):
    reason: Text = ""


class CloseShort(Input):
    reason: Annotated[Text, Field(min_length=1)]
    fault: Fault
    """To whom the shortage is attributed."""


class TransferLine(View):
    product_id: str
    requested: QuantityText
    """What head office asked for; 0 for goods that a store sent by itself."""
    dispatched: QuantityText
    taken_back: QuantityText
    received: QuantityText
    short: QuantityText
    """Written off when the transfer was closed short."""
    in_transit: QuantityText
    """Negative while a receipt is seen before its dispatch."""


class TransferView(View):
    id: str
    from_site: str
    to_site: str
    step: StepName
    """The last one that either end told of."""
    is_dispatched: bool
    is_open: bool
    """Something is still to be shipped, received or written off."""
    note: str
    reason: str
    """Why it was refused or closed short, where the hub runs the destination."""
    fault: Fault | None
    """To whom the shortage is attributed."""
    lines: list[TransferLine]
    command: CommandView | None
    """What the source's box was asked."""
    created_by: str | None
    """Null when a store sent the goods by itself."""
    created_at: Time
    updated_at: Time


class Transfers(View):
    items: list[TransferView]
    next_cursor: str | None


class TransfersQuery(PageQuery):
    site_id: Uuid | None = None
    """At either end."""
    from_site: Uuid | None = None
    to_site: Uuid | None = None
    step: StepName | None = None
    is_open: QueryFlag | None = None


_ERRORS = (NotFound, Conflict, Invalid)


@table.add("GET", "/transfers", permission=Permission.STOCK_READ, query=TransfersQuery, answer=Transfers)
async def list_transfers(call: Call[TransfersQuery, None]) -> Answer:
    """Transfers that begin or end at your sites, newest first"""
    query = call.query
    wanted = TransferFilter(
        call.principal.sites_of(query.site_id), query.from_site, query.to_site, query.step, query.is_open
    )
    rows = await call.hub.transferring.list(wanted, query.after(int, UUID), query.skip, query.limit)
    return listed(call, Transfers, rows, lambda row: view_of(Seen(row)), lambda row: (row.created_at, row.id))


@table.add("GET", "/transfers/{transfer_id}", permission=Permission.STOCK_READ, answer=TransferView,
           errors=(NotFound,))  # fmt: skip
async def get_transfer(call: Call[None, None]) -> TransferView:
    """One transfer, with what its source's box was asked"""
    return view_of(await call.hub.transferring.get(call.path["transfer_id"], call.principal))


@table.add("POST", "/transfers", permission=Permission.STOCK_WRITE, body=NewTransfer, answer=TransferView, status=201,
           others={200: TransferView}, errors=_ERRORS, idempotent=True)  # fmt: skip
async def create_transfer(call: Call[None, NewTransfer]) -> Answer:
    """Plan a transfer: a draft, of which nothing moves until it is shipped"""
    body = call.body
    wanted = Asked(body.from_site, body.to_site, _goods(body.lines), body.note)
    seen = await call.hub.transferring.create(wanted, call.key, call.principal, call.now_ms)
    return _answer(seen, status=201)


@table.add("POST", "/transfers/{transfer_id}/ship", permission=Permission.STOCK_WRITE, body=Ship, answer=TransferView,
           others={202: TransferView}, errors=_ERRORS, idempotent=True)  # fmt: skip
async def ship_transfer(call: Call[None, Ship]) -> Answer:
    """Send a draft's goods off; a store's box decides and answers (202)"""
    seen = await call.hub.transferring.ship(
        call.path["transfer_id"], call.body.location, call.key, call.principal, call.now_ms
    )
    return _answer(seen, status=200 if seen.transfer.is_dispatched else 202)


@table.add("POST", "/transfers/{transfer_id}/cancel", permission=Permission.STOCK_WRITE, answer=TransferView,
           errors=_ERRORS)  # fmt: skip
async def cancel_transfer(call: Call[None, None]) -> Answer:
    """Give a draft up"""
    seen = await call.hub.transferring.cancel(call.path["transfer_id"], call.principal, call.now_ms)
    return _answer(seen)


@table.add("POST", "/transfers/{transfer_id}/receive", permission=Permission.STOCK_WRITE, body=Receive,
           answer=TransferView, errors=_ERRORS, idempotent=True)  # fmt: skip
async def receive_transfer(call: Call[None, Receive]) -> Answer:
    """Take goods in at a destination that the hub runs, all or in part; the rest stays in transit"""
    body = call.body
    lines = None if body.lines is None else _goods(body.lines)
    if body.from_site is not None and lines is None:
        raise Invalid("lines", "expected what came, with from_site", pointer="/lines")
    at = None if body.from_site is None else await call.hub.stock.site_for(call.principal, body.site_id)
    taken = Taken(Step.RECEIVED, lines, body.location, from_site=body.from_site)
    seen = await call.hub.transferring.take(
        call.path["transfer_id"], taken, call.key, call.principal, call.now_ms, at=at
    )
    return _answer(seen)


@table.add("POST", "/transfers/{transfer_id}/refuse", permission=Permission.STOCK_WRITE, body=Refuse,
           answer=TransferView, errors=_ERRORS, idempotent=True)  # fmt: skip
async def refuse_transfer(call: Call[None, Refuse]) -> Answer:
    """Refuse the goods at a destination that the hub runs: they stay in transit until the source takes them back"""
    return await _take(call, Taken(Step.REFUSED, reason=call.body.reason))


@table.add("POST", "/transfers/{transfer_id}/close-short", permission=Permission.STOCK_WRITE, body=CloseShort,
           answer=TransferView, errors=_ERRORS, idempotent=True)  # fmt: skip
async def close_transfer_short(call: Call[None, CloseShort]) -> Answer:
    """Write off what did not come, at a destination that the hub runs, and say whose fault it was"""
    return await _take(call, Taken(Step.CLOSED_SHORT, reason=call.body.reason, fault=call.body.fault))


@table.add("POST", "/transfers/{transfer_id}/take-back", permission=Permission.STOCK_WRITE, body=Ship,
           answer=TransferView, errors=_ERRORS, idempotent=True)  # fmt: skip
async def take_transfer_back(call: Call[None, Ship]) -> Answer:
    """Take refused goods back at a source that the hub runs"""
    return await _take(call, Taken(Step.TAKEN_BACK, location=call.body.location))


async def _take(call: Call[None, Refuse] | Call[None, CloseShort] | Call[None, Ship], taken: Taken) -> Answer:
    transfer_id = call.path["transfer_id"]
    return _answer(await call.hub.transferring.take(transfer_id, taken, call.key, call.principal, call.now_ms))


def _goods(lines: list[Line]) -> list[tuple[str, int]]:
    return [(line.product_id, parse_quantity(line.quantity)) for line in lines]


def _answer(seen: Seen, status: int = 200) -> Answer:
    headers = {"Location": f"{PREFIX}/transfers/{seen.transfer.id}"}
    if seen.is_replayed:
        headers["Idempotency-Replayed"] = "true"
    return Answer(view=view_of(seen), status=200 if seen.is_replayed and status == 201 else status, headers=headers)


def view_of(seen: Seen) -> TransferView:
    """A transfer as the API shows it."""
    transfer = seen.transfer
    lines = [
        TransferLine(
            product_id=line.product_id, in_transit=format_quantity(line.in_transit),
            **{
                name: format_quantity(getattr(line, name))
                for name in ("requested", "dispatched", "taken_back", "received", "short")
            },
        )
        for line in transfer.lines
    ]  # fmt: skip
    names = ("id", "from_site", "to_site", "step", "is_dispatched", "is_open", "note", "reason", "fault", "created_by")
    return TransferView(
        **{name: getattr(transfer, name) for name in names}, lines=lines,
        command=None if seen.command is None else command_view(seen.command),
        created_at=rfc3339(transfer.created_at), updated_at=rfc3339(transfer.updated_at),
    )  # fmt: skip
