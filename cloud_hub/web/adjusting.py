"""Changing stock: adjustments, increments, decrements, levels set, batches of movements.

A change to a site with a box is a command to that box and answers 202 with its place; a
change to a site that the hub runs is a movement at once. Either is safe to repeat with
the same Idempotency-Key, for ever.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from cloud_hub.domain.jobs import ROWS_AT_ONCE, ROWS_MAX
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, TooMany
from cloud_hub.services.adjusting import Adjustment, require_postable
from cloud_hub.services.large_batches import MOVEMENTS
from cloud_hub.web.commands import CommandView, asked_answer
from cloud_hub.web.fields import Input, Key, NotNegative, Quantity, QuantityText, Seconds, Text, Uuid, View
from cloud_hub.web.fields import PositiveQuantity as Positive
from cloud_hub.web.jobs import BATCH_BYTES_MAX, JobView, accepted
from cloud_hub.web.operations import Answer, Call, Table, replay_headers
from sync_protocol.quantity import format_quantity, parse_quantity

table = Table("stock")

OwnLocation = Literal["shelf", "backroom", "hold"]
AdjustReason = Literal[
    "correction", "damage", "expiry", "theft", "receipt", "return", "sale", "supplier_return", "opening"
]  # fmt: skip
PostReason = Literal[
    "sale", "return", "receipt", "supplier_return", "damage", "expiry", "theft", "correction", "opening", "relocation"
]  # fmt: skip
Place = Literal["shelf", "backroom", "hold", "supplier", "customer", "shrinkage", "adjustment"]


class Adjust(Input):
    product_id: Uuid
    site_id: Uuid | None = None
    """Left out: your only site, else the default site."""
    delta: Quantity | None = None
    quantity: Quantity | None = None
    """Another name of `delta`."""
    set_to: Quantity | None = None
    """Either `delta`, or the quantity that the location shall hold."""
    location: OwnLocation = "shelf"
    reason: AdjustReason | Annotated[Text, Field(min_length=1)]
    """Any other text is a correction with that text as its note."""
    note: Text | None = None
    expected_quantity: Quantity | None = None
    """Refuse when what is available is another quantity."""
    expires_in_s: Seconds | None = None


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
    movements: Annotated[list[NewMovement], Field(min_length=1, max_length=ROWS_MAX)]
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


class Change(Input):
    product_id: Uuid
    quantity: Positive
    site_id: Uuid | None = None
    """Left out: your only site, else the default site."""
    location: OwnLocation = "shelf"
    note: Text | None = None


class Increment(Change):
    reason: Literal["correction", "receipt", "return", "opening"] = "correction"


class Decrement(Change):
    reason: Literal["correction", "sale", "damage", "expiry", "theft", "supplier_return"] = "correction"


class SetLevel(Input):
    quantity: NotNegative
    """What the location holds, as somebody counted it."""
    site_id: Uuid | None = None
    """Left out: your only site, else the default site."""
    location: OwnLocation = "shelf"
    note: Text | None = None
    expected_quantity: Quantity | None = None
    """Refuse when what is available is another quantity."""


_CHANGED: dict[str, Any] = {
    "permission": Permission.STOCK_WRITE, "answer": Adjusted, "status": 201,
    "others": {200: Adjusted, 202: CommandView}, "errors": (NotFound, Conflict, Invalid), "idempotent": True,
}  # fmt: skip
"""What all changes of one product's stock answer."""


@table.add("POST", "/inventory/adjust", body=Adjust, **_CHANGED)
async def adjust_inventory(call: Call[None, Adjust]) -> Answer:
    """Change the stock of one product; a store's box decides and answers (202), a hub-run site changes at once"""
    body = call.body
    if [body.delta, body.quantity, body.set_to].count(None) != 2 or 0 in (body.delta, body.quantity):
        raise Conflict("delta_or_set_to", "expected either a delta that is not zero, or set_to")
    is_reason = body.reason in get_args(AdjustReason)
    asked = Adjustment(
        product_id=body.product_id,
        delta=_parsed(body.quantity if body.delta is None else body.delta),
        set_to=_parsed(body.set_to),
        location=body.location,
        reason=body.reason if is_reason else "correction",
        note=body.note if is_reason else " ".join(filter(None, (body.reason, body.note))),
        expected_quantity=_parsed(body.expected_quantity),
        expires_at=None if body.expires_in_s is None else call.now_ms + body.expires_in_s * 1000,
    )
    return await _adjust(call, body.site_id, asked)


