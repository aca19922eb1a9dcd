"""The wide-area network and its broker, at their worst: nothing here keeps a promise.

A message may be lost, doubled, late, out of order, or come back from an older session; a
link may be cut in one direction or both; the broker may forget everything. Two machines with
one identity both listen to its topic: their client names differ by the start of the agent.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.simulation.timeline import Timeline

KEEPALIVE_MS = 30_000
OLD_MESSAGES = 40


class Receiver(Protocol):
    """The box at the end of a connection."""

    device_id: str

    def lost(self, connection: "Connection") -> None: ...
    def deliver(self, connection: "Connection", payload: bytes) -> None: ...


@dataclass(slots=True)
class Weather:
    """How one store's link behaves at the moment; chances in percent."""

    loss: int = 0
    twice: int = 0
    jitter_ms: int = 0
    latency_ms: int = 5
    up_is_cut: bool = False
    down_is_cut: bool = False
    stale: int = 0

    @property
    def is_cut(self) -> bool:
        return self.up_is_cut and self.down_is_cut


@dataclass(slots=True, eq=False)
class Connection:
    """One MQTT connection of one box."""

    box: Receiver
    origin_id: str
    weather: Weather
    is_open: bool = True


HubEnd = Callable[[str, str, bytes], None]
"""(device, origin, payload) as a hub worker gets them."""


class Broker:
    """Carries payloads between boxes and the hub, and counts what it did to them."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.connections: dict[Receiver, Connection] = {}
        self.hub_ends: list[HubEnd] = []
        self.met: Counter[str] = Counter()
        self.is_up = True
        self._old_down: dict[str, list[bytes]] = {}
        self._old_up: dict[str, list[tuple[str, bytes]]] = {}

    # --- connections ------------------------------------------------------------------

    def connect(self, box: Receiver, origin_id: str, weather: Weather) -> Connection | None:
        """A new connection, or None: the link is cut or the broker is away."""
        if not self.is_up or weather.up_is_cut or weather.down_is_cut:
            return None
        connection = Connection(box, origin_id, weather)
        self.connections[box] = connection
        return connection

    def drop(self, connection: Connection) -> None:
        """The connection ends; its box is told."""
        if not connection.is_open:
            return
        self.close(connection)
        self.timeline.after(1, connection.box.lost, connection)

    def close(self, connection: Connection) -> None:
        """The box itself hangs up: nobody needs to tell it."""
        connection.is_open = False
        if self.connections.get(connection.box) is connection:
            del self.connections[connection.box]

    def forget(self, away_ms: int) -> None:
        """kill -9 and an empty data directory: all connections and all that was on its way are gone."""
        self.is_up = False
        for connection in list(self.connections.values()):
            self.drop(connection)
        self.timeline.after(away_ms, self._back)

    def _back(self) -> None:
        self.is_up = True

    # --- messages ---------------------------------------------------------------------

    def up(self, connection: Connection, payload: bytes) -> None:
        """A box publishes."""
        if connection.is_open:
            old = self._old_up.setdefault(connection.box.device_id, [])
            old.append((connection.origin_id, payload))
            del old[:-OLD_MESSAGES]
            self._travel(connection.weather, self._arrive_up, connection, payload)

    def down(self, device_id: str, origin_id: str, payload: bytes) -> None:
        """The hub publishes to a box."""
        old = self._old_down.setdefault(device_id, [])
        old.append(payload)
        del old[:-OLD_MESSAGES]
        for connection in list(self.connections.values()):
            if connection.box.device_id == device_id and connection.origin_id == origin_id:
                self._travel(connection.weather, self._arrive_down, connection, payload)

    def _travel(
        self, weather: Weather, arrive: Callable[[Connection, bytes], None], connection: Connection, payload: bytes
    ) -> None:
        chance = self.timeline.random
        copies = 1
        if weather.loss and chance.randrange(100) < weather.loss:
            self.met["message lost"] += 1
            copies = 0
        elif weather.twice and chance.randrange(100) < weather.twice:
            self.met["message doubled"] += 1
            copies = 2
        for _ in range(copies):
            late = chance.randrange(weather.jitter_ms) if weather.jitter_ms else 0
            self.met["message out of order"] += late > 0
            self.timeline.after(weather.latency_ms + late, arrive, connection, payload)
        if weather.stale and chance.randrange(100) < weather.stale:
            self._replay(connection)

    def _replay(self, connection: Connection) -> None:
        """Something that was said long ago is said again (a retained or queued message)."""
        chance = self.timeline.random
        device = connection.box.device_id
        down = self._old_down.get(device)
        up = self._old_up.get(device)
        if down and chance.randrange(2):
            self.met["old message to the box"] += 1
            self.timeline.after(chance.randrange(1, 2_000), self._arrive_down, connection, chance.choice(down))
        elif up:
            self.met["old message to the hub"] += 1
            origin_id, payload = chance.choice(up)
            self.timeline.after(chance.randrange(1, 2_000), self._to_hub, device, origin_id, payload)

    def _arrive_up(self, connection: Connection, payload: bytes) -> None:
        if connection.weather.up_is_cut or not self.is_up:
            self.met["message lost"] += 1
            return
        self._to_hub(connection.box.device_id, connection.origin_id, payload)

    def _to_hub(self, device_id: str, origin_id: str, payload: bytes) -> None:
        for end in self.hub_ends:
            end(device_id, origin_id, payload)

    def _arrive_down(self, connection: Connection, payload: bytes) -> None:
        if connection.weather.down_is_cut or not connection.is_open or not self.is_up:
            self.met["message lost"] += 1
            return
        connection.box.deliver(connection, payload)

    def cut_noticed(self, weather: Weather) -> None:
        """The keep-alive of each connection over a cut link runs out."""
        if weather.up_is_cut or weather.down_is_cut:
            for connection in list(self.connections.values()):
                if connection.weather is weather:
                    self.drop(connection)
