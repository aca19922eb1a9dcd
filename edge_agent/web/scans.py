"""POST /scans: a scan that acts, by mode; and the barcode calls, which only resolve or link."""

import base64
import binascii
import sqlite3
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, ValidationInfo, field_validator

from edge_agent.domain.people import STOCK_READ, Caller
from edge_agent.errors import Invalid
from edge_agent.services import handhelds, proposing, reading, scanning, undoing
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.scanning import Mode, Outcome, ScanCommand
from edge_agent.storage import history, timeline
from edge_agent.web import render
from edge_agent.web.body import Body, Key, NotNegative, Position, Positive, Text, Whole, either, key_of
from edge_agent.web.context import actor_of, answer, caller_of, kept, now_ms, store_of, ticks_ms
from edge_agent.web.operations import Table
from edge_agent.web.products import new_code
from edge_agent.web.views.goods import LinkedView, LookUpView, ScanView, Undone
from scanner_drivers.scan import RawScan

TABLE = Table("scans")
Code = Annotated[str, Field(min_length=1, max_length=reading.CODE_BYTES_MAX)]


class Handheld(Body):
    """When a handheld's event happened, by its own counter and monotonic clock."""

    device: Key
    counter: Position
    seen_position: Position
    elapsed_ms: Annotated[int, Field(ge=0, lt=2**40), Whole] | None = None
    until_position: Position | None = None
    occurred_at_ms: Annotated[int, Field(ge=0, lt=2**50), Whole] | None = None

    def as_told(self) -> handhelds.Handheld:
        return handhelds.Handheld(
            self.device, self.counter, self.seen_position, self.elapsed_ms, self.until_position,
            self.occurred_at_ms,
        )  # fmt: skip


