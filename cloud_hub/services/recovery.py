"""What a person decides about a fenced box: which one survives, what becomes of its branch.

Confirming a survivor closes the disputed origin at the hub's mark and certifies a
successor for that device; the box gets it at its next Hello, with what the hub knows of
its site. Adoption asks the site's current writer, record by record, each at most once.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.branch_items import items_in_force, read
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services import formers, registering
from cloud_hub.services.commands import create_command
from cloud_hub.services.ports import Sign
from cloud_hub.storage import batches, branches, devices, hub_state, ledger, origins
from cloud_hub.storage.branches import Branch
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.devices import Device
from sync_protocol.keys import Claims, issue
from sync_protocol.records import Fact, Item, Movement, encode

log = structlog.get_logger(__name__)


class Recovery:
    """Decisions about boxes and branches."""

    def __init__(self, database: Database, *, sign: Sign) -> None:
        self._database = database
        self._sign = sign

    async def confirm_survivor(self, device_id: str, actor: str, now_ms: int) -> str:
        """This device's box writes its site's ledger from now on; the successor's origin id.

        Raises NotFound, Conflict. Given again before the box has come for it, it is the same.
        """
        async with self._database.transaction() as connection:
            device = await devices.find(connection, device_id)
            if device is None:
                raise NotFound("device", "no such device")
            if device.state != "active":
                raise Conflict("revoked", "expected an active device")
            waiting = await self._waiting(connection, device)
            if waiting is not None:
                return waiting
            fresh = await self._succeed(connection, device, now_ms)
            crashpoint("take_over.before_commit")
        crashpoint("take_over.after_commit")
        log.info("a box was confirmed as the survivor", device=device_id, origin=fresh, actor=actor)
        return fresh

    async def _waiting(self, connection: Connection, device: Device) -> str | None:
        """A successor that was opened for this device and has not spoken yet."""
        newest = await origins.lock_open(connection, device.site_id)
        is_waiting = newest is not None and str(newest.device_id) == device.id and newest.boot == 0 and newest.mark == 0
        return str(newest.origin_id) if newest is not None and is_waiting and newest.predecessor_origin else None

    async def _succeed(self, connection: Connection, device: Device, now_ms: int) -> str:
        writer = await origins.lock_open(connection, device.site_id)
        if writer is None:
            raise Conflict("no_writer", "expected a site that has an origin")
        if await formers.missing(connection, writer) is not None:
            raise _incomplete()
        fresh = registering.new_id()
        claims = Claims(
            site_id=device.site_id, device_id=device.id, origin_id=fresh, public_key=device.public_key.hex(),
            hub_epoch=await hub_state.epoch(connection), issued_at=now_ms,
            **await registering.closing(connection, writer),
        )  # fmt: skip
        certificate = issue(claims, self._sign)
        await registering.register(connection, claims, now_ms)
        for origin in await origins.list_of_site(connection, device.site_id):
            if str(origin.device_id) == device.id and origin.state != "open":
                await origins.save_successor(connection, origin.origin_id, certificate)
        return fresh

    async def adopt(self, branch_id: str, actor: str, now_ms: int) -> int:
        """Ask the site's writer to take over a branch; how many commands. Raises NotFound, Conflict."""
        async with self._database.transaction() as connection:
            branch = await branches.lock_by_id(connection, branch_id)
            if branch is None:
                raise NotFound("branch", "no such branch")
            writer = await origins.lock_open(connection, branch.site_id)
            if writer is None or writer.origin_id == branch.origin_id:
                raise Conflict("no_survivor", "expected a confirmed survivor to adopt the branch")
            if await formers.missing(connection, writer) is not None:
                raise _incomplete()  # what is missing could lie on the branch, and would be taken for new
            count = await self._ask(connection, branch, actor, now_ms)
            if not count and branch.state in ("adopting", "adopted"):
                raise Conflict("adopted", "expected a branch that is not adopted yet")
            await branches.save_state(connection, branch, "adopting" if count else "adopted", actor, now_ms)
        return count

    async def _ask(self, connection: Connection, branch: Branch, actor: str, now_ms: int) -> int:
        items = await _items(connection, branch)
        rows = [row for row in await branches.list_records(connection, branch) if row["state"] == "stored"]
        adopted = await branches.list_adopted(connection, branch.site_id)
        asked = []
        for row in rows:
            if not adopted.isdisjoint(_names(row)):
                known = {"site_id": branch.site_id, "chain_hash": row["chain_hash"], "state": "adopted", "detail": ""}
                await branches.save_outcomes(connection, [known])
                continue
            if await _is_in_ledger(connection, branch, row):
                continue
            body = _body(bytes(row["chain_hash"]), bytes(row["encoded"]), items[bytes(row["chain_hash"])])
            if body is None:
                continue
            key = f"adopt:{bytes(row['chain_hash']).hex()}"
            given = await create_command(
                connection, str(branch.site_id), "adopt", body, key, actor=actor, now_ms=now_ms
            )
            asked.append(
                {
                    "site_id": branch.site_id,
                    "chain_hash": row["chain_hash"],
                    "state": "asked",
                    "command_id": given.command.id,
                }
            )
        await branches.save_asked(connection, asked)
        return len(asked)


def _incomplete() -> Conflict:
    return Conflict("incomplete_past", "expected a past without holes: a box of this site has it, and tells it")


def _names(row: Mapping[str, Any]) -> list[str]:
    """By which a record may be adopted already: its own hash, which a restored hub may see adopted before it sees
    the record; or, when it is an adoption itself, the name of what it adopted, which another box did since."""
    record, own = read(bytes(row["encoded"])), bytes(row["chain_hash"]).hex()
    return [own, record.adopted] if isinstance(record, Movement) and record.adopted else [own]


async def _is_in_ledger(connection: Connection, branch: Branch, row: Mapping[str, Any]) -> bool:
    """A branch begins at the newest position both sides could name, so its start may be shared after all."""
    known = await batches.hash_at(connection, branch.site_id, branch.origin_id, row["position"])
    return known is not None and known == bytes(row["chain_hash"])


async def _items(connection: Connection, branch: Branch) -> Mapping[bytes, Mapping[int, Item]]:
    """By chain hash the item definitions that a record of the branch may refer to."""
    known = await ledger.list_items(connection, branch.site_id, branch.origin_id)
    lines = await branches.list_lines(connection, branch)
    return items_in_force(lines, {ref: each.item for ref, each in known.items()})


def _body(chain_hash: bytes, encoded: bytes, items: Mapping[int, Item]) -> dict[str, str] | None:
    """What the writer needs to adopt one record; None for what has no effect of its own."""
    record = read(encoded)
    body = {"branch_hash": chain_hash.hex(), "record": encoded.decode()}
    if isinstance(record, Movement):
        item = items.get(record.item)
        return body | {"item": encode(item).decode()} if item is not None else None
    return body if isinstance(record, Fact) and record.kind == "count" else None
