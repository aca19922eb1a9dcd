"""Head office: one database, two ingest workers over it, and what people there can do.

The workers share nothing but the tables and the locks in them, as in production. A backup
is a copy of the tables; a restore stops the workers, puts the copy back and opens a new
`hub_epoch` with new feed origins before anybody is answered.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_protocol import chain, changes
from sync_protocol.keys import Claims, issue
from sync_protocol.records import Fact, encode
from tests.simulation import formers
from tests.simulation.box import EPOCH_MS
from tests.simulation.tables import Feed, Origin, Snapshot, Stored, Tables, Transaction
from tests.simulation.worker import Worker

if TYPE_CHECKING:
    from tests.simulation.store import Store
    from tests.simulation.world import World

LEASE_MS = 15_000
"""How long a dead worker's shards stay its own."""


class Hub:
    """The tables, the locks, the workers."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.tables = Tables()
        self.locks: dict[Any, Worker] = {}
        self.backups: list[tuple[int, Snapshot]] = []
        self.epochs_told = 0
        self.successions: list[str] = []
        """Certificates of take-overs whose boxes have come; in the state folder, not in the database."""
        self._announced = 0
        self.tables.rows["hub"]["epoch",] = 1
        self.tables.rows["hub"]["changes",] = 0
        self.workers = [Worker(self, number) for number in range(2)]
        world.broker.hub_ends += [worker.receive for worker in self.workers]

    @property
    def epoch(self) -> int:
        epoch: int = self.tables.get("hub", "epoch")
        return epoch

    def clock_ms(self) -> int:
        return EPOCH_MS + self.world.timeline.now

    def now_shards(self) -> None:
        """Each shard belongs to a worker that lives, half and half if both do."""
        alive = [worker for worker in self.workers if worker.is_on]
        for worker in self.workers:
            worker.take_shards({s for s in range(64) if alive and alive[s % len(alive)] is worker})

    # --- enrolment --------------------------------------------------------------------

    def enrol(self, store: "Store") -> str:
        """Register a store with its first origin; returns the certificate."""
        origin_id = self.world.timeline.identifier()
        certificate = self.certify(store.site_id, store.device_id, origin_id)
        feed_origin = self.world.timeline.identifier()
        txn = Transaction(self.tables)
        txn.put("origins", origin_id, Origin(
            site_id=store.site_id, device_id=store.device_id, certificate=certificate, mark=0,
            chain_hash=chain.genesis(store.site_id, origin_id),
        ))  # fmt: skip
        txn.put("sites", store.site_id, origin_id)
        txn.put("feeds", store.site_id, Feed(feed_origin, 0, chain.genesis(store.site_id, feed_origin), 0))
        txn.commit()
        return certificate

    def certify(self, site_id: str, device_id: str, origin_id: str, **past: Any) -> str:
        claims = Claims(
            site_id=site_id, device_id=device_id, origin_id=origin_id, public_key=device_id,
            hub_epoch=self.epoch, issued_at=self.clock_ms(), **past,
        )  # fmt: skip
        return issue(claims, self.world.hub_key.sign)

    # --- changes ----------------------------------------------------------------------

    def do(self, body: Callable[[Transaction], None]) -> bool:
        """A person's or the API's transaction; False when the hub is not there."""
        if not any(worker.is_on for worker in self.workers):
            return False
        txn = Transaction(self.tables)
        body(txn)
        txn.commit()
        self.announce()
        return True

    def announce(self) -> None:
        """There may be something new for the feeds (a NOTIFY in production)."""
        last = self.tables.get("hub", "changes")
        if last == self._announced:
            return
        self._announced = last
        for worker in self.workers:
            if worker.is_on:
                worker.feed_all()

    def next_version(self, txn: Transaction) -> tuple[int, int]:
        txn.add("hub", "version", 1)
        return txn.get("hub", "epoch"), txn.get("hub", "version")

    @staticmethod
    def add_change(txn: Transaction, scope: str | None, record: Fact) -> None:
        """One more change, for one site or for all; positions are given in commit order."""
        txn.add("hub", "changes", 1)
        txn.put("changes", txn.get("hub", "changes"), (scope, encode(record)))

    def extend_feed(self, site_id: str) -> Feed:
        """Give the changes that this site's feed has not taken their positions in it; commits at once."""
        feed: Feed = self.tables.get("feeds", site_id)
        last = self.tables.get("hub", "changes")
        if last <= feed.taken:
            return feed
        txn = Transaction(self.tables)
        head, chain_hash = feed.head, feed.chain_hash
        for number in range(feed.taken + 1, last + 1):
            scope, encoded = txn.get("changes", number)
            if scope in (None, site_id):
                head, chain_hash = head + 1, chain.extend(chain_hash, encoded)
                txn.put("feed_records", feed.origin_id, head, Stored(encoded, chain_hash))
        feed = feed._replace(head=head, chain_hash=chain_hash, taken=last)
        txn.put("feeds", site_id, feed)
        txn.commit()
        return feed

    @staticmethod
    def feed_hash(txn: Transaction | Tables, site_id: str, feed_origin: str, position: int) -> bytes | None:
        if position == 0:
            return chain.genesis(site_id, feed_origin)
        found = txn.get("feed_records", feed_origin, position)
        return None if found is None else found.chain_hash

    # --- backup and restore -----------------------------------------------------------

    def back_up(self) -> None:
        """A verified backup: what it contains is safe, and the boxes are told."""
        snapshot = self.tables.snapshot()
        self.backups.append((self.world.timeline.now, snapshot))
        for (origin_id,), row in list(self.tables.rows["origins"].items()):
            self.tables.rows["origins"][origin_id,] = row._replace(safe_mark=row.mark)
        for (site_id,), feed in list(self.tables.rows["feeds"].items()):
            self.tables.rows["feeds"][site_id,] = feed._replace(safe_mark=feed.head)
        for worker in self.workers:
            if worker.is_on:
                worker.tell_safe()
        self.world.timeline.note("hub backed up")

    def restore(self) -> None:
        """The newest backup (or what can be read of them), a new epoch, new feed origins; then the workers start."""
        for worker in self.workers:
            worker.stop()
        self.locks.clear()
        self._announced = -1
        epoch = max(self.epoch, self.epochs_told)
        self.tables.restore(self.backups[0 if self.world.is_forgetful else -1][1])
        txn = Transaction(self.tables)
        txn.put("hub", "epoch", max(self.epoch, epoch) + 1)
        for (site_id,), feed in self.tables.scan("feeds"):
            origin_id = self.world.timeline.identifier()
            fork = Feed(origin_id, 0, chain.genesis(site_id, origin_id), txn.get("hub", "changes"))
            txn.put("feeds", site_id, fork)
            txn.put("returned", feed.origin_id, (site_id, feed.head))
        for (origin_id,), row in self.tables.scan("origins"):
            txn.put("origins", origin_id, row._replace(lease=None, salvage=None, safe_mark=row.mark))
        for certificate in self.successions:
            formers.register_again(txn, certificate, self.world.hub_key.verify)
        txn.commit()
        self.world.timeline.note(f"hub restored, epoch {self.epoch}")
        self.world.screen.show(None, "hub_restored")

    def start(self) -> None:
        for worker in self.workers:
            worker.start()


def product_record(row: changes.Product) -> Fact:
    """The feed record of a product row."""
    return changes.change(row)