class ScanBody(Body):
    """One scan; `code` as text, or the device's bytes."""

    raw_base64: Annotated[str, Field(min_length=1, max_length=2 * reading.CODE_BYTES_MAX)] | None = None
    code: Annotated[Code | None, either("raw_base64"), Field(validate_default=True)] = None
    mode: Mode
    quantity: NotNegative | None = None
    location: Literal["shelf", "backroom", "hold"] = "shelf"
    document: Text | None = None
    device: Key | None = None
    handheld: Handheld | None = None

    @field_validator("quantity")
    @classmethod
    def _of_something(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value == 0 and info.data.get("mode") is not Mode.COUNT:
            raise ValueError("expected more than 0")
        return value


class UndoBody(Body):
    """Which scan was a mistake: a movement, or the last one of a device."""

    position: Position | None = None
    """Of its movement, as the scan's answer told it."""
    device: Key | None = None
    """Left out: the caller."""


class CodeBody(Body):
    code: Code


class LinkBody(Body):
    code: Annotated[str, Field(max_length=90, pattern=r"^[!-~]([ -~]*[!-~])?$")]
    product_id: Key
    pack_quantity: Positive = 1000


@TABLE.add("POST", "/scans", answer=ScanView, status=201, others={200: ScanView}, keyed=True, approvable=True)
async def post_scan(request: web.Request, body: ScanBody) -> web.Response:
    """Act on a scan; 201 after the commit."""
    raw = reading.raw_of(_bytes_of(body), body.device or actor_of(request), now_ms())
    outcome, found = await store_of(request).database.write(
        _record, body, raw, caller_of(request), key_of(request), _exchange(request, body)
    )
    if outcome is not None:
        store_of(request).desk.tell(outcome, raw, body.mode)
        if outcome.problem is not None:
            raise outcome.problem
    return kept(found, 200 if body.mode is Mode.LOOKUP else 201)


@TABLE.add("POST", "/scans/undo", answer=Undone, status=201)
async def post_undo(request: web.Request, body: UndoBody) -> web.Response:
    """Take a scan back: a movement the other way, once however often it is asked for."""
    return kept(await store_of(request).database.write(_undo, body, caller_of(request)))


@TABLE.add("POST", "/barcode/scan", access=STOCK_READ, answer=LookUpView)
async def post_barcode_scan(request: web.Request, body: CodeBody) -> web.Response:
    """What a code stands for, with lot, expiry and amount; nothing moves."""
    raw = reading.raw_of(_encoded(body.code), actor_of(request), now_ms())
    return answer(await store_of(request).database.read(_resolve, raw, now_ms()))


@TABLE.add("GET", "/barcode/lookup/{code}", answer=LookUpView)
async def get_lookup(request: web.Request) -> web.Response:
    """The same by path."""
    raw = reading.raw_of(_encoded(request.match_info["code"]), actor_of(request), now_ms())
    return answer(await store_of(request).database.read(_resolve, raw, now_ms()))


@TABLE.add("POST", "/barcode/link", answer=LinkedView, status=201)
async def post_link(request: web.Request, body: LinkBody) -> web.Response:
    """Link a code to a product here and propose it to head office."""
    code = new_code(body.code, "/code")
    made = await store_of(request).database.write(
        proposing.link_barcode, code, body.product_id, body.pack_quantity, actor_of(request), now_ms()
    )
    return answer({"code": code, "product": render.product(made.product), "position": made.position}, 201)


Exchange = tuple[str, int, int]
"""Device, boot, ticks: a handheld spoke to us."""


def _record(
    connection: sqlite3.Connection, body: ScanBody, raw: RawScan, caller: Caller, key: str | None,
    exchange: Exchange | None,
) -> tuple[Outcome | None, Kept]:  # fmt: skip
    """The outcome of a scan that is done now, None for a replay; and the answer."""
    done: list[Outcome] = []

    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        now = now_ms()
        command = ScanCommand(
            scan=reading.read(connection, raw, now), mode=body.mode, packs=body.quantity, location=body.location,
            document=body.document, actor=caller.name, key=key, caller=caller,
            handheld=None if body.handheld is None else body.handheld.as_told(),
        )  # fmt: skip
        done.append(scanning.record_scan(connection, command, now))
        return render.outcome(done[0]), done[0].position or 0

    if exchange is not None:
        device, boot, ticks = exchange
        timeline.note_exchange(connection, device, boot, ticks, now_ms())
    asked = b"" if key is None else fingerprint(body.model_dump(mode="json"), raw.raw.hex())
    found = once(connection, key, asked, act, is_done=lambda _: done[0].problem is None)
    return (done[0] if done else None), found


def _undo(connection: sqlite3.Connection, body: UndoBody, caller: Caller) -> Kept:
    position = body.position or undoing.last_of(connection, body.device or caller.name)
    line = history.movement_at(connection, position)

    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        done = undoing.undo(connection, position, caller, now_ms())
        shown = render.posted(done.posted) | {"undone": render.movement(done.line)}
        return shown | {"product_id": done.line.product_id}, done.posted.head

    key = None if line is None else undoing.key_of(line.movement_id)
    return once(connection, key, fingerprint("undo", position), act)


def _exchange(request: web.Request, body: ScanBody) -> Exchange | None:
    if body.handheld is None:
        return None
    return body.handheld.device, store_of(request).boot, ticks_ms()


def _resolve(connection: sqlite3.Connection, raw: RawScan, now: int) -> render.Json:
    scan = reading.read(connection, raw, now)
    command = ScanCommand(scan=scan, mode=Mode.LOOKUP)
    found = scanning.look_up(connection, command, now)
    return render.outcome(found) | {
        "gtin": scan.gtin, "symbology": scan.symbology, "serial": scan.serial, "flags": sorted(scan.flags),
    }  # fmt: skip


def _bytes_of(body: ScanBody) -> bytes:
    if body.raw_base64 is None:
        return _encoded(body.code or "")
    try:
        return base64.b64decode(body.raw_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("raw_base64", f"expected base64: {error}", pointer="/raw_base64") from error


def _encoded(code: str) -> bytes:
    try:
        return code.encode()
    except UnicodeEncodeError as error:
        raise Invalid("code", "expected Unicode text", pointer="/code") from error
