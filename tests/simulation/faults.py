"""The ways in which the world misbehaves. Each strikes once, for a while, somewhere.

A fault is a function of the world and of one store. It books what it did under its name in
`world.met`; what it must leave on an operator's screen it adds to `world.owed`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from edge_agent.storage import ledger
from tests.simulation.disk import Disk
from tests.simulation.network import KEEPALIVE_MS

if TYPE_CHECKING:
    from tests.simulation.store import Store
    from tests.simulation.world import World

Fault = Callable[["World", "Store"], None]


def loss(world: "World", store: "Store") -> None:
    _for_a_while(world, store, "loss", world.timeline.random.randrange(5, 50))


def doubling(world: "World", store: "Store") -> None:
    _for_a_while(world, store, "twice", world.timeline.random.randrange(5, 60))


def reordering(world: "World", store: "Store") -> None:
    _for_a_while(world, store, "jitter_ms", world.timeline.random.randrange(50, 4_000))


def slowness(world: "World", store: "Store") -> None:
    _for_a_while(world, store, "latency_ms", world.timeline.random.randrange(500, 5_000))


def old_messages(world: "World", store: "Store") -> None:
    _for_a_while(world, store, "stale", world.timeline.random.randrange(10, 60))


def partition(world: "World", store: "Store") -> None:
    _cut(world, store, up=True, down=True)


def partition_of_the_way_up(world: "World", store: "Store") -> None:
    _cut(world, store, up=True, down=False)


def partition_of_the_way_down(world: "World", store: "Store") -> None:
    _cut(world, store, up=False, down=True)


def connection_drop(world: "World", store: "Store") -> None:
    connection = world.broker.connections.get(store.box)
    if connection is not None:
        world.broker.drop(connection)


def broker_that_forgets(world: "World", store: "Store") -> None:
    world.broker.forget(world.timeline.random.randrange(100, 10_000))


def box_crash(world: "World", store: "Store") -> None:
    """The power goes at one of the next crash points."""
    world.power.burn(store.box, world.timeline.random.randrange(60))


def box_power_cut(world: "World", store: "Store") -> None:
    box = store.box
    box.cut_power()
    world.timeline.after(world.timeline.random.randrange(1_000, 60_000), box.start)


def worker_crash(world: "World", store: "Store") -> None:
    """One hub worker dies at one of its next points, between commit and answer among others."""
    world.timeline.random.choice(world.hub.workers).fuse = world.timeline.random.randrange(20)


def zombie_worker(world: "World", store: "Store") -> None:
    """One hub worker stands still, the other takes its shards, the first wakes up and believes it has them."""
    worker = world.timeline.random.choice(world.hub.workers)
    worker.pause()
    others = [other for other in world.hub.workers if other is not worker]
    for other in others:
        world.timeline.after(15_000, other.take_shards, set(range(64)))
    pause = world.timeline.random.randrange(2_000, 60_000)
    world.timeline.after(pause, worker.wake)
    world.timeline.after(pause + 20_000, world.hub.now_shards)


def hub_down(world: "World", store: "Store") -> None:
    for worker in world.hub.workers:
        worker.stop()
    world.timeline.after(world.timeline.random.randrange(1_000, 60_000), world.hub.start)


def clock_jump(world: "World", store: "Store") -> None:
    store.box.clock_error = world.timeline.random.choice(
        (-1_790_000_000_000, -7_200_000, -86_400_000, 3_600_000, 7 * 86_400_000, 315_000_000_000)
    )


def disk_full(world: "World", store: "Store") -> None:
    box = store.box
    box.disk.fill()
    world.timeline.after(world.timeline.random.randrange(2_000, 40_000), lambda: box.disk.free())


def damaged_level(world: "World", store: "Store") -> None:
    """A bit flips in a level of the box; the ledger is intact."""
    database = store.box.database
    row = database.execute("SELECT product_id, location FROM levels ORDER BY 1, 2 LIMIT 1").fetchone()
    if row is not None and not database.in_transaction:
        database.execute("UPDATE levels SET quantity = quantity + 7000 WHERE product_id = ? AND location = ?", row)


def restored_box(world: "World", store: "Store") -> None:
    """The box is put back to an image of an hour ago; half of the time it does not even know."""
    box = store.box
    image, side_file = box.disk.image(), box.side_file
    if not world.timeline.random.randrange(2):
        side_file = None
    delay = world.timeline.random.randrange(5_000, 60_000)

    def put_back() -> None:
        if world.is_healing or box.is_retired or ledger.last_position(box.database) < 1:
            return
        box.cut_power()
        world.put_back(box, image)
        if side_file is None:
            box.side_file = None
        world.timeline.after(world.timeline.random.randrange(500, 20_000), box.start)

    world.timeline.after(delay, put_back)


def cloned_box(world: "World", store: "Store") -> None:
    """A second machine runs from a copy of the first one's disk, with the same identity and keys."""
    from tests.simulation.box import Box

    first = store.box
    if len(store.live_boxes()) > 1:
        return
    clone = Box(world, store, f"{first.name}'", store.device_id, Disk(first.disk.image()), store.weather)
    clone.side_file = first.side_file
    store.boxes.append(clone)
    clone.start()


def restored_hub(world: "World", store: "Store") -> None:
    """The hub is put back to its newest verified backup."""
    if world.is_healing:
        return
    if not world.hub.backups:
        world.hub.back_up()
        world.timeline.after(world.timeline.random.randrange(5_000, 60_000), restored_hub, world, store)
        return
    world.restore_hub()


FAULTS: tuple[Fault, ...] = (
    loss, doubling, reordering, slowness, old_messages, partition, partition_of_the_way_up,
    partition_of_the_way_down, connection_drop, broker_that_forgets, box_crash, box_power_cut, worker_crash,
    zombie_worker, hub_down, clock_jump, disk_full, damaged_level, restored_box, cloned_box, restored_hub,
)  # fmt: skip

TAKE_OVERS: tuple[Fault, ...] = (
    cloned_box, restored_box, restored_box, restored_hub, restored_hub, loss, doubling, connection_drop, box_crash,
    worker_crash,
)  # fmt: skip
"""What every fourth schedule is made of: boxes succeed each other, and the hub falls back behind that."""

FORGETTING = tuple(fault for fault in FAULTS if fault not in (restored_box, cloned_box)) + 4 * (restored_hub,)
"""What every sixteenth schedule is made of: of the hub's backups only the first can be read, from before what
the boxes have pruned since."""


def _for_a_while(world: "World", store: "Store", what: str, value: int) -> None:
    normal = getattr(store.weather, what)
    setattr(store.weather, what, value)

    def end() -> None:
        # Once all is mended it stays: of two faults of a kind, what one found normal was the other.
        if not world.is_healing:
            setattr(store.weather, what, normal)

    world.timeline.after(world.timeline.random.randrange(5_000, 90_000), end)


def _cut(world: "World", store: "Store", *, up: bool, down: bool) -> None:
    weather, timeline = store.weather, world.timeline
    weather.up_is_cut |= up
    weather.down_is_cut |= down
    length = timeline.random.randrange(1_000, 120_000)
    if length > KEEPALIVE_MS:
        timeline.after(KEEPALIVE_MS, world.broker.cut_noticed, weather)
    timeline.after(length, setattr, weather, "up_is_cut", False)
    timeline.after(length, setattr, weather, "down_is_cut", False)
