"""Stock: levels with their as-of, movements, adjustments, low stock, commands.

A change to a site with a box is a command to that box and answers 202; to a site that the
hub runs it is a movement at once. Each number says as of which position it is, and how
far behind the hub may be.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.stock import Adjustment, LevelFilter, MovementFilter
from cloud_hub.storage.commands import Command
from cloud_hub.web.fields import Input, Key, Quantity, QuantityText, Text, Time, Uuid, View
from cloud_hub.web.fields import PositiveQuantity as Positive
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery, make_cursor
from cloud_hub.web.products import link
from cloud_hub.web.times import rfc3339, to_ms
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("stock")

OwnLocation = Literal["shelf", "backroom", "hold"]
AdjustReason = Literal[
    "correction", "damage", "expiry", "theft", "receipt", "return", "sale", "supplier_return", "opening"
]
PostReason = Literal["sale", "return", "receipt", "supplier_return", "damage", "expiry", "theft", "correction", "opening",
                     "relocation"]  # fmt: skip
Place = Literal["shelf", "backroom", "hold", "supplier", "customer", "shrinkage", "adjustment"]


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or "T" not in value.upper():
            raise ValueError("expected an RFC 3339 time such as 2026-11-21T08:00:00Z")
        return moment
    return value


Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


class AsOf(View):
    """Up to where the hub knows a site's ledger, and how far behind it may be."""

    site_id: str
    origin_id: str | None
    position: int
    last_heard: Time | None
    behind: int | None
    """Records that the box said it still has to send."""
    oldest_unsent: Time | None
    is_live: bool


class Level(View):
    site_id: str
    product_id: str
    sku: str
    name: str
    unit: str
    on_hand: QuantityText
    available: QuantityText
    hold: QuantityText
    pending: QuantityText
    """What commands without an outcome may still take away."""
    locations: dict[str, QuantityText]
    reorder_point: QuantityText
    critical_level: QuantityText
    severity: Literal["ok", "low", "critical", "out"]


class Levels(View):
    items: list[Level]
    next_cursor: str | None
    as_of: list[AsOf]


class LevelsQuery(PageQuery):
    site_id: Uuid | None = None
    product_id: Uuid | None = None
    q: Annotated[Text, Field(min_length=1)] | None = None


class LowQuery(PageQuery):
    site_id: Uuid | None = None


class MovementView(View):
    id: str
    site_id: str
    origin_id: str
    position: int
    product_id: str
    quantity: QuantityText
    from_location: str
    to_location: str
    reason: str
    occurred_at: Time
    corrected_at: Time
    recorded_at: Time
    actor: str | None
    document: str | None
    lot: str | None
    expiry: str | None
    note: str | None
    command_id: str | None


class Movements(View):
    items: list[MovementView]
    next_cursor: str | None


class MovementsQuery(PageQuery):
    site_id: Uuid | None = None
    product_id: Uuid | None = None
    reason: Text | None = None
    since: Moment | None = None
    until: Moment | None = None


class Adjust(Input):
    product_id: Uuid
    site_id: Uuid | None = None
    """Left out: your only site, else the default site."""
    delta: Quantity | None = None
    set_to: Quantity | None = None
    """Either `delta`, or the quantity that the location shall hold."""
    location: OwnLocation = "shelf"
    reason: AdjustReason = "correction"
    note: Text | None = None
    expected_quantity: Quantity | None = None
    """Refuse when what is available is another quantity."""
    expires_in_s: Annotated[int, Field(ge=1, le=30 * 86_400)] | None = None


class NewMovement(Input):
    product_id: Uuid
    quantity: Positive
    from_location: Place
    to_location: Place
    reason: PostReason
    document: Text | None = None
    lot: Text | None = None
    note: Text | None = None
    key: Key | None = None


class MovementBatch(Input):
    site_id: Uuid | None = None
    movements: Annotated[list[NewMovement], Field(min_length=1, max_length=500)]
    error_policy: Literal["reject_all", "reject_failed"] = "reject_all"


class RowResult(View):
    index: int
    movement_id: str | None
    position: int | None
    code: str | None
    detail: str | None


class BatchResult(View):
    site_id: str
    accepted: int
    results: list[RowResult]


class Adjusted(View):
    site_id: str
    movement_id: str | None
    """None: the location already held what `set_to` asks for."""
    position: int | None
    quantity: QuantityText
    """What the location holds now."""


