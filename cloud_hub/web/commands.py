"""Commands to stores: what head office asked of a box, and what the box decided.

Whatever changes a store's stock is such a command: the call that gives it answers 202 with
the command's place, and here is what became of it.
"""

from typing import Any, Literal
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import NotFound
from cloud_hub.services.commands import Command, CommandFilter, Given
from cloud_hub.web.fields import Text, Time, Uuid, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed, quantity

table = Table("stock")

_QUANTITIES = frozenset({"delta", "set_to", "quantity"})
"""Of the bodies of commands: what is a quantity there."""


class CommandView(View):
    id: str
    site_id: str
    kind: str
    status: str
    """pending, done, refused, expired or unsupported: only the store decides."""
    body: dict[str, Any]
    key: str
    """The Idempotency-Key that it was given under."""
    actor: str | None
    """Who asked."""
    code: str
    """Why there is no movement, in a stable word; empty otherwise."""
    detail: str | None
    movement_id: str | None
    created_at: Time
    expires_at: Time | None
    decided_at: Time | None


class Commands(View):
    items: list[CommandView]
    next_cursor: str | None


class CommandsQuery(PageQuery):
    site_id: Uuid | None = None
    status: Literal["pending", "done", "refused", "expired", "unsupported"] | None = None
    kind: Text | None = None
    """For example adjust, transfer_request or reserve."""
    product_id: Uuid | None = None
    """Commands that change this product's stock."""


@table.add("GET", "/commands", permission=Permission.STOCK_READ, query=CommandsQuery, answer=Commands)
async def list_commands(call: Call[CommandsQuery, None]) -> Answer:
    """What was asked of your stores, newest first"""
    query = call.query
    wanted = CommandFilter(call.principal.sites_of(query.site_id), query.status, query.kind, query.product_id)
    rows = await call.hub.commands.list(wanted, query.after(int, UUID), query.skip, query.limit)
    return listed(call, Commands, rows, command_view, lambda row: (row.created_at_ms, row.id))


@table.add("GET", "/commands/{command_id}", permission=Permission.STOCK_READ, answer=CommandView, errors=(NotFound,))
async def get_command(call: Call[None, None]) -> CommandView:
    """What became of a command to a store"""
    command = await call.hub.commands.get(call.path["command_id"])
    call.principal.require_site(command.site_id)
    return command_view(command)


def asked_answer(given: Given) -> Answer:
    """202: a store's box has been asked, and where to see what it decides."""
    command, replayed = given
    headers = {"Location": f"{PREFIX}/commands/{command.id}"} | ({"Idempotency-Replayed": "true"} if replayed else {})
    return Answer(view=command_view(command), status=202, headers=headers)


def _spoken(told: Any) -> Any:
    """What the box was told, which is in thousandths, in the decimals of this API."""
    if isinstance(told, list):
        return [_spoken(each) for each in told]
    if not isinstance(told, dict):
        return told
    return {name: quantity(value) if name in _QUANTITIES else _spoken(value) for name, value in told.items()}


def command_view(command: Command) -> CommandView:
    """A command as the API shows it."""
    return CommandView(
        id=command.id, site_id=command.site_id, kind=command.kind, status=command.status, body=_spoken(command.body),
        key=command.key, actor=command.actor, code=command.code, detail=command.detail,
        movement_id=command.movement_id, created_at=rfc3339(command.created_at_ms),
        expires_at=rfc3339(command.expires_at_ms), decided_at=rfc3339(command.decided_at_ms),
    )  # fmt: skip
