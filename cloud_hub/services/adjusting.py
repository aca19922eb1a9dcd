"""Changing stock from head office: a command to a store's box, or a posting to a hub-run site.

Only a site's own writer changes its ledger. The caller's idempotency key travels with the
command and with the movement, so asking again has no second effect, for ever.
"""

from typing import Any, NamedTuple

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services import commands
from cloud_hub.storage import commands as stored
from cloud_hub.storage import products
from cloud_hub.storage.commands import Command
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sites import Site

__all__ = ["Adjusting", "Adjustment", "Command"]


class Adjustment(NamedTuple):
    """A change of one location of one product: by `delta`, or to the quantity `set_to`."""

    product_id: str
    delta: int | None
    set_to: int | None
    location: str
    reason: str
    note: str | None
    expected_quantity: int | None
    expires_at: int | None


class Adjusting:
    """The use cases of stock changes."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def command(self, command_id: str) -> Command:
        """Raises NotFound."""
        command = await self._reads.run(stored.find, command_id)
        if command is None:
            raise NotFound("command", "no such command")
        return command

    async def ask(self, site: Site, asked: Adjustment, key: str, who: Principal, now_ms: int) -> commands.Given:
        """Give a store's box the command to adjust; with the same key, the command given before."""
        body: dict[str, Any] = {
            "product_id": asked.product_id,
            "location": asked.location,
            "reason": asked.reason,
            **{name: getattr(asked, name) for name in ("delta", "set_to", "note") if getattr(asked, name) is not None},
        }
        async with self._database.transaction() as connection:
            await require_product(connection, asked.product_id)
            return await commands.create_command(
                connection, site.id, "adjust", body, key, actor=who.name, expected_quantity=asked.expected_quantity,
                expires_at=asked.expires_at, now_ms=now_ms,
            )  # fmt: skip


async def require_product(connection: Connection, product_id: str) -> products.Product:
    """Raises NotFound; Conflict for an archived one."""
    product = await products.find(connection, product_id)
    if product is None:
        raise NotFound("product", "no such product")
    if product.lifecycle == "archived":
        raise Conflict("archived", "expected a product that is not archived")
    return product
