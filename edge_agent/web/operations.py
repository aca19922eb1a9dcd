"""The typed table of the box's API: one `Operation` per call; router, permissions, checks and document come from it.

To add a call, put its handler into the module of its resource, below a line of that module's `TABLE`:

    @TABLE.add("POST", "/things/{id}/turn", answer=ThingView, status=201, keyed=True)
    async def post_turn(request: web.Request, body: TurnBody) -> web.Response:
        \"\"\"What it does, in a line: the document's summary.\"\"\"

The signature is the contract: `body: Model` and `query: Model` are read, checked and handed in before the handler
runs (never call `read_body` yourself), a parameter of the path is `request.match_info["id"]`. `answer` is a TypedDict
that says what the handler answers; a new name in it gets a line in `meanings.py`. Who may call: by default who may
read stock (GET) or change it; else `access=`. A new module's TABLE goes into `TABLES` of `web/server.py`.
Tests ask each operation what its document says, so one that says too little is found.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

from aiohttp import web
from pydantic import BaseModel

from edge_agent.domain.people import STOCK_READ, STOCK_WRITE
from edge_agent.errors import NotFound
from edge_agent.web.body import Body, Query, read_body, read_query

Handler = Callable[..., Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)

PREFIX = "/api/v1"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"
ID_CHARS_MAX = 128
ANYBODY = "anybody"
"""Access without a key or a session."""
ONESELF = "oneself"
"""Access for everybody who is logged in."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """All that is to be said about one call."""

    method: str
    path: str
    handler: Handler
    tag: str
    name: str
    """Its id in the document, good for ever: the handler's name."""
    access: str
    """A permission, ANYBODY or ONESELF."""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: Any = None
    """The view of a good answer; None: no body."""
    status: int = 200
    others: Mapping[int, Any] = field(default_factory=dict)
    """Views of further good answers, by status."""
    keyed: bool = False
    """Takes an Idempotency-Key."""
    approvable: bool = False
    """Takes a manager's approval."""
    produces: tuple[str, ...] = (JSON,)
    """Media types of a good answer."""
    about: str = ""
    """More than the summary says, for the document; Markdown."""

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or self.name).strip().splitlines()[0]

    @cached_property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Read what was sent, let the handler do it."""
        if any(len(value) > ID_CHARS_MAX for value in request.match_info.values()):
            raise NotFound("no_route", f"expected ids and codes of at most {ID_CHARS_MAX} characters in the path")
        query = read_query(request, self.query or Query)
        given: dict[str, BaseModel] = {} if self.query is None else {"query": query}
        if self.method not in ("GET", "DELETE"):
            body = await read_body(request, self.body or Body)
            given |= {} if self.body is None else {"body": body}
        return await self.handler(request, **given)


OPERATIONS = web.AppKey("operations", dict[tuple[str, str], Operation])
"""Of the application, by method and path."""


def add_routes(app: web.Application, operations: Iterable[Operation]) -> None:
    """Serve them."""
    app[OPERATIONS] = {}
    for operation in operations:
        app.router.add_route(operation.method, operation.path, operation.serve)
        app[OPERATIONS][operation.method, operation.path] = operation


def access_of(request: web.Request) -> str:
    """Who may ask this. Which paths of the API there are not is not for everybody to find out."""
    resource = request.match_info.route.resource
    operation = request.app[OPERATIONS].get((request.method, "" if resource is None else resource.canonical))
    if operation is not None:
        return operation.access
    return ONESELF if request.path.startswith("/api/") else ANYBODY


class Table:
    """The operations of one resource."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def add(
        self, method: str, path: str, *, access: str | None = None, prefix: str = PREFIX, name: str = "", **more: Any
    ) -> Callable[[H], H]:
        """Decorator: put the handler into the table; its signature says what it is sent."""
        usual = STOCK_READ if method == "GET" else STOCK_WRITE

        def register(handler: H) -> H:
            hints = get_type_hints(handler)
            self.operations.append(
                Operation(
                    method=method, path=prefix + path, handler=handler, tag=self.tag, name=name or handler.__name__,
                    access=access or usual, query=hints.get("query"), body=hints.get("body"), **more,
                )
            )  # fmt: skip
            return handler

        return register
