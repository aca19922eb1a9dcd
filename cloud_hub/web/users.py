"""The people who may log in, as administrators see and govern them, and the roles there are."""

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import MISSING, Field, StringConstraints

from cloud_hub.domain.permissions import GRANTS, PEOPLE_ONLY, Permission, Role
from cloud_hub.errors import Conflict, Invalid, NotFound, Stale
from cloud_hub.services.accounts import Invited, Person, User, UserFilter
from cloud_hub.web.fields import Email, Input, Text, Time, Uuid, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed

table = Table("people")

Username = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._+-]+$")]
"""Never an @, so that no name looks like somebody else's address."""
NewPassword = Annotated[str, StringConstraints(min_length=10, max_length=200)]
PersonRole = Literal["admin", "warehouse_manager", "store_manager", "staff", "retail_partner", "auditor", "integration"]
SiteIds = Annotated[list[Uuid], Field(max_length=1000)]
"""null: every site."""


class NewUser(Input):
    username: Username
    email: Email | None = None
    full_name: Text = ""
    password: NewPassword | None = None
    """Better left out: then a one-time code comes back, and no administrator ever knows the password."""
    role: PersonRole = "staff"
    site_ids: SiteIds | None = None


class UserPatch(Input):
    """RFC 7396: a field given replaces, null clears, a field left out stays."""

    username: Username | MISSING | None = MISSING
    email: Email | MISSING | None = MISSING
    full_name: Text | MISSING = MISSING
    role: PersonRole | MISSING = MISSING
    site_ids: SiteIds | MISSING | None = MISSING
    state: Literal["active", "disabled"] | MISSING = MISSING


class Approval(Input):
    role: PersonRole = "staff"
    site_ids: SiteIds | None


class UserView(View):
    id: str
    username: str | None
    email: str | None
    full_name: str
    role: str
    state: str
    """active, disabled, or pending: registered and not yet approved."""
    is_active: bool
    site_ids: list[str] | None
    version: str
    created_at: Time
    last_login_at: Time | None
    has_pin: bool
    has_badge: bool


class InvitedView(UserView):
    code: str | None
    """One-time code for `POST /auth/password`, shown this once."""
    code_expires_at: Time | None


class Users(View):
    items: list[UserView]
    next_cursor: str | None


class UsersQuery(PageQuery):
    q: Annotated[Text, Field(min_length=1)] | None = None
    state: Literal["active", "disabled", "pending"] | None = None
    role: PersonRole | None = None


class RoleView(View):
    role: str
    permissions: list[str]


class Roles(View):
    items: list[RoleView]
    scopes: list[str]
    """What a key of an integration can be for."""


_ONE = "/users/{user_id}"


@table.add("GET", "/roles", permission=Permission.PROFILE, answer=Roles)
async def list_roles(_: Call[None, None]) -> Roles:
    """Which role may do what; each at the sites of whoever holds it"""
    return Roles(
        items=[RoleView(role=role, permissions=sorted(granted)) for role, granted in GRANTS.items()],
        scopes=sorted(frozenset(Permission) - PEOPLE_ONLY),
    )


@table.add("GET", "/users", permission=Permission.USERS_READ, query=UsersQuery, answer=Users)
async def list_users(call: Call[UsersQuery, None]) -> Answer:
    """The people who may log in, by name; `q` searches username, address and full name"""
    query = call.query
    wanted = UserFilter(q=query.q, state=query.state, role=query.role)
    found = await call.hub.accounts.list(wanted, query.after(str), query.skip, query.limit)
    return listed(call, Users, found, view_of, lambda each: (each.known_as.lower(),))


@table.add("POST", "/users", permission=Permission.USERS_WRITE, body=NewUser, answer=InvitedView, status=201,
           errors=(Conflict, NotFound, Invalid))  # fmt: skip
