"""Oneself: who one is, what one may do, one's password, and where one is logged in."""

from typing import Any

from aiohttp import web
from pydantic import MISSING

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable
from cloud_hub.storage.users import User
from cloud_hub.web.auth import BODY_BYTES, Password
from cloud_hub.web.fields import Email, Input, Text, Time, View
from cloud_hub.web.operations import Call, Table
from cloud_hub.web.times import rfc3339
from cloud_hub.web.users import NewPassword, Username

table = Table("people")


class Me(View):
    id: str
    username: str | None
    email: str | None
    full_name: str
    role: str
    site_ids: list[str] | None
    permissions: list[str]


class ProfilePatch(Input):
    """RFC 7396: a field given replaces, null clears, a field left out stays."""

    full_name: Text | MISSING = MISSING
    username: Username | MISSING | None = MISSING
    email: Email | MISSING | None = MISSING
    password: Password | MISSING = MISSING
    """Your present one; needed for what one logs in with."""


class PasswordChange(Input):
    old_password: Password
    new_password: NewPassword


class SignInView(View):
    id: str
    is_this: bool
    """The one that asks."""
    address: str
    agent: str
    started_at: Time
    renewed_at: Time
    expires_at: Time


class SignIns(View):
    items: list[SignInView]


@table.add("GET", "/me", permission=Permission.PROFILE, answer=Me)
async def me(call: Call[None, None]) -> Me:
    """Who am I, and what may I do"""
    return _view(call, await call.hub.profiles.get(call.principal))


@table.add("PATCH", "/me", permission=Permission.PROFILE_WRITE, body=ProfilePatch, answer=Me,
           errors=(Forbidden, Conflict, Invalid, TooMany, Unavailable), body_bytes_max=BODY_BYTES)  # fmt: skip
async def edit_me(call: Call[None, ProfilePatch]) -> Me:
    """Change one's own name, or (with the present password) the name and address to log in with"""
    fields = call.body.model_dump()
    password = fields.pop("password", None)
    if "full_name" in fields:
        fields["name"] = fields.pop("full_name")
    return _view(call, await call.hub.profiles.edit(call.principal, fields, password, call.address, call.now_ms))


@table.add("POST", "/me/password", permission=Permission.PROFILE_WRITE, body=PasswordChange, status=204,
           errors=(Forbidden, Invalid, TooMany, Unavailable), body_bytes_max=BODY_BYTES)  # fmt: skip
async def change_password(call: Call[None, PasswordChange]) -> web.Response:
    """Change one's own password; every other device is logged out"""
    body = call.body
    await call.hub.profiles.change_password(
        call.principal, body.old_password, body.new_password, call.address, call.now_ms
    )
    return _done()


@table.add("GET", "/me/sign-ins", permission=Permission.PROFILE_WRITE, answer=SignIns)
async def list_sign_ins(call: Call[None, None]) -> SignIns:
    """Where one is logged in, last used first"""
    found = await call.hub.signing_in.list(call.principal.id, call.now_ms)
    return SignIns(
        items=[
            SignInView(
                id=each.id, is_this=each.id == call.principal.sign_in_id, address=each.address, agent=each.agent,
                started_at=rfc3339(each.started_at_ms), renewed_at=rfc3339(each.renewed_at_ms),
                expires_at=rfc3339(each.expires_at_ms),
            )
            for each in found
        ]
    )  # fmt: skip


@table.add("DELETE", "/me/sign-ins/{sign_in_id}", permission=Permission.PROFILE_WRITE, status=204,
           errors=(NotFound,))  # fmt: skip
async def end_sign_in(call: Call[None, None]) -> web.Response:
    """Log out one of one's own devices"""
    await call.hub.signing_in.end(call.principal, call.path["sign_in_id"], call.now_ms)
    return _done()


def _view(call: Call[Any, Any], user: User | None) -> Me:
    who = call.principal
    return Me(
        id=who.id,
        username=who.name if user is None else user.username,
        email=None if user is None else user.email,
        full_name="" if user is None else user.name,
        role=who.role,
        site_ids=who.site_list,
        permissions=sorted(who.permissions),
    )


def _done() -> web.Response:
    return web.Response(status=204, headers={"Cache-Control": "no-store"})
