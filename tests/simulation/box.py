"""One store box: the real EdgeSession on the real storage, and a shell that carries out its effects.

What edge_agent/services/{link,conversation,marks}.py do with threads and a network, this
does inline in virtual time with the same functions. Power may fail at every registered
crash point: what is not committed is gone, and all memory with it. The disk survives.
"""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge_agent.errors import EdgeError
from edge_agent.services import generation, pruning, uplink
from edge_agent.storage import identity, ledger
from edge_agent.storage.commits import as_unavailable
from edge_agent.storage.database import transact
from sync_protocol import messages as say
from sync_protocol.clock import full_jitter
from sync_protocol.edge_session import EdgeSession, Link
from sync_protocol.limits import RECONNECT_BASE_MS, RECONNECT_CAP_MS
from tests.simulation.disk import Disk
from tests.simulation.effects import Memory, carry_out
from tests.simulation.network import Connection, Weather
from tests.simulation.power import PowerCut

if TYPE_CHECKING:
    from tests.simulation.store import Store
    from tests.simulation.world import World

START_MS = 2_000
EPOCH_MS = 1_790_000_000_000
"""What a right clock says at virtual time 0."""


class Box:
    """A machine with a disk, a clock, a link and, while it has power, an agent."""

    def __init__(self, world: "World", store: "Store", name: str, device_id: str, disk: Disk, weather: Weather) -> None:
        self.world, self.store, self.name, self.device_id = world, store, name, device_id
        self.disk, self.weather = disk, weather
        self.clock_error = 0
        self.is_on = False
        self.is_retired = False
        self.side_file: generation.Generation | None = None
        self.session: EdgeSession | None = None
        self.instance = ""
        self.origin_id = ""
        self.standing = Link.OFFLINE
        """The last thing that the hub made of this box; a lost connection does not change it."""
        self.connection: Connection | None = None
        self._attempt = 0
        self._life = 0
        self._timer_at: int | None = None
        self._is_pumping = False
        self.memory = Memory()

    # --- power ------------------------------------------------------------------------

    def start(self) -> None:
        """Power is back, or the agent was started."""
        if self.is_on or self.is_retired:
            return
        self.is_on = True
        self._life += 1
        self._attempt = 0
        self.instance = self.world.timeline.token()
        self.guarded(self._boot)
        if self.is_on:
            self.later(self.world.timeline.random.randrange(1_000), self._connect)

    def _boot(self) -> None:
        started = self.write(generation.start, self.side_file)
        who = identity.get(self.database)
        self.origin_id = who.origin_id
        self.session = EdgeSession(verify_hub=self.world.hub_key.verify, batch_records_max=self.store.batch_records)
        self.remember(started.boot, started.head)
        self.world.timeline.note(f"{self.name} started, boot {started.boot}, head {started.head}")

    def remember(self, boot: int | None = None, head: int | None = None) -> None:
        """Write the side file, as the agent does now and then."""
        who = identity.get(self.database)
        self.side_file = generation.Generation(
            who.origin_id,
            who.boot if boot is None else boot,
            ledger.last_position(self.database) if head is None else head,
        )

    def cut_power(self) -> None:
        """All memory is lost; an open transaction is rolled back by whoever opens the file next."""
        if not self.is_on:
            return
        self.world.timeline.note(f"{self.name} lost power")
        self.is_on = False
        self._life += 1
        self.session, self._timer_at, self._is_pumping, self.memory = None, None, False, Memory()
        if self.connection is not None:
            self.world.broker.close(self.connection)
            self.connection = None
        self.disk.settle()

    def retire(self) -> None:
        """A person pulls the plug for ever."""
        self.cut_power()
        self.is_retired = True

    # --- the database -----------------------------------------------------------------

    @property
    def database(self) -> sqlite3.Connection:
        return self.disk.connection

    def write(self, function: Callable[..., Any], *args: Any) -> Any:
        """As Database.write: one transaction; raises EdgeError for a full disk."""
        try:
            return transact(self.database, function, *args)
        except sqlite3.Error as error:
            raise as_unavailable(error) from error

    def clock_ms(self) -> int:
        """What this box believes the time is."""
        return EPOCH_MS + self.world.timeline.now + self.clock_error

    # --- the conversation -------------------------------------------------------------

    @property
    def link(self) -> Link:
        return Link.OFFLINE if self.session is None else self.session.link

    def lost(self, connection: Connection) -> None:
        """The broker or the network ended the connection."""
        if connection is self.connection:
            self.hang_up("connection lost")

    def deliver(self, connection: Connection, payload: bytes) -> None:
        """A payload from the origin's down topic."""
        if connection is not self.connection or self.session is None:
            return
        session, now = self.session, self.world.timeline.now
        self.guarded(lambda: carry_out(self, session.received(payload, now=now, clock_ms=self.clock_ms())))

    def grown(self) -> None:
        """The ledger was written to; whoever guards the step looks afterwards what follows from it."""
        if self.session is not None:
            self.session.appended(ledger.last_position(self.database), now=self.world.timeline.now)

    def _connect(self) -> None:
        if self.connection is not None or self.session is None:
            return
        connection = self.world.broker.connect(self, self.origin_id, self.weather)
        if connection is None:
            self._again()
            return
        self.connection = connection
        self.guarded(self._greet)

    def _greet(self) -> None:
        assert self.session is not None
        timeline = self.world.timeline
        effects = self.session.connected(
            uplink.view(self.database, self.instance), timeline.token(), now=timeline.now, clock_ms=self.clock_ms()
        )
        carry_out(self, effects)

    def _again(self) -> None:
        self._attempt += 1
        wait = full_jitter(self._attempt, RECONNECT_BASE_MS, RECONNECT_CAP_MS, self.world.timeline.random.random)
        self.later(wait, self._connect)

    def hang_up(self, why: str) -> None:
        self.world.timeline.note(f"{self.name} hangs up: {why}")
        if self.connection is not None:
            self.world.broker.close(self.connection)
            self.connection = None
        if self.session is not None:
            self.session.disconnected()
            self._again()

    # --- waiting ----------------------------------------------------------------------

    def later(self, delay: int, action: Callable[..., None], *args: Any) -> None:
        """Do it then, if this life of the agent lasts that long."""
        self.world.timeline.after(delay, self._if_alive, self._life, action, args)

    def _if_alive(self, life: int, action: Callable[..., None], args: tuple[Any, ...]) -> None:
        if life == self._life and self.is_on:
            action(*args)

    def guarded(self, action: Callable[[], None]) -> None:
        """Run a step of the agent: power may fail in it, the disk may be full."""
        life, power = self._life, self.world.power
        power.feed(self)
        try:
            action()
        except PowerCut:
            self.world.met["power cut at a crash point"] += 1
            self.cut_power()
            self.world.timeline.after(self.world.timeline.random.randrange(500, 20_000), self.start)
            return
        except EdgeError as error:
            self.world.timeline.note(f"{self.name} {error.code}")
            self.world.screen.show(self.store.site_id, error.code)
            self.hang_up(error.code)
        finally:
            power.rest()
        if life == self._life:
            self._wake()

    def _wake(self) -> None:
        """Publish what can be published and look at the timers."""
        session = self.session
        if session is None or self.connection is None:
            return
        if session.link in (Link.STREAMING, Link.SALVAGING, Link.FENCED):
            self.standing = session.link
        if not self._is_pumping and session.next_range(self.world.timeline.now) is not None:
            self._is_pumping = True
            self.later(self.store.linger_ms, self._pump)
        due = session.timer()
        if due is not None and (self._timer_at is None or due < self._timer_at):
            self._timer_at = due
            self.later(due - self.world.timeline.now, self._on_timer, due)

    def _on_timer(self, due: int) -> None:
        if self._timer_at != due:
            return
        self._timer_at = None
        session = self.session
        if session is not None and self.connection is not None:
            self.guarded(lambda: carry_out(self, session.on_timer(self.world.timeline.now)))

    def _pump(self) -> None:
        self._is_pumping = False
        if self.connection is not None:
            self.guarded(self._send_ranges)

    def _send_ranges(self) -> None:
        session = self.session
        assert session is not None
        while (wanted := session.next_range(self.world.timeline.now)) is not None and self.connection is not None:
            previous, encoded = uplink.read_range(self.database, wanted)
            sent, sealed = uplink.seal(self.origin_id, wanted, previous, encoded, self.store.key.sign)
            self.world.power.at("edge.link.before_publish")
            assert session.sender.lease is not None
            self.publish(say.frame(session.sender.lease, sealed))
            session.published(sent)
            self.world.power.at("edge.link.after_publish")

    def publish(self, data: bytes) -> None:
        if self.connection is not None:
            self.world.broker.up(self.connection, data)

    def snapshot_came(self, connection: Connection | None, store_it: Callable[[], say.FeedCursor] | None) -> None:
        """The download ended: with the swap to do, or with nothing."""
        if connection is not self.connection or self.session is None:
            return
        if store_it is None:
            self.hang_up("no snapshot")
            return
        self.guarded(lambda: self._swap(store_it))

    def _swap(self, store_it: Callable[[], say.FeedCursor]) -> None:
        cursor = store_it()
        self.grown()
        assert self.session is not None
        carry_out(self, self.session.snapshot_done(cursor))

    def succeeded(self, connection: Connection | None, store_it: Callable[[], None] | None) -> None:
        """The bootstrap of a successor origin came down, or did not."""
        if connection is not self.connection or self.session is None:
            return
        if store_it is not None:
            self.guarded(lambda: self._open_origin(store_it))
        if self.is_on and connection is self.connection:
            self.hang_up("a successor origin was opened")

    def _open_origin(self, store_it: Callable[[], None]) -> None:
        store_it()
        self.origin_id = identity.get(self.database).origin_id
        self.memory.notes = []
        self.standing = Link.OFFLINE
        self.session = EdgeSession(verify_hub=self.world.hub_key.verify, batch_records_max=self.store.batch_records)

    def prune(self, retention_ms: int) -> int:
        """What the agent does once a day."""
        gone = 0

        def step() -> None:
            nonlocal gone
            gone = self.write(pruning.prune, self.memory.notes, self.clock_ms(), retention_ms)

        self.guarded(step)
        return gone
