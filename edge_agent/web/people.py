"""Logging in and out, oneself, where people are logged in, and managers' approvals."""

import sqlite3
from typing import Annotated, Self

from aiohttp import web
from pydantic import Field, model_validator

from edge_agent.domain.people import LIFE_MS, PERMISSIONS, STOCK_APPROVE, Caller, Person, Session
from edge_agent.errors import Forbidden, Invalid, NotFound, Unauthenticated
from edge_agent.services import approving, attributing, badges, people
from edge_agent.services.logging_in import Proof
from edge_agent.services.once import Answer
from edge_agent.storage import people as known
from edge_agent.storage import sessions
from edge_agent.web import render
from edge_agent.web.body import Body, Name, Text, either
from edge_agent.web.callers import COOKIE, SCREEN, address_of, device_of, give_cookie, require_own_page, session_before
from edge_agent.web.context import answer, caller_of, now_ms, store_of, ticks_ms
from edge_agent.web.operations import ANYBODY, ONESELF, Table
from edge_agent.web.views.box import ApprovalView, LoggedIn, Me, SessionView
from edge_agent.web.views.values import Items
from sync_protocol.credentials import BADGE_CHARS_MAX, PIN_DIGITS_MAX, why_bad_pin

TABLE = Table("people")

Password = Annotated[str, Field(min_length=1, max_length=200)]
Pin = Annotated[str, Field(min_length=1, max_length=PIN_DIGITS_MAX, pattern=r"^[0-9]+$")]
Badge = Annotated[str, Field(min_length=1, max_length=BADGE_CHARS_MAX + 8)]
"""A scanner may put a line end behind it."""


