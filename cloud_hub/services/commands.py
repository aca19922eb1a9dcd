"""Commands: what head office asks of a store's writer, on the store's feed and pending until its outcome.

A command given again under the caller's key is the same command. What a pending decrease
may still take away is noted with it, and is not available meanwhile.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from uuid_utils import uuid7

from cloud_hub.errors import Invalid, NotFound
from cloud_hub.storage import changes, commands, levels
from cloud_hub.storage.commands import Command, CommandFilter
from cloud_hub.storage.database import Connection
from cloud_hub.storage.reads import Reads
from sync_protocol import changes as wire

__all__ = ["Command", "CommandFilter", "Commands", "Given", "create_command"]


class Given(NamedTuple):
    """The command, and whether it had been given before."""

    command: Command
    is_replayed: bool


class Commands:
    """The use cases of whoever wants to know what became of a command."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def list(self, wanted: CommandFilter, before: tuple[int, str] | None, skip: int, limit: int) -> list[Command]:
        """Commands, newest first."""
        return await self._reads.run(commands.list_newest, wanted, before, skip, limit)

    async def get(self, command_id: str) -> Command:
        """Raises NotFound."""
        command = await self._reads.run(commands.find, command_id)
        if command is None:
            raise NotFound("command", "no such command")
        return command


async def create_command(
    connection: Connection,
    site_id: str,
    kind: str,
    body: Mapping[str, Any],
    key: str,
    *,
    actor: str | None,
    now_ms: int,
    expected_quantity: int | None = None,
    expires_at: int | None = None,
) -> Given:
    """Put a command on a site's feed. Raises Invalid for a key that was used with another body."""
    told = wire.Command(
        command_id=str(uuid7()), kind=kind, key=key, body=dict(body), expected_quantity=expected_quantity,
        expires_at=expires_at, actor=actor,
    )  # fmt: skip
    command = await commands.insert_command(
        connection, site_id=site_id, id=told.command_id, key=key, kind=kind, body=told.body,
        expected_quantity=expected_quantity, expires_at=expires_at, actor=actor, product_id=body.get("product_id"),
        pending_quantity=await _pending(connection, site_id, kind, body), created_at=now_ms,
    )  # fmt: skip
    if command is not None:
        await changes.append(connection, site_id, wire.change(told), now_ms)
        return Given(command, is_replayed=False)
    known = await commands.find_by_key(connection, site_id, key)
    if known is None or (known.kind, known.body, known.expected_quantity) != (kind, told.body, expected_quantity):
        raise Invalid("key_reused", "expected the same body as the first time with this Idempotency-Key")
    return Given(known, is_replayed=True)


async def _pending(connection: Connection, site_id: str, kind: str, body: Mapping[str, Any]) -> int:
    """What the command would change, as far as is known here (thousandths, signed)."""
    if kind == "reserve":
        return -int(body["quantity"])
    if kind != "adjust":
        return 0
    if body.get("delta") is not None:
        return int(body["delta"])
    found = await levels.list_levels_of(connection, site_id, [body["product_id"]])
    held = sum(quantity for _, location, quantity in found if location == body["location"])
    return int(body["set_to"]) - held
