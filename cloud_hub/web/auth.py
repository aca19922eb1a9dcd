"""Logging in, oneself, and the people who may."""

from typing import Annotated, Literal

from pydantic import MISSING, Field, StringConstraints

from cloud_hub.domain.permissions import Permission, Role
from cloud_hub.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated, Unavailable
from cloud_hub.storage.users import User
from cloud_hub.web.fields import Input, PageLimit, Skip, Time, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.times import rfc3339

table = Table("people")

Username = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._@+-]+$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
NewPassword = Annotated[str, StringConstraints(min_length=10, max_length=200)]
PersonRole = Literal["admin", "warehouse_manager", "store_manager", "staff", "retail_partner", "auditor", "integration"]


class Login(Input):
    username: Username
    password: Password


class Token(View):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


class Registration(Input):
    username: Username
    password: NewPassword


class NewUser(Registration):
    role: PersonRole = "staff"
    site_ids: Annotated[list[Uuid], Field(max_length=1000)] | None = None
    """null: every site."""


class UserPatch(Input):
    role: PersonRole | MISSING = MISSING
    site_ids: Annotated[list[Uuid], Field(max_length=1000)] | MISSING | None = MISSING
    state: Literal["active", "disabled"] | MISSING = MISSING
    password: NewPassword | MISSING = MISSING


class UserView(View):
    id: str
    username: str
    role: str
    state: str
    site_ids: list[str] | None
    created_at: Time


class Users(View):
    items: list[UserView]


class Me(View):
    id: str
    username: str
    role: str
    site_ids: list[str] | None
    permissions: list[str]


class UsersQuery(Input):
    skip: Skip = 0
    limit: PageLimit = 100


@table.add("POST", "/auth/login", permission=None, body=Login, answer=Token,
           errors=(Unauthenticated, TooMany, Unavailable), body_bytes_max=4096)  # fmt: skip
async def log_in(call: Call[None, Login]) -> Token:
    """Trade a name and a password for a 15-minute access token"""
    key = f"login:{call.body.username.lower()}:{call.address}"
    call.hub.limits.require(key, call.now_ms)
    issued = await call.hub.accounts.log_in(call.body.username, call.body.password, call.now_ms)
    call.hub.limits.forgive(key)
    return Token(access_token=issued.access_token, expires_in=issued.expires_s)


@table.add("POST", "/auth/register", permission=None, body=Registration, answer=UserView, status=201,
           errors=(Conflict, Forbidden), body_bytes_max=4096)  # fmt: skip
async def register(call: Call[None, Registration]) -> UserView:
    """Register oneself: the very first user becomes admin, later ones wait for approval (if allowed at all)"""
    user = await call.hub.accounts.register(call.body.username, call.body.password, call.now_ms)
    return view_of(user)


@table.add("GET", "/me", permission=Permission.PROFILE, answer=Me)
async def me(call: Call[None, None]) -> Me:
    """Who am I, and what may I do"""
    who = call.principal
    return Me(
        id=who.id,
        username=who.name,
        role=who.role,
        site_ids=who.site_list,
        permissions=sorted(permission for permission in Permission if who.may(permission)),
    )


@table.add("GET", "/users", permission=Permission.USERS_READ, query=UsersQuery, answer=Users)
async def list_users(call: Call[UsersQuery, None]) -> Users:
    """The people who may log in"""
    users = await call.hub.accounts.list(call.query.skip, call.query.limit)
    return Users(items=[view_of(user) for user in users])


@table.add("POST", "/users", permission=Permission.USERS_WRITE, body=NewUser, answer=UserView, status=201,
           errors=(Conflict, NotFound))  # fmt: skip
async def create_user(call: Call[None, NewUser]) -> UserView:
    """Add a person, an integration or an auditor"""
    user = await call.hub.accounts.create(
        call.body.username, call.body.password, Role(call.body.role), call.body.site_ids, call.now_ms
    )
    return view_of(user)


@table.add("GET", "/users/{user_id}", permission=Permission.USERS_READ, answer=UserView, errors=(NotFound,))
async def get_user(call: Call[None, None]) -> UserView:
    """One user"""
    return view_of(await call.hub.accounts.get(call.path["user_id"]))


@table.add("PATCH", "/users/{user_id}", permission=Permission.USERS_WRITE, body=UserPatch, answer=UserView,
           errors=(NotFound, Conflict, Invalid))  # fmt: skip
async def edit_user(call: Call[None, UserPatch]) -> Answer:
    """Change role, sites, state or password; it counts within 30 seconds everywhere"""
    fields = call.body.model_dump()
    return Answer(view=view_of(await call.hub.accounts.edit(call.path["user_id"], fields)))


def view_of(user: User) -> UserView:
    return UserView(
        id=user.id,
        username=user.username,
        role=user.role,
        state=user.state,
        site_ids=None if user.site_ids is None else sorted(user.site_ids),
        created_at=rfc3339(user.created_at_ms),
    )
