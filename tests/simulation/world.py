"""One run: a chain of stores, a hub, a plan of faults; then everything is mended and must agree.

trade under faults -> mend -> wait until all agree (bounded) -> checks
"""

from collections import Counter
from typing import TYPE_CHECKING

from edge_agent.storage import identity, ledger, retention
from sync_protocol.edge_session import Link
from tests.simulation import formers, opening
from tests.simulation.box import Box
from tests.simulation.checks import anomalies
from tests.simulation.faults import FAULTS, FORGETTING, TAKE_OVERS, Fault
from tests.simulation.https import Https
from tests.simulation.hub import Hub
from tests.simulation.keys import Key
from tests.simulation.network import Broker, Weather
from tests.simulation.operator import Operator
from tests.simulation.power import Power
from tests.simulation.screen import Screen
from tests.simulation.store import Store
from tests.simulation.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

MOVEMENTS_MIN = 200
CONVERGE_MS = 600_000
"""All must agree within ten virtual minutes after the last fault."""
LOOK_MS = 2_000


class World:
    """Everything that exists in one run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.timeline = Timeline(seed)
        chance = self.timeline.random
        self.met: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.owed: list[tuple[int, str, tuple[str, ...]]] = []
        self.screen = Screen(self.timeline)
        self.power = Power()
        self.broker = Broker(self.timeline)
        self.broker.met = self.met
        self.https = Https(self)
        self.operator = Operator(self)
        self.hub_key = Key(b"hub")
        self.hub = Hub(self)
        self.product_ids = [self.timeline.identifier() for _ in range(chance.randrange(3, 13))]
        self.is_healing = False
        self.is_forgetful = seed % 16 == 8
        """Of the hub's backups only the first can be read; what boxes pruned since is gone."""
        self.length_ms = chance.randrange(60_000, 300_000)
        self.stores: list[Store] = []
        opening.stock_the_catalogue(self)
        catalogue = opening.load_the_catalogue(self)
        count = chance.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 8))
        for number in range(count):
            self.stores.append(
                opening.open_store(self, catalogue, number, 4 + MOVEMENTS_MIN // count + chance.randrange(10))
            )
        self.hub.now_shards()

    def key_of(self, device_id: str) -> Key:
        return Key(device_id.encode())

    def gtin(self, number: int) -> str:
        return f"{4_000_000_000_000 + number:014d}"

    # --- the plan ---------------------------------------------------------------------

    def run(self) -> bool:
        """Trade under faults, mend, converge; whether all agree in time."""
        chance = self.timeline.random
        for store in self.stores:
            store.box.start()
            store.open()
            self._again_and_again(
                store.work, lambda store=store: store.left > 0, 500, self.length_ms // max(store.left // 12, 2)
            )
        for _ in range(chance.randrange(3, 12)):
            self.timeline.after(chance.randrange(self.length_ms), self.operator.work)
        faults, most = (TAKE_OVERS, 14) if self.seed % 4 == 3 else (FAULTS, 8)
        if self.is_forgetful:
            faults = FORGETTING
            self.hub.back_up()
        for _ in range(chance.randrange(1, 4)):
            # Where take-overs are many, backups are old: the hub falls back behind several.
            self.timeline.after(chance.randrange(30_000 if faults is TAKE_OVERS else self.length_ms), self._back_up)
        for _ in range(chance.randrange(3, most)):
            self.timeline.after(chance.randrange(self.length_ms), self._strike, faults)
        self._again_and_again(self.operator.look, lambda: True, 2_000, 15_000)
        self._again_and_again(self._prune, lambda: not self.is_healing, 10_000, 60_000)
        self.timeline.run(self.length_ms)
        while any(store.left > 0 for store in self.stores) and self.timeline.now < 4 * self.length_ms:
            self.timeline.run(self.timeline.now + LOOK_MS)
        self.mend()
        return self.converge() and self._top_up()

    def _top_up(self) -> bool:
        """A schedule is of at least MOVEMENTS_MIN movements: what restored disks took away is traded again."""
        missing = MOVEMENTS_MIN - sum(row.encoded.startswith(b'["m"') for _, row in self.hub.tables.scan("ledger"))
        if missing <= 0:
            return True
        store = self.stores[0]
        store.left = missing + 5
        while store.left > 0:
            store.work()
        return self.converge()

    def mend(self) -> None:
        """No more faults; everybody is switched on."""
        self.is_healing = True
        self.timeline.note("mended")
        self.power.fuses.clear()
        for store in self.stores:
            for name, value in ((f, getattr(Weather(), f)) for f in Weather.__slots__):
                setattr(store.weather, name, value)
            for box in store.live_boxes():
                box.disk.free()
                box.start()
        for worker in self.hub.workers:
            worker.fuse = None
            if worker.is_paused:
                worker.wake()
            if not worker.is_on:
                worker.start()
        self.hub.now_shards()
        self.operator.give_again()
        for store in self.stores:
            is_one = len(store.live_boxes()) == 1 and store.box.standing is Link.STREAMING
            if is_one and retention.wrong_levels(store.box.database):
                # The nightly digest is due: a new conversation begins with one, or as a successor.
                self._reconnect(store.box)
                self.owed.append((self.timeline.now, store.site_id, ("digest_differs", "levels_rebuilt", "closed")))

    def _reconnect(self, box: Box) -> None:
        connection = self.broker.connections.get(box)
        if connection is not None:
            self.broker.drop(connection)

    def converge(self) -> bool:
        """Wait until nothing is left to say."""
        end = self.timeline.now + CONVERGE_MS
        while self.timeline.now < end:
            self.timeline.run(self.timeline.now + LOOK_MS)
            if self.is_settled():
                damaged = [store.box for store in self.stores if retention.wrong_levels(store.box.database)]
                if not damaged:
                    return True
                for box in damaged:
                    # A level was hit after the last digest: the next conversation begins with one.
                    self._reconnect(box)
        return False

    def is_settled(self) -> bool:
        """Every store has one box in conversation, the hub has all of it and it has all of its feed."""
        return (
            all(self._is_settled(store) for store in self.stores)
            and not any(branch[2] is None for _, branch in self.hub.tables.scan("branches"))
            and not anomalies.check(self)
        )

    def _is_settled(self, store: Store) -> bool:
        boxes = store.live_boxes()
        if len(boxes) != 1 or boxes[0].link is not Link.STREAMING:
            return False
        box, tables = boxes[0], self.hub.tables
        who = identity.get(box.database)
        row = tables.get("origins", who.origin_id)
        feed = self.hub.extend_feed(store.site_id)
        return (
            row is not None and row.mark == ledger.head(box.database)[0] == who.acked
            and formers.missing(tables, row) is None
            and (who.feed_origin, who.feed_cursor) == (feed.origin_id, feed.head)
            and all(
                tables.get("outcomes", key[0]) is not None
                for key, (site_id, _) in tables.scan("commands") if site_id == store.site_id
            )
        )  # fmt: skip

    def unsettled(self) -> list[str]:
        """Who does not agree yet, for a failing run."""
        found = []
        for store in self.stores:
            for box in store.live_boxes():
                who = identity.get(box.database)
                row = self.hub.tables.get("origins", who.origin_id)
                feed = self.hub.tables.get("feeds", store.site_id)
                detail = box.session.detail if box.session else ""
                found.append(
                    f"{box.name} is {box.link} ({detail}); head {ledger.head(box.database)[0]}, acked {who.acked}, "
                    f"mark {row and row.mark}; feed {who.feed_cursor} of {feed.head}"
                    f"{'' if who.feed_origin == feed.origin_id else ' of another origin'}"
                )
        open_commands = [
            k[0][-4:] for k, _ in self.hub.tables.scan("commands") if not self.hub.tables.get("outcomes", k[0])
        ]
        found += anomalies.check(self)
        return [*found, f"commands without outcome: {open_commands[:5]}"]

    # --- what faults need -------------------------------------------------------------

    def put_back(self, box: Box, image: bytes) -> None:
        """Replace a disk by an older image of itself; what only it held is gone."""
        box.disk.replace(image)
        box.standing = Link.OFFLINE
        self.mark_lost(box.store)

    def throw_away(self, box: Box) -> None:
        """Switch a machine off for ever."""
        box.retire()
        self.mark_lost(box.store)

    def restore_hub(self) -> None:
        """Put the hub back, then start it again; callers repeat what they miss."""
        self.hub.restore()
        for store in self.stores:
            self.mark_lost(store)
        delay = self.timeline.random.randrange(1_000, 20_000)
        self.timeline.after(delay, self.hub.start)
        self.timeline.after(delay + 5_000, self.operator.give_again)

    def mark_lost(self, store: Store) -> None:
        """Acts that no disk holds any more cannot be asked for later."""
        from tests.simulation.checks.sales import documents_held

        held = documents_held(self, store)
        for act in store.acts:
            if held[act.document] < act.lines:
                act.may_be_lost = True

    # --- what happens again and again ---------------------------------------------------

    def _strike(self, faults: tuple[Fault, ...]) -> None:
        fault = self.timeline.random.choice(faults)
        store = self.timeline.random.choice(self.stores)
        if not self.is_healing:
            self.timeline.note(f"fault: {fault.__name__} at store {store.number}")
            self.struck[fault.__name__] += 1
            fault(self, store)

    def _back_up(self) -> None:
        if any(worker.is_on for worker in self.hub.workers):
            self.hub.back_up()

    def _prune(self) -> None:
        for store in self.stores:
            for box in store.live_boxes():
                if box.is_on:
                    self.met["records pruned"] += box.prune(30_000)

    def _again_and_again(
        self, action: "Callable[[], None]", is_wanted: "Callable[[], bool]", least: int, most: int
    ) -> None:
        def step() -> None:
            if is_wanted():
                if not self.is_healing or action == self.operator.look:
                    action()
                self._again_and_again(action, is_wanted, least, most)

        self.timeline.after(self.timeline.random.randrange(least, max(most, least + 1)), step)
