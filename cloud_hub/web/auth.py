"""Logging in, staying logged in and logging out; registering, and setting a password with a code or a mailed token."""

from typing import Annotated, Any, Literal, Self

from aiohttp import hdrs, web
from pydantic import MISSING, ConfigDict, StringConstraints, model_validator

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated, Unavailable
from cloud_hub.services.accounts import Person
from cloud_hub.services.signing_in import Issued, Place
from cloud_hub.web import browsers
from cloud_hub.web.fields import Email, Input, QueryFlag, Text, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.users import NewPassword, Username, UserView, view_of

table = Table("people")

Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z -]+$")]
BODY_BYTES = 4096
_EITHER: Any = {"oneOf": [{"required": ["username"]}, {"required": ["email"]}]}


class Named(Input):
    """Who somebody says they are: a name or an address."""

    model_config = ConfigDict(json_schema_extra=_EITHER)

    username: Username | Email | MISSING = MISSING
    """The name; an address is understood here too."""
    email: Email | MISSING = MISSING

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.username is MISSING) == (self.email is MISSING):
            raise ValueError("expected either username or email")
        return self

    @property
    def typed(self) -> str:
        return str(self.email if self.username is MISSING else self.username)


class Login(Named):
    password: Password


class LoginQuery(Input):
    mode: Literal["bearer", "cookie"] = "bearer"
    """cookie: for pages in a browser. 204, and both tokens in `__Host-` cookies that scripts cannot read."""


class Token(View):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    """Seconds."""
    refresh_token: str
    """Good once, for the next pair; keep the newest."""
    refresh_expires_in: int


class Refresh(Input):
    refresh_token: Secret | MISSING = MISSING
    """Left out: the one in the cookie, and the next pair comes in cookies too."""


class LogoutQuery(Input):
    everywhere: QueryFlag = False


class Registration(Input):
    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["username"]}, {"required": ["email"]}]})

    username: Username | MISSING = MISSING
    email: Email | MISSING = MISSING
    full_name: Text = ""
    password: NewPassword

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.username is MISSING and self.email is MISSING:
            raise ValueError("expected username or email, or both")
        return self

    def person(self) -> Person:
        given = self.model_dump()
        return Person(given.get("username"), given.get("email"), self.full_name)


class CodeLogin(Named):
    code: Code
    new_password: NewPassword


class ForgottenPassword(Input):
    email: Email


class PasswordReset(Input):
    token: Secret
    """The newest that was mailed; good once."""
    password: NewPassword
    """The new one."""


@table.add("POST", "/auth/login", permission=None, query=LoginQuery, body=Login, answer=Token, others={204: None},
           errors=(Unauthenticated, Forbidden, TooMany, Unavailable), body_bytes_max=BODY_BYTES)  # fmt: skip
async def log_in(call: Call[LoginQuery, Login]) -> Token | web.Response:
    """Trade a name or address and a password for a 15-minute access token and a refresh token"""
    if call.query.mode == "cookie":
        browsers.require_own_page(call.request)
    issued = await call.hub.signing_in.log_in(call.body.typed, call.body.password, place_of(call), call.now_ms)
    return browsers.logged_in(issued) if call.query.mode == "cookie" else view_of_token(issued)


@table.add("POST", "/auth/refresh", permission=None, body=Refresh, answer=Token, others={204: None},
           errors=(Unauthenticated, Forbidden), body_bytes_max=BODY_BYTES)  # fmt: skip
async def refresh(call: Call[None, Refresh]) -> Token | web.Response:
    """The next pair of tokens; a lost answer is forgiven for 30 seconds, a stolen token ends the sign-in"""
    if call.body.refresh_token is not MISSING:
        return view_of_token(await call.hub.signing_in.refresh(call.body.refresh_token, call.now_ms))
    token = call.request.cookies.get(browsers.REFRESH)
    if not token:
        raise Unauthenticated("no_token", "expected a refresh token in the body or in its cookie")
    browsers.require_own_page(call.request)
    return browsers.logged_in(await call.hub.signing_in.refresh(token, call.now_ms))


@table.add("POST", "/auth/logout", permission=Permission.PROFILE_WRITE, query=LogoutQuery, status=204)
async def log_out(call: Call[LogoutQuery, None]) -> web.Response:
    """End this sign-in, or with `everywhere=true` all of one's own; its tokens are dead within 30 seconds"""
    if call.query.everywhere:
        await call.hub.signing_in.end_all(call.principal.id, call.principal, call.now_ms)
    else:
        await call.hub.signing_in.log_out(call.principal, call.now_ms)
    return browsers.logged_out()


@table.add("POST", "/auth/register", permission=None, body=Registration, answer=UserView, status=201,
           errors=(Conflict, Forbidden, Invalid, Unavailable), body_bytes_max=BODY_BYTES)  # fmt: skip
async def register(call: Call[None, Registration]) -> UserView:
    """Register oneself: the very first user becomes admin, later ones wait for approval (if allowed at all)"""
    return view_of(await call.hub.accounts.register(call.body.person(), call.body.password, call.now_ms))


@table.add("POST", "/auth/password", permission=None, body=CodeLogin, status=204,
           errors=(Unauthenticated, Invalid, TooMany, Unavailable), body_bytes_max=BODY_BYTES)  # fmt: skip
async def set_password(call: Call[None, CodeLogin]) -> web.Response:
    """Set a password with the one-time code that an administrator gave you"""
    body = call.body
    await call.hub.profiles.redeem(body.typed, body.code, body.new_password, call.address, call.now_ms)
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


@table.add("POST", "/auth/password-reset", permission=None, body=ForgottenPassword, status=202,
           errors=(Conflict, TooMany), body_bytes_max=BODY_BYTES)  # fmt: skip
async def ask_password_reset(call: Call[None, ForgottenPassword]) -> Answer:
    """Have a token mailed that sets a new password; 202 whether anybody has the address or not"""
    await call.hub.password_resets.ask(call.body.email, call.address, call.now_ms)
    return Answer(view=None)


@table.add("POST", "/auth/password-reset/confirm", permission=None, body=PasswordReset, status=204,
           errors=(Unauthenticated, Invalid, TooMany, Unavailable), body_bytes_max=BODY_BYTES)  # fmt: skip
async def confirm_password_reset(call: Call[None, PasswordReset]) -> Answer:
    """Set a new password with the token that was mailed; logs out everywhere"""
    await call.hub.password_resets.confirm(call.body.token, call.body.password, call.address, call.now_ms)
    return Answer(view=None)


def place_of(call: Call[Any, Any]) -> Place:
    """Where the caller is, as a line that can be shown and stored."""
    agent = call.request.headers.get(hdrs.USER_AGENT, "").encode("ascii", "replace").decode()
    return Place(call.address, "".join(filter(str.isprintable, agent))[:200])


def view_of_token(issued: Issued) -> Token:
    return Token(
        access_token=issued.access_token, expires_in=issued.expires_s, refresh_token=issued.refresh_token,
        refresh_expires_in=issued.refresh_expires_s,
    )  # fmt: skip