async def create_user(call: Call[None, NewUser]) -> Answer:
    """Add a person, an integration or an auditor; without a password they get a one-time code to set one"""
    body = call.body
    person = Person(body.username, body.email, body.full_name)
    invited = await call.hub.accounts.create(
        person, body.password, Role(body.role), _sites(body.site_ids), call.principal, call.now_ms
    )
    return _invited(invited, Location=f"{PREFIX}/users/{invited.user.id}")


@table.add("GET", _ONE, permission=Permission.USERS_READ, answer=UserView, errors=(NotFound,))
async def get_user(call: Call[None, None]) -> Answer:
    """One user, with the version as ETag"""
    return tagged(await call.hub.accounts.get(call.path["user_id"]))


@table.add("PATCH", _ONE, permission=Permission.USERS_WRITE, body=UserPatch, answer=UserView, conditional=True,
           errors=(NotFound, Conflict, Invalid, Stale))  # fmt: skip
async def edit_user(call: Call[None, UserPatch]) -> Answer:
    """Change names, role, sites or state (RFC 7396 merge patch); it counts within 30 seconds everywhere"""
    fields = call.body.model_dump()
    if "full_name" in fields:
        fields["name"] = fields.pop("full_name")
    if "site_ids" in fields:
        fields["site_ids"] = _sites(fields["site_ids"])
    return tagged(
        await call.hub.accounts.edit(call.path["user_id"], fields, call.if_match, call.principal, call.now_ms)
    )


@table.add("POST", f"{_ONE}/approve", permission=Permission.USERS_WRITE, body=Approval, answer=UserView,
           errors=(NotFound, Conflict))  # fmt: skip
async def approve_user(call: Call[None, Approval]) -> Answer:
    """Let in somebody who registered, with a role and sites"""
    body = call.body
    sites = _sites(body.site_ids)
    return tagged(
        await call.hub.accounts.approve(call.path["user_id"], Role(body.role), sites, call.principal, call.now_ms)
    )


@table.add("POST", f"{_ONE}/reset-password", permission=Permission.USERS_WRITE, answer=InvitedView,
           errors=(NotFound,))  # fmt: skip
async def reset_password(call: Call[None, None]) -> Answer:
    """Take the password away, log out everywhere, and get a one-time code for the user to set another"""
    return _invited(await call.hub.accounts.reset(call.path["user_id"], call.principal, call.now_ms), status=200)


@table.add("POST", f"{_ONE}/logout", permission=Permission.USERS_WRITE, status=204, errors=(NotFound,))
async def log_out_user(call: Call[None, None]) -> web.Response:
    """Log a user out everywhere"""
    user = await call.hub.accounts.require_governed(call.path["user_id"], call.principal)
    await call.hub.signing_in.end_all(user.id, call.principal, call.now_ms)
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


def view_of(user: User) -> UserView:
    return UserView(**_members(user))


def _members(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "full_name": user.name,
        "role": user.role,
        "state": user.state,
        "is_active": user.state == "active",
        "site_ids": None if user.site_ids is None else sorted(user.site_ids),
        "version": str(user.version),
        "created_at": rfc3339(user.created_at_ms),
        "last_login_at": rfc3339(user.last_login_at_ms),
        "has_pin": user.pin_hash is not None,
        "has_badge": user.badge_hash is not None,
    }


def tagged(user: User) -> Answer:
    """A user as they are now, with the version as ETag."""
    return Answer(view=view_of(user), headers={"ETag": f'"{user.version}"'})


def _invited(invited: Invited, status: int | None = None, **headers: str) -> Answer:
    expires_at = rfc3339(invited.code_expires_at_ms)
    view = InvitedView(**_members(invited.user), code=invited.code, code_expires_at=expires_at)
    return Answer(view=view, status=status, headers={"ETag": f'"{invited.user.version}"', **headers})


def _sites(site_ids: list[str] | None) -> frozenset[str] | None:
    return None if site_ids is None else frozenset(site_ids)
