"""What a box tells of its levels beyond its records: advisory summaries, signed evidence.

A summary is shown until the history that follows it arrives. After a restore to before
what the box retains, its signed levels stand in for records that are gone: the difference
is booked as a baseline with its evidence, an exception is raised, and the mark moves.
"""

from uuid import UUID

import structlog

from cloud_hub.domain.intake import known_item
from cloud_hub.services.judging import CREDITS
from cloud_hub.storage import exceptions, ledger, level_claims, levels, origins
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.origins import Origin
from sync_protocol import messages as say
from sync_protocol.errors import BadSignature
from sync_protocol.keys import verifier
from sync_protocol.records import Item
from sync_protocol.topics import Address
from sync_protocol.vocabulary import Location

log = structlog.get_logger(__name__)


class Evidence:
    """Takes level summaries and pruned levels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def summary(self, address: Address, told: say.LevelSummary, now_ms: int) -> None:
        """Keep provisional levels until the mark reaches their head."""
        async with self._database.transaction() as connection:
            origin = await origins.lock(connection, address.origin_id)
            if origin is None or origin.lease != told.lease:
                return
            earlier = await level_claims.list_claims(connection, origin.site_id, origin.origin_id, "summary")
            held = {row["product_id"]: row["quantity"] for row in earlier if row["position"] == told.head}
            held |= {UUID(product): quantity for product, quantity in told.available}
            claimed = [(product, Location.SHELF, quantity) for product, quantity in held.items()]
            await level_claims.save_claims(
                connection, origin.site_id, origin.origin_id, "summary", told.head, claimed, now_ms
            )

    async def pruned(self, address: Address, told: say.PrunedLevels, now_ms: int) -> list[bytes]:
        """Collect signed parts; with the last one book the baseline and acknowledge its position."""
        async with self._database.transaction() as connection:
            origin = await origins.lock(connection, address.origin_id)
            if origin is None or origin.lease != told.lease or told.position <= origin.mark:
                return []
            try:
                verifier(origin.public_key)(bytes.fromhex(told.signature), told.signed)
            except (BadSignature, ValueError):
                await origins.save_error(
                    connection, origin.origin_id, "pruned levels without a valid signature", now_ms
                )
                return []
            are_all_defined = await _define(connection, origin, told)
            claimed = await self._collect(connection, origin, told, now_ms)
            if claimed is None or not are_all_defined:
                return []
            await _book(connection, origin, told, claimed, now_ms)
        ack = say.Ack(lease=told.lease, mark=told.position, mark_hash=told.chain_hash, safe_mark=0, credits=CREDITS)
        return [say.encode(ack)]

    async def _collect(
        self, connection: Connection, origin: Origin, told: say.PrunedLevels, now_ms: int
    ) -> list[tuple[UUID, str, int]] | None:
        """All parts' levels once the last has come; parts are numbered from 0 and may be repeated."""
        kind = f"pruned:{told.position}:{told.part}"
        claimed = [(UUID(product), place, quantity) for product, place, quantity in told.levels]
        await level_claims.save_claims(
            connection, origin.site_id, origin.origin_id, kind, told.position, claimed, now_ms,
            evidence=bytes.fromhex(told.signature),
        )  # fmt: skip
        found: list[tuple[UUID, str, int]] = []
        for part in range(told.parts):
            rows = await level_claims.list_claims(
                connection, origin.site_id, origin.origin_id, f"pruned:{told.position}:{part}"
            )
            if not rows and part != told.part:
                return None
            found += [(row["product_id"], row["location"], row["quantity"]) for row in rows]
        return found


async def _define(connection: Connection, origin: Origin, told: say.PrunedLevels) -> bool:
    """Take over the items that the pruned records defined; whether none is missing now."""
    known = await ledger.list_items(connection, origin.site_id, origin.origin_id)
    new = {item.ref: known_item(origin.origin_id, item) for item in (Item(*each) for each in told.items)}
    new = {ref: each for ref, each in new.items() if ref not in known}
    await ledger.copy_items(connection, [(origin.site_id, origin.origin_id, new)])
    return all(ref in known or ref in new for ref in range(1, told.last_item + 1))


async def _book(
    connection: Connection, origin: Origin, told: say.PrunedLevels, claimed: list[tuple[UUID, str, int]], now_ms: int
) -> None:
    before = {
        (UUID(product), place): quantity
        for product, place, quantity in await levels.list_levels(connection, origin.site_id)
    }
    after = {(product, place): quantity for product, place, quantity in claimed}
    keys = {*before, *after}
    deltas = {key: delta for key in keys if (delta := after.get(key, 0) - before.get(key, 0))}
    baseline = [(product, place, quantity) for (product, place), quantity in deltas.items()]
    kind = "baseline"
    await level_claims.save_claims(
        connection, origin.site_id, origin.origin_id, kind, told.position, baseline, now_ms,
        evidence=bytes.fromhex(told.signature),
    )  # fmt: skip
    await levels.add_levels(connection, {(origin.site_id, *key): delta for key, delta in deltas.items()})
    await origins.save_mark(connection, origin.origin_id, told.position, bytes.fromhex(told.chain_hash), now_ms)
    await exceptions.raise_exception(
        connection, origin.site_id, "beyond_retention", str(origin.origin_id),
        f"records {origin.mark + 1} to {told.position} are gone; the box's signed levels were booked instead",
        now_ms=now_ms, origin_id=origin.origin_id, sequence=told.position,
    )  # fmt: skip