@table.add("POST", "/inventory/increment", body=Increment, **_CHANGED)
async def increment_inventory(call: Call[None, Increment]) -> Answer:
    """Add units of one product; a store's box decides and answers (202), a hub-run site changes at once"""
    return await _change(call, +1)


@table.add("POST", "/inventory/decrement", body=Decrement, **_CHANGED)
async def decrement_inventory(call: Call[None, Decrement]) -> Answer:
    """Take units of one product away, never below zero unless its policy allows that (409 insufficient_stock)"""
    return await _change(call, -1)


@table.add("PUT", "/inventory/products/{product_id}", body=SetLevel, **_CHANGED)
async def set_level(call: Call[None, SetLevel]) -> Answer:
    """Say what a location holds: the difference is posted as a correction, compared and set in one step"""
    body = call.body
    asked = Adjustment(
        product_id=call.path["product_id"], set_to=parse_quantity(body.quantity), location=body.location,
        note=body.note, expected_quantity=_parsed(body.expected_quantity),
    )  # fmt: skip
    return await _adjust(call, body.site_id, asked)


@table.add("POST", "/inventory/movements", permission=Permission.STOCK_WRITE, body=MovementBatch, answer=BatchResult,
           status=201, others={200: BatchResult, 202: JobView}, errors=(NotFound, Conflict, Invalid, TooMany),
           idempotent=True, body_bytes_max=BATCH_BYTES_MAX)  # fmt: skip
async def post_movements(call: Call[None, MovementBatch]) -> Answer:
    """Post movements to a site that the hub runs: up to 500 at once, up to 10,000 by a job (202)"""
    site = await call.hub.stock.site_for(call.principal, call.body.site_id)
    rows = [
        {**row, "quantity": parse_quantity(row["quantity"])}
        for row in (movement.model_dump() for movement in call.body.movements)
    ]
    all_or_none = call.body.error_policy == "reject_all"
    if len(rows) > ROWS_AT_ONCE:
        require_postable(site, rows)
        job, is_replayed = await call.hub.large_batches.ask(
            MOVEMENTS, rows, {"site_id": site.id}, call.key, call.principal, call.now_ms, all_or_none=all_or_none
        )
        return accepted(job, replayed=is_replayed)
    posted = await call.hub.adjusting.post(site, rows, call.key, call.principal, call.now_ms, all_or_none=all_or_none)
    results = [RowResult(index=index, **row._asdict()) for index, row in enumerate(posted.rows)]
    taken = sum(row.movement_id is not None for row in results)
    view = BatchResult(site_id=site.id, accepted=taken, results=results)
    return Answer(view=view, status=200 if posted.is_replayed else 201, headers=replay_headers(posted.is_replayed))


async def _change(call: Call[None, Any], sign: int) -> Answer:
    body: Increment | Decrement = call.body
    asked = Adjustment(
        product_id=body.product_id, delta=sign * parse_quantity(body.quantity), location=body.location,
        reason=body.reason, note=body.note,
    )  # fmt: skip
    return await _adjust(call, body.site_id, asked)


async def _adjust(call: Call[Any, Any], site_id: str | None, asked: Adjustment) -> Answer:
    """Ask a store's box, or post to a hub-run site."""
    site = await call.hub.stock.site_for(call.principal, site_id)
    if site.kind == "edge":
        return asked_answer(await call.hub.adjusting.ask(site, asked, call.key, call.principal, call.now_ms))
    done = await call.hub.adjusting.adjust(site, asked, call.key, call.principal, call.now_ms)
    view = Adjusted(
        site_id=site.id, movement_id=done.movement_id, position=done.position, quantity=format_quantity(done.quantity)
    )
    made = done.movement_id is not None and not done.replayed
    return Answer(view=view, status=201 if made else 200, headers=replay_headers(done.replayed))


def _parsed(value: Any) -> int | None:
    return None if value is None else parse_quantity(value)