class CommandView(View):
    id: str
    site_id: str
    kind: str
    status: str
    """pending, done, refused, expired or unsupported: only the store decides."""
    body: dict[str, Any]
    key: str
    actor: str | None
    detail: str | None
    movement_id: str | None
    created_at: Time
    expires_at: Time | None
    decided_at: Time | None


@table.add("GET", "/inventory", permission=Permission.STOCK_READ, query=LevelsQuery, answer=Levels)
async def list_inventory(call: Call[LevelsQuery, None]) -> Answer:
    """Stock per site and product, with as-of and what is pending"""
    query = call.query
    wanted = LevelFilter(sites=_sites(call, query.site_id), product_id=query.product_id, q=query.q, only_low=False)
    return await _levels(call, wanted, query)


@table.add("GET", "/inventory/restock-alerts", permission=Permission.STOCK_READ, query=LowQuery, answer=Levels)
async def list_restock_alerts(call: Call[LowQuery, None]) -> Answer:
    """Products whose available stock is at or below the reorder point"""
    wanted = LevelFilter(sites=_sites(call, call.query.site_id), product_id=None, q=None, only_low=True)
    return await _levels(call, wanted, call.query)


@table.add("GET", "/products/low-stock", permission=Permission.STOCK_READ, query=LowQuery, answer=Levels)
async def list_low_stock(call: Call[LowQuery, None]) -> Answer:
    """The same, under the name of the older systems"""
    wanted = LevelFilter(sites=_sites(call, call.query.site_id), product_id=None, q=None, only_low=True)
    return await _levels(call, wanted, call.query)


@table.add("GET", "/inventory/movements", permission=Permission.STOCK_READ, query=MovementsQuery, answer=Movements)
async def list_movements(call: Call[MovementsQuery, None]) -> Answer:
    """Movements, newest first"""
    return await _movements(call, call.query, call.query.product_id)


@table.add("GET", "/inventory/products/{product_id}/history", permission=Permission.STOCK_READ, query=MovementsQuery,
           answer=Movements, errors=(NotFound,))  # fmt: skip
async def product_history(call: Call[MovementsQuery, None]) -> Answer:
    """Movements of one product, newest first"""
    await call.hub.catalogue.get(call.path["product_id"])
    return await _movements(call, call.query, call.path["product_id"])


@table.add("POST", "/inventory/adjust", permission=Permission.STOCK_WRITE, body=Adjust, answer=Adjusted, status=201,
           others={200: Adjusted, 202: CommandView}, errors=(NotFound, Conflict, Invalid), idempotent=True)  # fmt: skip
async def adjust_inventory(call: Call[None, Adjust]) -> Answer:
    """Change the stock of one product; a store's box decides and answers (202), a hub-run site changes at once"""
    body = call.body
    if (body.delta is None) == (body.set_to is None) or body.delta == 0:
        raise Conflict("delta_or_set_to", "expected either a delta that is not zero, or set_to")
    asked = Adjustment(
        product_id=body.product_id,
        delta=_parsed(body.delta),
        set_to=_parsed(body.set_to),
        location=body.location,
        reason=body.reason,
        note=body.note,
        expected_quantity=_parsed(body.expected_quantity),
        expires_at=None if body.expires_in_s is None else call.now_ms + body.expires_in_s * 1000,
    )
    site = await call.hub.stock.site_for(call.principal, body.site_id)
    if site.kind == "edge":
        command, replayed = await call.hub.stock.command_adjust(site, asked, call.key, call.principal, call.now_ms)
        headers = {"Location": f"{PREFIX}/commands/{command.id}", **_replayed(replayed)}
        return Answer(view=command_view(command), status=202, headers=headers)
    done = await call.hub.stock.adjust(site, asked, call.key, call.principal, call.now_ms)
    view = Adjusted(
        site_id=site.id, movement_id=done.movement_id, position=done.position, quantity=format_quantity(done.quantity)
    )
    made = done.movement_id is not None and not done.replayed
    return Answer(view=view, status=201 if made else 200, headers=_replayed(done.replayed))


@table.add("POST", "/inventory/movements", permission=Permission.STOCK_WRITE, body=MovementBatch, answer=BatchResult,
           status=201, others={200: BatchResult}, errors=(NotFound, Conflict, Invalid), idempotent=True,
           body_bytes_max=1_048_576)  # fmt: skip
