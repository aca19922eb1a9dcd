"""The typed route table: one `Operation` per call, and everything else comes from it.

Validation, the permission check, idempotency and conditional headers, the OpenAPI
document and the test of all routes read the same dataclass, so none can be forgotten.
A module of handlers owns one `Table`; `web/app.py` joins them. Handlers get a `Call`
and return a view (or an `Answer` with another status or headers).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel

from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.errors import HubError
from cloud_hub.web.context import Hub
from cloud_hub.web.fields import DEEP

Q = TypeVar("Q")
B = TypeVar("B")
PREFIX = "/api/v1"
BODY_BYTES_MAX = 262_144
EVENT_STREAM = "text/event-stream"
UUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
PATH_PATTERNS = {"code": r"[\x21-\x7e]{1,90}", "hash": "[0-9a-f]{64}", "kind": "daily|weekly|monthly"}
"""By the parameter's name; all others are ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Q, B]):
    """One request, validated: what a handler may know of it."""

    hub: Hub
    query: Q
    body: B
    path: Mapping[str, str]
    principal: Principal
    key: str
    """The caller's idempotency key, or one made here (operations that ask for it only)."""
    if_match: str | None
    address: str
    """Who is at the other end of the connection (or of the proxy in front)."""
    request: web.Request
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A view with another status than the operation's usual one, or with headers."""

    view: BaseModel | None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def replay_headers(is_replayed: bool) -> dict[str, str]:
    """The header of an answer that an earlier request with the same key got first."""
    return {"Idempotency-Replayed": "true"} if is_replayed else {}


Handler = Callable[[Call[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """All that is to be said about one call."""

    method: str
    path: str
    handler: Handler
    tag: str
    permission: Permission | None
    """None: anybody may ask, and `principal` is the nobody."""
    device: bool = False
    """Asked by a box with a token signed by its record key."""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    others: Mapping[int, type[BaseModel] | None] = field(default_factory=dict)
    """Further good answers, for example 202 with a command; None has no body."""
    errors: tuple[type[HubError], ...] = ()
    idempotent: bool = False
    conditional: bool = False
    body_bytes_max: int = BODY_BYTES_MAX
    media_type: str = "application/json"
    """Of the body (JSON in any case)."""
    uploads: tuple[str, ...] = ()
    """Media types of a file that is the body; the handler takes it in piece by piece."""
    produces: str | None = None
    """Media type of an answer that is no JSON view."""
    about: str = ""
    """More than the summary says, for the document; Markdown."""

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or self.name).strip().splitlines()[0]

    @property
    def route(self) -> str:
        """The path for the router: a value that cannot be one is no such resource."""
        return re.sub(r"{(\w+)}", lambda found: f"{{{found[1]}:{PATH_PATTERNS.get(found[1], UUID)}}}", self.path)

    @cached_property
    def needs_body(self) -> bool:
        """False of a POST about which nothing has to be said: a step such as "sent"."""
        fields = {} if self.body is None else self.body.model_fields
        return self.method != "POST" or any(info.is_required() for info in fields.values())

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Of the query, by their outer names."""
        fields = {} if self.query is None else self.query.model_fields
        return frozenset(info.alias or name for name, info in fields.items()) - self.deep_parameters

    @cached_property
    def deep_parameters(self) -> frozenset[str]:
        """Those that come as `name[key]=value`."""
        fields = {} if self.query is None else self.query.model_fields
        return frozenset(name for name, info in fields.items() if info.json_schema_extra == {"style": DEEP})

    @cached_property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)


class Table:
    """The operations of one resource."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def add(
        self, method: str, path: str, *, permission: Permission | None, **more: Any
    ) -> Callable[[Handler], Handler]:
        """Decorator: put the handler into the table."""

        def register(handler: Handler) -> Handler:
            self.operations.append(
                Operation(
                    method=method,
                    path=PREFIX + path,
                    handler=handler,
                    tag=self.tag,
                    permission=permission,
                    **more,
                )
            )
            return handler

        return register
