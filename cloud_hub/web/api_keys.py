"""Keys of integrations: bearer tokens with scopes and sites of their own."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from cloud_hub.domain.permissions import PEOPLE_ONLY, Permission
from cloud_hub.errors import Forbidden, NotFound
from cloud_hub.services.api_keys import ApiKey, Draft
from cloud_hub.web.fields import Input, Name, Time, View, whole_number
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.users import SiteIds
from cloud_hub.web.views import listed

table = Table("api keys")

SCOPES = sorted(frozenset(Permission) - PEOPLE_ONLY)
DAY_MS = 86_400_000


def _scope(value: str) -> str:
    if value not in SCOPES:
        raise ValueError(f"expected one of {', '.join(SCOPES)}")
    return value


Life = Annotated[int, Field(ge=1, le=3_650), BeforeValidator(whole_number)]
Scope = Annotated[str, AfterValidator(_scope), WithJsonSchema({"type": "string", "enum": SCOPES})]


class NewApiKey(Input):
    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=100)]
    """Permissions; `GET /roles` lists them. None that you do not have yourself."""
    site_ids: SiteIds | None = None
    """null: every site."""
    expires_in_days: Life | None = 365
    """null: never."""


class ApiKeyView(View):
    id: str
    prefix: str
    """How the key begins."""
    name: str
    scopes: list[str]
    site_ids: list[str] | None
    made_by: str
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    """Right to a minute."""
    revoked_at: Time | None


class NewApiKeyView(ApiKeyView):
    key: str
    """Shown this once; sent as `Authorization: Bearer …`."""


class ApiKeys(View):
    items: list[ApiKeyView]
    next_cursor: str | None


_ONE = "/api-keys/{key_id}"


@table.add("GET", "/api-keys", permission=Permission.API_KEYS_READ, query=PageQuery, answer=ApiKeys)
async def list_api_keys(call: Call[PageQuery, None]) -> Answer:
    """Keys of integrations, newest first, revoked ones too"""
    query = call.query
    found = await call.hub.api_keys.list(query.after(int, UUID), query.skip, query.limit)
    return listed(
        call, ApiKeys, found, lambda key: ApiKeyView(**_members(key)), lambda each: (each.created_at_ms, each.id)
    )


@table.add("POST", "/api-keys", permission=Permission.API_KEYS_WRITE, body=NewApiKey, answer=NewApiKeyView,
           status=201, errors=(Forbidden, NotFound))  # fmt: skip
async def create_api_key(call: Call[None, NewApiKey]) -> Answer:
    """Make a key for an integration"""
    body = call.body
    draft = Draft(
        name=body.name, scopes=[Permission(scope) for scope in body.scopes],
        sites=None if body.site_ids is None else frozenset(body.site_ids),
        expires_at_ms=None if body.expires_in_days is None else call.now_ms + body.expires_in_days * DAY_MS,
    )  # fmt: skip
    made = await call.hub.api_keys.create(draft, call.principal, call.now_ms)
    view = NewApiKeyView(**_members(made.key), key=made.text)
    return Answer(view=view, headers={"Location": f"{PREFIX}/api-keys/{made.key.id}"})


@table.add("GET", _ONE, permission=Permission.API_KEYS_READ, answer=ApiKeyView, errors=(NotFound,))
async def get_api_key(call: Call[None, None]) -> ApiKeyView:
    """One key: what it is for and when it was last used"""
    return ApiKeyView(**_members(await call.hub.api_keys.get(call.path["key_id"])))


@table.add("DELETE", _ONE, permission=Permission.API_KEYS_WRITE, answer=ApiKeyView, errors=(NotFound,))
async def revoke_api_key(call: Call[None, None]) -> ApiKeyView:
    """Revoke a key; it is dead within 30 seconds"""
    return ApiKeyView(**_members(await call.hub.api_keys.revoke(call.path["key_id"], call.principal, call.now_ms)))


def _members(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "site_ids": None if key.site_ids is None else sorted(key.site_ids),
        "made_by": key.made_by,
        "created_at": rfc3339(key.created_at_ms),
        "expires_at": rfc3339(key.expires_at_ms),
        "last_used_at": rfc3339(key.last_used_at_ms),
        "revoked_at": rfc3339(key.revoked_at_ms),
    }
