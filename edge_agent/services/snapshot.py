"""Take a whole catalogue over HTTPS and swap it in while the old one serves.

Chunks are kept as files under their hashes, so an interrupted download goes on where it
stopped, also after a restart; nothing is believed before its hash fits. Rows are staged in
short transactions, between which sales go on, while the next ones are read and the next
chunks are on their way; the swap, the cursor and the edits that this store made meanwhile
are one transaction.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import structlog

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import Unavailable
from edge_agent.services.applying import apply_change, reapply_local_edits
from edge_agent.services.disk import Disk
from edge_agent.services.outside import Hub
from edge_agent.services.people import drop_missing
from edge_agent.services.snapshot_rows import Rest, read_rows
from edge_agent.storage import identity, people, purchase_orders, staging
from edge_agent.storage.database import Database
from edge_agent.storage.files import make_private
from sync_protocol.batch import Verify
from sync_protocol.errors import ProtocolError
from sync_protocol.messages import FeedCursor
from sync_protocol.records import Decoded
from sync_protocol.snapshot import ChunkRef, Manifest, open_chunk, read_manifest

log = structlog.get_logger(__name__)

DOWNLOADS = 4
"""Chunks that are on their way at once."""
STAGED_AT_ONCE = 500
"""Products per transaction: a sale waits 2 ms for them, and Python keeps 2 MB of them later; whole chunks left 9."""


class Snapshots:
    """Fetches and stages snapshots of this box's site; one at a time."""

    def __init__(self, database: Database, hub: Hub, folder: Path, site_id: str, verify: Verify, disk: Disk) -> None:
        self._database, self._hub, self._folder = database, hub, folder
        self._site_id, self._verify, self._disk = site_id, verify, disk
        self._one = asyncio.Lock()

    async def fetch(self, feed_origin: str, clock_ms: int) -> FeedCursor:
        """The catalogue of this feed, swapped in; returns where the feed goes on."""
        async with self._one:
            manifest = await self._manifest("catalogue")
            if manifest.feed.origin_id != feed_origin:
                raise Unavailable("stale_snapshot", "the snapshot is of another feed; the next one will fit")
            rest = await self.stage(manifest)
            await self._database.write(swap, manifest, rest.changes, clock_ms)
            await self.forget()
            log.info("snapshot swapped in", products=manifest.products, position=manifest.feed.position)
            return manifest.feed

    async def fetch_successor(self) -> tuple[Manifest, Rest]:
        """A successor's bootstrap, staged; the caller swaps it in with its new origin."""
        async with self._one:
            manifest = await self._manifest("successor")
            return manifest, await self.stage(manifest)

    async def stage(self, manifest: Manifest) -> Rest:
        """Download what is missing and write the products beside the catalogue that serves."""
        if not self._disk.allows_optional:
            raise Unavailable("disk_tight", "a snapshot waits until there is room on the disk")
        await self._step_by_step(staging.clearing)
        await self._database.write(staging.begin_staging)
        rest, rows = Rest([], []), list[staging.Staged]()
        async with aclosing(self._arriving(manifest.chunks)) as chunks:
            async for ref in chunks:
                lines = await asyncio.to_thread(self._open, ref)
                for at in range(0, len(lines), STAGED_AT_ONCE):
                    _, rows = await asyncio.gather(
                        self._database.write(staging.stage_products, rows),
                        asyncio.to_thread(_rows_of, lines[at : at + STAGED_AT_ONCE], rest),
                    )
        await self._database.write(staging.stage_products, rows)
        await self._step_by_step(staging.sealing)
        return rest

    async def forget(self) -> None:
        """After the swap: give back the room of the chunk files and of the catalogue before."""
        for path in self._folder.glob("*"):
            path.unlink(missing_ok=True)
        await self._step_by_step(staging.clearing)

    async def _step_by_step(self, steps: Callable[[sqlite3.Connection], list[staging.Step]]) -> None:
        """Each in a transaction of its own, so that a sale waits for one of them only."""
        for step in await self._database.write(steps):
            await self._database.write(step)

    async def _manifest(self, kind: str) -> Manifest:
        manifest = read_manifest(await self._hub.manifest(kind), self._verify)
        if manifest.site_id != self._site_id or manifest.kind != kind:
            raise Unavailable("stale_snapshot", f"expected a {kind} of this site, got {manifest.kind}")
        return manifest

    async def _arriving(self, wanted: list[ChunkRef]) -> AsyncGenerator[ChunkRef, None]:
        """The chunks in their order, each when its file is here, while the next few are on their way."""
        make_private(self._folder)
        coming: deque[asyncio.Task[ChunkRef]] = deque()
        try:
            for ref in wanted:
                coming.append(asyncio.create_task(self._chunk(ref)))
                if len(coming) == DOWNLOADS:
                    yield await coming.popleft()
            while coming:
                yield await coming.popleft()
        finally:
            # After a failure nothing new is begun, and what is on its way is still kept.
            await asyncio.gather(*coming, return_exceptions=True)

    async def _chunk(self, ref: ChunkRef) -> ChunkRef:
        """Bring the chunk here, unless it is."""
        path = self._folder / ref.hash
        if path.exists() and path.stat().st_size == ref.bytes:
            return ref
        data = await self._hub.chunk(ref.hash)
        crashpoint("edge.snapshot.before_chunk")
        part = path.with_suffix(".part")
        await asyncio.to_thread(part.write_bytes, data)
        part.replace(path)
        crashpoint("edge.snapshot.after_chunk")
        return ref

    def _open(self, ref: ChunkRef) -> list[bytes]:
        """The lines of a chunk's file, which is not kept when it is not what its name says."""
        path = self._folder / ref.hash
        try:
            return open_chunk(ref.hash, path.read_bytes())
        except ProtocolError:
            path.unlink(missing_ok=True)
            raise


def _rows_of(lines: list[bytes], rest: Rest) -> list[staging.Staged]:
    return list(read_rows(lines, rest))


def swap(connection: sqlite3.Connection, manifest: Manifest, changes: list[Decoded], now_ms: int) -> None:
    """The staged catalogue is the catalogue: tables, the rest, local edits and cursor together."""
    crashpoint("edge.snapshot.before_swap")
    staging.swap(connection)
    purchase_orders.clear(connection)
    people.suspend_all(connection)
    for record in changes:
        apply_change(connection, record, now_ms)
    drop_missing(connection)
    reapply_local_edits(connection, _merged_up_to(connection, manifest))
    feed = manifest.feed
    identity.save_feed(connection, feed.origin_id, feed.position, bytes.fromhex(feed.hash))
    crashpoint("edge.snapshot.after_swap")


def _merged_up_to(connection: sqlite3.Connection, manifest: Manifest) -> int:
    """The position of this ledger whose edits the snapshot has in it already."""
    uplink = manifest.uplink
    if uplink is None or uplink.origin_id != identity.get(connection).origin_id:
        return 0
    return uplink.position
