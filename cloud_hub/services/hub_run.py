"""Sites that the hub runs: their writer, and the one place that gives positions on its ledger.

The same ledger, chain and batches as a store's box makes; whoever appends holds the lock
of the origin's row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cloud_hub.domain.intake import KnownItem, Plan, at, plan
from cloud_hub.domain.posting import Row
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.following import Share
from cloud_hub.services.ports import Sign
from cloud_hub.services.registering import new_id
from cloud_hub.services.writing import append_all
from cloud_hub.storage import batches, hub_state, origins, postings
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from sync_protocol import batch, chain
from sync_protocol.limits import BATCH_RECORDS_BACKLOG
from sync_protocol.receiver import Accepted
from sync_protocol.records import Fact, Item, Movement, encode


async def writer_of(connection: Connection, site_id: str, now_ms: int) -> Origin:
    """The open origin of a hub-run site, locked; begun at its first posting. Raises NotFound, Conflict."""
    origin = await origins.lock_own(connection, site_id)
    if origin is not None:
        return origin
    kind = await postings.lock_site(connection, site_id)
    if kind is None:
        raise NotFound("site", "no such site")
    if kind == "hub" and await origins.lock_open(connection, site_id) is None:
        await _begin(connection, site_id, now_ms)
    origin = await origins.lock_own(connection, site_id)
    if kind != "hub" or origin is None:
        raise Conflict("site_has_a_box", "expected a site that the hub runs; a store's stock is changed by its box")
    return origin


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records with their places on a ledger that is locked, not written yet."""

    origin: Origin
    encoded: list[bytes]
    hashes: list[bytes]
    made: Plan
    items: Mapping[int, KnownItem]

    @property
    def after(self) -> Origin:
        """The origin once they are written."""
        return replace(self.origin, mark=self.made.mark, chain_hash=self.made.mark_hash)

    @property
    def rows(self) -> dict[int, Row]:
        """The movements, by their index among the records."""
        first = self.origin.mark + 1
        return {row[2] - first: Row(str(row[4]), row[2]) for row in self.made.movements}


def stretch_of(
    origin: Origin, records: Sequence[Item | Movement | Fact], items: Mapping[int, KnownItem], now_ms: int
) -> Stretch:
    """Give records (one at least) the next places; `items` are those that movements refer to and no record defines."""
    encoded = [encode(record) for record in records]
    hashes = chain.extend_each(origin.chain_hash, encoded)
    accepted = Accepted(origin.mark + 1, list(zip(encoded, records, strict=True)), hashes, [])
    made = plan(accepted, site_id=origin.site_id, origin_id=origin.origin_id, items=items, recorded_at=at(now_ms))
    return Stretch(origin, encoded, hashes, made, items)


async def append(connection: Connection, stretch: Stretch, *, sign: Sign, now_ms: int) -> None:
    """Write a stretch to its ledger."""
    kept = _sealed(stretch.origin, stretch.encoded, stretch.hashes, sign)
    await append_all(connection, [Share(stretch.origin, stretch.made, dict(stretch.items))], kept, now_ms)


async def say(connection: Connection, origin: Origin, told: Sequence[Fact], *, sign: Sign, now_ms: int) -> None:
    """Write facts that no movement makes."""
    if told:
        await append(connection, stretch_of(origin, told, {}, now_ms), sign=sign, now_ms=now_ms)


def _sealed(origin: Origin, encoded: list[bytes], hashes: list[bytes], sign: Sign) -> list[batches.Kept]:
    kept = []
    for start in range(0, len(encoded), BATCH_RECORDS_BACKLOG):
        part = encoded[start : start + BATCH_RECORDS_BACKLOG]
        before = hashes[start - 1] if start else origin.chain_hash
        sealed = batch.seal(str(origin.origin_id), origin.mark + 1 + start, before, part, sign)
        kept.append((origin.site_id, batch.parse(sealed), sealed))
    return kept


async def _begin(connection: Connection, site_id: str, now_ms: int) -> None:
    state = await hub_state.get(connection)
    origin_id = new_id()
    await origins.insert_origin(
        connection,
        site_id=site_id,
        origin_id=origin_id,
        device_id=state.hub_id,
        public_key=state.public_key or bytes(32),
        mark=0,
        chain_hash=chain.genesis(site_id, origin_id),
        opened_at=now_ms,
        predecessor_origin=None,
        predecessor_position=None,
        predecessor_hash=None,
    )
    await origins.set_writer(connection, site_id, origin_id)