class ProofBody(Body):
    """A name with a password or a PIN, or a badge, or the scanner that has just read one for this screen."""

    username: Text | None = None
    password: Password | None = None
    pin: Pin | None = None
    badge: Badge | None = None
    badge_at: Annotated[Name, Field(max_length=60)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = {name for name in ProofBody.model_fields if getattr(self, name) is not None}
        if given not in ({"username", "password"}, {"username", "pin"}, {"badge"}, {"badge_at"}):
            raise ValueError("expected username and password, username and pin, badge, or badge_at")
        return self


class LoginBody(ProofBody):
    device: Annotated[Name, Field(max_length=60)] | None = None
    """What the device is called; what the scanner of that name reads is then this person's doing."""


class ApprovalBody(ProofBody):
    operation: Annotated[Name, Field(alias="for", max_length=60)]


class PinBody(Body):
    pin: Annotated[str, Field(max_length=20)]
    password: Password | None = None
    old_pin: Annotated[Pin | None, either("password"), Field(validate_default=True)] = None


@TABLE.add("POST", "/auth/login", answer=LoggedIn, access=ANYBODY)
async def post_login(request: web.Request, body: LoginBody) -> web.Response:
    """A session on this device, in a cookie that scripts cannot read."""
    if request.headers.get("Origin") or request.headers.get("Sec-Fetch-Site"):
        require_own_page(request)
    proof = await _proof(request, body)
    found = await store_of(request).logging_in.log_in(
        proof, device_of(request, body.device), address_of(request), now_ms(), await session_before(request)
    )
    response = answer({"person": _person(found.person), "expires_at": render.time(found.session.expires_at)})
    give_cookie(response, request, COOKIE, found.token, LIFE_MS // 1000)
    return response


@TABLE.add("POST", "/auth/logout", status=204, access=ONESELF)
async def post_logout(request: web.Request) -> web.Response:
    """End this session."""
    await store_of(request).database.write(sessions.end, caller_of(request).session_id)
    response = web.Response(status=204)
    give_cookie(response, request, COOKIE, "", 0)
    return response


@TABLE.add("GET", "/me", answer=Me, access=ONESELF)
async def get_me(request: web.Request) -> web.Response:
    """Who asks, and what they may do; a key of the box is nobody in particular and may do everything."""
    caller = caller_of(request)
    device = None if caller.session is None else caller.session.device
    if caller.person is None:
        nobody = {"id": None, "name": caller.name, "full_name": "", "role": "key", "permissions": list(PERMISSIONS)}
        return answer(nobody | {"device": device, "done_by": None})
    key = store_of(request).logging_in.people_key()
    done_by = None if key is None else attributing.token_of(key, caller.person.person_id, now_ms())
    return answer(_person(caller.person) | {"device": device, "done_by": done_by})


@TABLE.add("PUT", "/me/pin", status=204, access=ONESELF)
async def put_pin(request: web.Request, body: PinBody) -> web.Response:
    """Set one's own PIN, knowing one's password or the PIN before."""
    caller, store = caller_of(request), store_of(request)
    if caller.person is None:
        raise Forbidden("no_person", "expected somebody who is logged in, got a key of this box")
    if why := why_bad_pin(body.pin):
        raise Invalid("pin_weak", why, pointer="/pin")
    proof = Proof(username=caller.person.name, password=body.password, pin=body.old_pin)
    person = await _prove(request, proof)
    pin_hash = await store.logging_in.hash_pin(person.person_id, body.pin)
    await store.database.write(people.set_pin, person.person_id, pin_hash, caller.session_id, now_ms())
    return web.Response(status=204)


@TABLE.add("POST", "/approvals", answer=ApprovalView, status=201, access=ONESELF)
async def post_approval(request: web.Request, body: ApprovalBody) -> web.Response:
    """A manager allows one operation, once, within five minutes; the header X-Approval takes it along."""
    now = now_ms()
    manager = await _prove(request, await _proof(request, body))
    made, token = await store_of(request).database.write(approving.grant, manager, body.operation, now)
    found = {"approval": token, "expires_at": render.time(made.expires_at), "by": made.approved_by}
    return answer(found, 201, {"Cache-Control": "no-store"})


@TABLE.add("GET", "/sessions", answer=Items[SessionView], access=ONESELF)
async def get_sessions(request: web.Request) -> web.Response:
    """Where one is logged in; a manager sees everybody."""
    return answer({"items": await store_of(request).database.read(_sessions, caller_of(request), now_ms())})


@TABLE.add("DELETE", "/sessions/{id}", status=204, access=ONESELF)
async def delete_session(request: web.Request) -> web.Response:
    """Log out one device, one's own or (as a manager) anybody's."""
    await store_of(request).database.write(_end, caller_of(request), request.match_info["id"])
    return web.Response(status=204)


@TABLE.add("DELETE", "/sessions", status=204, access=ONESELF)
async def delete_sessions(request: web.Request) -> web.Response:
    """Log out all of one's own devices but this one; with a key of the box, everybody."""
    await store_of(request).database.write(_end_all, caller_of(request))
    return web.Response(status=204)


async def _proof(request: web.Request, body: ProofBody) -> Proof:
    """What is to be proven; a badge that the box read is this screen's only. Raises Forbidden, NotFound."""
    if body.badge_at is None:
        return Proof(username=body.username or "", password=body.password, pin=body.pin, badge=body.badge)
    store, token = store_of(request), request.cookies.get(SCREEN, "")
    if not await store.database.read(badges.is_paired, body.badge_at, token):
        raise Forbidden("not_paired", "expected the screen that this scanner belongs to",
                        remedy="a manager pairs them: PUT /scanners/{name}/screen")  # fmt: skip
    shown = store.desk.badges.take(body.badge_at, ticks_ms())
    if shown is None:
        raise NotFound("no_badge", "expected a badge to have been scanned a moment ago")
    return Proof(shown=shown)


async def _prove(request: web.Request, proof: Proof) -> Person:
    """Who it is, asked within a session: a wrong answer is 403, for it ends no session. Raises Forbidden, TooMany."""
    try:
        return await store_of(request).logging_in.prove(proof, address_of(request), now_ms())
    except Unauthenticated as error:
        raise Forbidden(error.code, error.detail) from error


def _sessions(connection: sqlite3.Connection, caller: Caller, now: int) -> list[Answer]:
    found = [each for each in sessions.list_all(connection) if not each.is_over(now) and _sees(caller, each)]
    people_here = {person.person_id: person for person in known.list_all(connection) if person.is_active}
    return [
        {
            "id": each.session_id, "person": people_here[each.person_id].name, "device": each.device,
            "started_at": render.time(each.started_at), "used_at": render.time(each.used_at),
            "expires_at": render.time(each.expires_at), "is_this": each.session_id == caller.session_id,
        }
        for each in found
        if each.person_id in people_here
    ]  # fmt: skip


def _end(connection: sqlite3.Connection, caller: Caller, session_id: str) -> None:
    found = next((each for each in sessions.list_all(connection) if each.session_id == session_id), None)
    if found is None or not _sees(caller, found):
        raise NotFound("session", "expected a session of yours")
    sessions.end(connection, session_id)


def _end_all(connection: sqlite3.Connection, caller: Caller) -> None:
    if caller.person is not None:
        sessions.end_of(connection, caller.person.person_id, kept=caller.session_id)
        return
    for each in sessions.list_all(connection):
        sessions.end(connection, each.session_id)


def _sees(caller: Caller, session: Session) -> bool:
    return caller.may(STOCK_APPROVE) or (caller.person is not None and caller.person.person_id == session.person_id)


def _person(person: Person) -> Answer:
    return {
        "id": person.person_id, "name": person.name, "full_name": person.full_name, "role": person.role,
        "permissions": sorted(person.permissions),
    }  # fmt: skip
