"""The other way to the hub: snapshots and bootstraps, with the real manifest and chunks.

Downloads take time and fail when the link is cut. The rows are those of one moment of the
hub's tables; staging and swapping are the store box's own functions.
"""

from typing import TYPE_CHECKING

from edge_agent.services import recovery, snapshot
from edge_agent.services.snapshot_rows import Rest, read_rows
from edge_agent.storage import identity, ledger, staging
from sync_protocol import bootstrap, changes
from sync_protocol.effects import Become
from sync_protocol.errors import BadCertificate
from sync_protocol.messages import FeedCursor
from sync_protocol.records import encode
from sync_protocol.snapshot import Chunk, ChunkRef, Manifest, Uplink, chunk, open_chunk, read_manifest, sign_manifest

if TYPE_CHECKING:
    from tests.simulation.box import Box
    from tests.simulation.network import Connection
    from tests.simulation.world import World

_NO_KEY_BODY = b"\0" * 32


class Https:
    """Requests of boxes, answered a little later."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def fetch(self, box: "Box", connection: "Connection | None") -> None:
        """A catalogue snapshot."""
        self._later(box, self._fetched, box, connection)

    def bootstrap(self, box: "Box", connection: "Connection | None", wanted: Become) -> None:
        """A successor's bootstrap."""
        self._later(box, self._bootstrapped, box, connection, wanted)

    def _later(self, box: "Box", action: object, *args: object) -> None:
        timeline = self._world.timeline
        timeline.after(20 + box.weather.latency_ms + timeline.random.randrange(300), action, *args)  # type: ignore[arg-type]

    def _is_reachable(self, box: "Box") -> bool:
        weather = box.weather
        is_lost = self._world.timeline.random.randrange(100) < weather.loss
        is_up = any(worker.is_on for worker in self._world.hub.workers)
        return is_up and not (weather.up_is_cut or weather.down_is_cut or is_lost)

    def _fetched(self, box: "Box", connection: "Connection | None") -> None:
        if not self._is_reachable(box):
            box.snapshot_came(connection, None)
            return
        manifest, chunks = self._catalogue(box.store.site_id, "catalogue", [])

        def store_it() -> FeedCursor:
            checked, rest = _stage(box, manifest, chunks)
            box.write(snapshot.swap, checked, rest.changes, box.clock_ms())
            return checked.feed

        self._world.met["snapshot taken"] += 1
        box.snapshot_came(connection, store_it)

    def _bootstrapped(self, box: "Box", connection: "Connection | None", wanted: Become) -> None:
        if not self._is_reachable(box):
            box.succeeded(connection, None)
            return
        manifest, chunks = self._catalogue(box.store.site_id, "successor", self._bootstrap(box.store.site_id))

        def store_it() -> None:
            verify = self._world.hub_key.verify
            claims = recovery.check_claims(identity.get(box.database), wanted.certificate, box.device_id, verify)
            checked, rest = _stage(box, manifest, chunks)
            recovery.check_position(claims, checked)
            before = ledger.head(box.database)[0]
            self._world.met["record written while becoming"] += before - wanted.told_head
            box.write(recovery.open_origin, claims, wanted.certificate, wanted.told_head, checked, rest, box.clock_ms())
            self._world.met["successor opened"] += 1

        try:
            box.succeeded(connection, store_it)
        except BadCertificate:
            box.succeeded(connection, None)

    def _bootstrap(self, site_id: str) -> list[bytes]:
        """What a successor gets besides the catalogue: levels, keys, and what the origins before it had sent."""
        tables = self._world.hub.tables
        lines = [
            encode(bootstrap.level(key[1], key[2], quantity)) for key, quantity in tables.scan("levels", site_id)
            if quantity
        ]  # fmt: skip
        lines += [encode(bootstrap.used_key(key[1], _NO_KEY_BODY)) for key, _ in tables.scan("keys", site_id)]
        lines += [
            encode(bootstrap.used_key(f"adopt:{chain_hash}", _NO_KEY_BODY))
            for (chain_hash,), (origin_id, _) in tables.scan("adopted")
            if tables.get("origins", origin_id).site_id == site_id
        ]
        for (origin_id,), row in tables.scan("origins"):
            if row.site_id == site_id and row.is_closed:
                lines += [
                    encode(part) for key, stored in tables.scan("ledger", origin_id) if key[1] > row.safe_mark
                    for part in bootstrap.former(origin_id, key[1], stored.encoded, stored.chain_hash)
                ]  # fmt: skip
        return lines

    def _catalogue(self, site_id: str, kind: str, more: list[bytes]) -> tuple[Manifest, dict[str, Chunk]]:
        """One moment of the database as a signed manifest and its chunks."""
        hub = self._world.hub
        feed = hub.extend_feed(site_id)
        lines = [encode(changes.change(product)) for _, product in hub.tables.scan("products")]
        lines += [
            encode(changes.change(command)) for key, (site, command) in hub.tables.scan("commands")
            if site == site_id and hub.tables.get("outcomes", key[0]) is None
        ]  # fmt: skip
        lines += [encode(notice) for key, notice in hub.tables.scan("notices", site_id)]
        chunks = {piece.hash: piece for piece in chunk([*lines, *more])}
        origin_id = hub.tables.get("sites", site_id)
        row = hub.tables.get("origins", origin_id)
        uplink = Uplink(origin_id=origin_id, position=row.mark)
        if kind == "successor" and row.predecessor is not None and row.mark == 0:
            uplink = Uplink(origin_id=row.predecessor[0], position=row.predecessor[1])
        manifest = Manifest(
            site_id=site_id, kind="successor" if kind == "successor" else "catalogue", uplink=uplink,
            feed=FeedCursor(origin_id=feed.origin_id, position=feed.head, hash=feed.chain_hash.hex()),
            chunks=[ChunkRef(hash=c.hash, bytes=len(c.data), records=c.records) for c in chunks.values()],
            products=len(hub.tables.rows["products"]),
        )  # fmt: skip
        return sign_manifest(manifest, self._world.hub_key.sign), chunks


def _stage(box: "Box", manifest: Manifest, chunks: dict[str, Chunk]) -> tuple[Manifest, Rest]:
    """As Snapshots.stage does it, with the same functions."""
    checked = read_manifest(manifest.model_dump_json().encode(), box.world.hub_key.verify)
    rest = Rest([], [])
    box.write(staging.begin_staging)
    for ref in checked.chunks:
        lines = open_chunk(ref.hash, chunks[ref.hash].data)
        box.write(staging.stage_products, list(read_rows(lines, rest)))
    for step in box.write(staging.sealing):
        box.write(step)
    return checked, rest