async def post_movements(call: Call[None, MovementBatch]) -> Answer:
    """Post up to 500 movements to a site that the hub runs"""
    site = await call.hub.stock.site_for(call.principal, call.body.site_id)
    rows = [
        {**row, "quantity": parse_quantity(row["quantity"])}
        for row in (movement.model_dump() for movement in call.body.movements)
    ]
    posted = await call.hub.stock.post(
        site, rows, call.key, call.principal, call.now_ms, all_or_none=call.body.error_policy == "reject_all"
    )
    results = [RowResult(index=index, **row._asdict()) for index, row in enumerate(posted.rows)]
    accepted = sum(row.movement_id is not None for row in results)
    view = BatchResult(site_id=site.id, accepted=accepted, results=results)
    return Answer(view=view, status=200 if posted.replayed else 201, headers=_replayed(posted.replayed))


@table.add("GET", "/commands/{command_id}", permission=Permission.STOCK_READ, answer=CommandView, errors=(NotFound,))
async def get_command(call: Call[None, None]) -> CommandView:
    """What became of a command to a store"""
    command = await call.hub.stock.command(call.path["command_id"])
    call.principal.require_site(command.site_id)
    return command_view(command)


def _sites(call: Call[Any, Any], site_id: str | None) -> list[str] | None:
    """The sites that a list covers: the one asked for, else all that the caller may see."""
    if site_id is None:
        return call.principal.site_list
    call.principal.require_site(site_id)
    return [site_id]


async def _levels(call: Call[Any, None], wanted: LevelFilter, query: PageQuery) -> Answer:
    found = await call.hub.stock.levels(wanted, query.after(str, str), query.skip, query.limit, call.now_ms)
    rows = found.rows
    cursor = make_cursor((rows[-1].site_id, rows[-1].product_id)) if len(rows) == query.limit else None
    items = [
        Level(
            site_id=row.site_id,
            product_id=row.product_id,
            sku=row.sku,
            name=row.name,
            unit=row.unit,
            on_hand=format_quantity(row.on_hand),
            available=format_quantity(row.available),
            hold=format_quantity(row.hold),
            pending=format_quantity(row.pending),
            locations={place: format_quantity(quantity) for place, quantity in row.locations.items()},
            reorder_point=format_quantity(row.reorder_point),
            critical_level=format_quantity(row.critical_level),
            severity=row.severity,
        )
        for row in rows
    ]
    as_of = [
        AsOf(
            site_id=each.site_id,
            origin_id=each.origin_id,
            position=each.position,
            last_heard=rfc3339(each.last_heard_ms),
            behind=each.behind,
            oldest_unsent=rfc3339(each.oldest_unsent_ms),
            is_live=each.is_live,
        )
        for each in found.as_of
    ]
    return Answer(view=Levels(items=items, next_cursor=cursor, as_of=as_of), headers=link(call, cursor))


async def _movements(call: Call[Any, None], query: MovementsQuery, product_id: str | None) -> Answer:
    wanted = MovementFilter(
        sites=_sites(call, query.site_id),
        product_id=product_id,
        reason=query.reason,
        since_ms=None if query.since is None else to_ms(query.since),
        until_ms=None if query.until is None else to_ms(query.until),
    )
    rows = await call.hub.stock.movements(wanted, query.after(int, str, str, int), query.skip, query.limit)
    cursor = make_cursor(rows[-1].sort_key) if len(rows) == query.limit else None
    items = [
        MovementView(
            id=row.movement_id, site_id=row.site_id, origin_id=row.origin_id, position=row.position,
            product_id=row.product_id, quantity=format_quantity(row.quantity), from_location=row.from_location,
            to_location=row.to_location, reason=row.reason, occurred_at=rfc3339(row.occurred_at_ms),
            corrected_at=rfc3339(row.corrected_at_ms), recorded_at=rfc3339(row.recorded_at_ms), actor=row.actor,
            document=row.document, lot=row.lot, expiry=row.expiry, note=row.note, command_id=row.command_id,
        )
        for row in rows
    ]  # fmt: skip
    return Answer(view=Movements(items=items, next_cursor=cursor), headers=link(call, cursor))


def command_view(command: Command) -> CommandView:
    """A command as the API shows it."""
    return CommandView(
        id=command.id, site_id=command.site_id, kind=command.kind, status=command.status, body=command.body,
        key=command.key, actor=command.actor, detail=command.detail, movement_id=command.movement_id,
        created_at=rfc3339(command.created_at_ms), expires_at=rfc3339(command.expires_at_ms),
        decided_at=rfc3339(command.decided_at_ms),
    )  # fmt: skip


def _parsed(value: Any) -> int | None:
    return None if value is None else parse_quantity(value)


def _replayed(replayed: bool) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if replayed else {}
