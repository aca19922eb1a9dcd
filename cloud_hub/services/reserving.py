"""Reserving: units of a product promised to somebody, so that they are not available to others.

At a site that the hub runs a reservation holds at once, if that much is available. At a
store its box decides (command `reserve`), and gives back by another (`release`). Nothing
moves, so no decrement is refused for it: `available` is what tells. Who expires is given
back by the clock within a minute, and before the next reservation of the same site.
"""

from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from uuid_utils import uuid7

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.adjusting import require_product
from cloud_hub.services.commands import create_command
from cloud_hub.services.hub_run import writer_of
from cloud_hub.storage import request_keys, reservations, stock_list
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.reservations import Reservation, ReservationFilter
from cloud_hub.storage.sites import Site
from sync_protocol.quantity import format_quantity

__all__ = ["Promise", "Reservation", "ReservationFilter", "Reserving"]

EXPIRED_MAX = 500
"""Given back in one transaction."""


class Promise(NamedTuple):
    """What somebody wants held."""

    product_id: str
    quantity: int
    document: str
    note: str
    expires_at: int | None


class Reserving:
    """The use cases of reservations."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def list(
        self, wanted: ReservationFilter, before: tuple[int, str] | None, skip: int, limit: int
    ) -> list[Reservation]:
        """Reservations, newest first."""
        return await self._reads.run(reservations.list_newest, wanted, before, skip, limit)

    async def get(self, reservation_id: str, who: Principal) -> Reservation:
        """Raises NotFound, also for a reservation at a site that is not theirs."""
        return _theirs(await self._reads.run(reservations.find, reservation_id), who)

    async def reserve(
        self, site: Site, wanted: Promise, key: str, who: Principal, now_ms: int
    ) -> tuple[Reservation, bool]:
        """Hold units, or ask a store's box to; or what this key made before. Raises NotFound, Conflict, Invalid."""
        reservation_id = str(uuid7())
        body_hash = sha256(orjson.dumps([site.id, wanted[:4]], default=tuple)).digest()
        async with self._database.transaction() as connection:
            if site.kind == "hub":
                await writer_of(connection, site.id, now_ms)  # nobody else sells or reserves here until the commit
            earlier = await request_keys.claim(connection, who.id, key, body_hash, reservation_id, now_ms)
            if earlier is not None:
                return _theirs(await reservations.find(connection, earlier), who), True
            await require_product(connection, wanted.product_id)
            fields = {"site_id": site.id, "id": reservation_id, "created_by": who.name, "created_at": now_ms,
                      "state": "held", "command_id": None, **wanted._asdict()}  # fmt: skip
            if site.kind == "hub":
                await _expire(connection, now_ms)
                await _require_available(connection, site.id, wanted)
            else:
                body = {"reservation_id": reservation_id, "product_id": wanted.product_id, "quantity": wanted.quantity,
                        "document": wanted.document or None}  # fmt: skip
                given = await create_command(
                    connection, site.id, "reserve", body, key, actor=who.name, expires_at=wanted.expires_at,
                    now_ms=now_ms,
                )  # fmt: skip
                fields |= {"state": "pending", "command_id": given.command.id}
            await reservations.insert(connection, fields)
            return _theirs(await reservations.find(connection, reservation_id), who), False

    async def release(self, reservation_id: str, who: Principal, now_ms: int) -> Reservation:
        """Give the units back, or ask a store's box to. Raises NotFound, Conflict."""
        async with self._database.transaction() as connection:
            found = _theirs(await reservations.lock(connection, reservation_id), who)
            if found.state == "pending":
                raise Conflict("command_pending", "expected a reservation that the store's box has decided on")
            if found.state == "held" and found.release_id is None:
                await _end(connection, found, "released", who.name, now_ms)
            return _theirs(await reservations.find(connection, reservation_id), who)


async def expire(database: Database, now_ms: int) -> None:
    """Give back what is held beyond its time."""
    async with database.transaction() as connection:
        await _expire(connection, now_ms)
        crashpoint("reservations.before_commit")


async def _expire(connection: Connection, now_ms: int) -> None:
    for found in await reservations.lock_expired(connection, now_ms, EXPIRED_MAX):
        await _end(connection, found, "expired", None, now_ms)


async def _end(connection: Connection, found: Reservation, ending: str, actor: str | None, now_ms: int) -> None:
    if found.command_id is None:
        await reservations.update(connection, found, state=ending, ended_at=now_ms)
        return
    body: dict[str, Any] = {"reservation_id": found.id, "product_id": found.product_id}
    given = await create_command(
        connection, found.site_id, "release", body, f"release:{found.id}", actor=actor, now_ms=now_ms
    )
    await reservations.update(connection, found, ending=ending, release_id=given.command.id)


async def _require_available(connection: Connection, site_id: str, wanted: Promise) -> None:
    found = await stock_list.list_levels_of(connection, site_id, [wanted.product_id])
    available = found[0].available if found else 0
    if available < wanted.quantity:
        detail = f"expected at most {format_quantity(available)}, got {format_quantity(wanted.quantity)}"
        raise Conflict("insufficient_stock", detail, pointer="/quantity")


def _theirs(found: Reservation | None, who: Principal) -> Reservation:
    if found is None or not who.sees(found.site_id):
        raise NotFound("reservation", "no such reservation")
    return found
