"""Transfers between sites, as their two ledgers tell of them."""

from typing import Literal
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.storage.transfers import Transfer
from cloud_hub.web.fields import QuantityText, Time, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery, make_cursor
from cloud_hub.web.products import link
from cloud_hub.web.times import rfc3339
from sync_protocol.quantity import format_quantity

table = Table("stock")


class TransferLine(View):
    product_id: str
    dispatched: QuantityText
    received: QuantityText
    in_transit: QuantityText
    """Negative while a receipt is seen before its dispatch."""


class TransferView(View):
    id: str
    from_site: str
    to_site: str
    step: str
    is_dispatched: bool
    lines: list[TransferLine]
    created_at: Time
    updated_at: Time


class Transfers(View):
    items: list[TransferView]
    next_cursor: str | None


class TransfersQuery(PageQuery):
    site_id: Uuid | None = None
    step: Literal["dispatched", "received", "refused", "closed_short", "taken_back"] | None = None


@table.add("GET", "/transfers", permission=Permission.STOCK_READ, query=TransfersQuery, answer=Transfers)
async def list_transfers(call: Call[TransfersQuery, None]) -> Answer:
    """Transfers that begin or end at your sites, newest first"""
    query = call.query
    sites = call.principal.site_list
    if query.site_id is not None:
        call.principal.require_site(query.site_id)
        sites = [query.site_id]
    rows = await call.hub.stock.transfers(sites, query.step, query.after(int, UUID), query.skip, query.limit)
    cursor = make_cursor((rows[-1].created_at_ms, rows[-1].id)) if len(rows) == query.limit else None
    view = Transfers(items=[view_of(row) for row in rows], next_cursor=cursor)
    return Answer(view=view, headers=link(call, cursor))


def view_of(transfer: Transfer) -> TransferView:
    return TransferView(
        id=transfer.id,
        from_site=transfer.from_site,
        to_site=transfer.to_site,
        step=transfer.step,
        is_dispatched=transfer.is_dispatched,
        lines=[
            TransferLine(
                product_id=line.product_id,
                dispatched=format_quantity(line.dispatched),
                received=format_quantity(line.received),
                in_transit=format_quantity(line.dispatched - line.received),
            )
            for line in transfer.lines
        ],
        created_at=rfc3339(transfer.created_at_ms),
        updated_at=rfc3339(transfer.updated_at_ms),
    )
