"""Transfers between sites, both ends of them, with or without a connection."""

import sqlite3
from typing import Annotated

from aiohttp import web
from pydantic import Field

from edge_agent.errors import Invalid, NotFound
from edge_agent.services import transferring
from edge_agent.services.counting import product_of
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.transferring import Step, Wanted, Why
from edge_agent.storage import catalogue, identity, transfers
from edge_agent.storage.transfers import Transfer
from edge_agent.web import render
from edge_agent.web.body import Body, Key, Positive, Text, key_of
from edge_agent.web.context import actor_of, answer, kept, now_ms, store_of
from edge_agent.web.operations import Table
from edge_agent.web.views.values import Items
from edge_agent.web.views.work import SiteView, TransferSheet, TransferView
from sync_protocol.facts import Fault

TABLE = Table("transfers")

_STEPS: dict[str, Step] = {
    "receive": "received", "refuse": "refused", "close-short": "closed_short", "take-back": "taken_back",
}  # fmt: skip


class SentLine(Body):
    product_id: Key
    quantity: Positive


Lines = Annotated[tuple[SentLine, ...], Field(max_length=500)]


class DispatchBody(Body):
    to_site: Key
    """Its id or code."""
    lines: Lines = ()


class StepBody(Body):
    lines: Lines | None = None
    """What was received; everything that is left when it is missing."""
    from_site: Key | None = None
    """Needed when the goods are here before the notice of their dispatch."""
    reason: Text = ""
    """Why, when it is refused or closed short."""
    fault: Fault | None = None
    """To whom a shortage is attributed when it is closed short; left out: unknown."""


@TABLE.add("GET", "/sites", answer=Items[SiteView])
async def get_sites(request: web.Request) -> web.Response:
    """The other sites of the chain, to which goods can go."""
    return answer(await store_of(request).database.read(_sites))


@TABLE.add("GET", "/transfers", answer=Items[TransferView])
async def get_transfers(request: web.Request) -> web.Response:
    """Transfers that this store sends or gets, the newest first."""
    return answer(await store_of(request).database.read(_list))


@TABLE.add("GET", "/transfers/{id}", answer=TransferSheet)
async def get_transfer(request: web.Request) -> web.Response:
    """One transfer with its lines."""
    return answer(await store_of(request).database.read(_one, request.match_info["id"]))


@TABLE.add("POST", "/transfers", answer=TransferSheet, status=201, keyed=True)
async def post_transfer(request: web.Request, body: DispatchBody) -> web.Response:
    """Dispatch goods to another site."""
    return kept(await store_of(request).database.write(_dispatch, body, actor_of(request), key_of(request)))


@TABLE.add("POST", "/transfers/{id}/{step}", answer=TransferSheet, status=201, keyed=True)
async def post_step(request: web.Request, body: StepBody) -> web.Response:
    """Receive, refuse, close short or take back."""
    step = _STEPS.get(request.match_info["step"])
    if step is None:
        raise NotFound("no_route", f"expected one of {', '.join(_STEPS)}")
    return kept(
        await store_of(request).database.write(
            _take_step, request.match_info["id"], step, body, actor_of(request), key_of(request)
        )
    )


def _sites(connection: sqlite3.Connection) -> Answer:
    here = identity.get(connection).site_id
    return {"items": [site._asdict() for site in catalogue.list_sites(connection) if site.site_id != here]}


def _list(connection: sqlite3.Connection) -> Answer:
    return {"items": [_render(found) for found in transfers.list_transfers(connection)]}


def _one(connection: sqlite3.Connection, transfer_id: str) -> Answer:
    found = transfers.find(connection, transfer_id)
    if found is None:
        raise NotFound("transfer", f"there is no transfer {transfer_id[:60]!r}")
    lines = [
        {"product_id": line.product_id, "dispatched": render.quantity(line.dispatched),
         "received": render.quantity(line.received),
         "missing": render.quantity(max(0, line.dispatched - line.received))}
        for line in transfers.lines_of(connection, transfer_id)
    ]  # fmt: skip
    return _render(found) | {"lines": lines}


def _dispatch(connection: sqlite3.Connection, body: DispatchBody, actor: str, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        lines = [Wanted(product_of(connection, line.product_id), line.quantity) for line in body.lines]
        moved = transferring.dispatch(
            connection, _site(connection, body.to_site), lines, now_ms(), actor=actor, key=key
        )
        return _one(connection, moved.transfer.transfer_id) | {"position": moved.position}, moved.position

    return once(connection, key, fingerprint(body.model_dump(mode="json")), act)


def _take_step(
    connection: sqlite3.Connection, transfer_id: str, step: Step, body: StepBody, actor: str, key: str | None
) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        quantities: dict[str, int] | None = None
        if body.lines is not None:
            quantities = {}
            for line in body.lines:
                quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
        if (body.fault and step != "closed_short") or (body.reason and step not in ("refused", "closed_short")):
            raise Invalid("fault", f"expected neither reason nor fault of a transfer that is {step}", pointer="/reason")
        if body.from_site is not None and step == "received":
            transferring.expect(
                connection, transfer_id, _site(connection, body.from_site), set(quantities or {}), now_ms()
            )
        moved = transferring.take_step(
            connection, transfer_id, step, now_ms(), quantities=quantities, actor=actor, key=key,
            why=Why(body.reason or None, body.fault),
        )  # fmt: skip
        return _one(connection, transfer_id) | {"position": moved.position}, moved.position

    asked = fingerprint(transfer_id, step, body.model_dump(mode="json"))
    return once(connection, key, asked, act)


def _site(connection: sqlite3.Connection, name: str) -> str:
    """A site by its code, or an id, also of one that this box has not heard of yet."""
    found = catalogue.find_site(connection, name)
    if found is not None:
        return found.site_id
    if name == identity.get(connection).site_id or transferring.ID.match(name):
        return name
    raise NotFound("site", f"there is no site {name[:60]!r}")


def _render(found: Transfer) -> Answer:
    return {
        "transfer_id": found.transfer_id, "from_site": found.from_site, "to_site": found.to_site,
        "state": found.state, "opened_at": render.time(found.opened_at),
        "changed_at": render.time(found.changed_at),
    }  # fmt: skip
