"""A hub's core in this process on a real PostgreSQL, and boxes that speak the real protocol with it."""

import itertools
import os
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import uuid_utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_hub.services import registering
from cloud_hub.services.commands import create_command
from cloud_hub.services.exchange import Exchange
from cloud_hub.services.feed import Feeder
from cloud_hub.services.intake import Intake
from cloud_hub.services.judging import Frame
from cloud_hub.services.recovery import Recovery
from cloud_hub.services.returned import Returned
from cloud_hub.services.sessions import Sessions
from cloud_hub.storage import hub_state
from cloud_hub.storage.database import Database
from sync_protocol import batch, chain, messages
from sync_protocol import edge_session as edge
from sync_protocol.effects import ApplyFeed
from sync_protocol.handshake import checkpoint_positions
from sync_protocol.keys import Claims, issue, verifier
from sync_protocol.records import Fact, Item, Movement, decode, encode
from sync_protocol.topics import Address

START_MS = 1_790_000_000_000


class Deny:
    """What is kept outside the database: revocations, and take-overs whose boxes have come."""

    def __init__(self) -> None:
        self.devices: set[str] = set()
        self.certificates: list[str] = []

    def is_denied(self, device_id: str) -> bool:
        return device_id in self.devices

    def note_succession(self, certificate: str) -> None:
        self.certificates.append(certificate)

    def successions(self) -> list[str]:
        return self.certificates


@dataclass
class Wire:
    """The downlink port, held in memory: what the hub has sent and no box has taken yet."""

    sent: dict[Address, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def send(self, address: Address, payload: bytes) -> bool:
        self.sent[address].append(payload)
        return True


class Clock:
    """Wall and monotonic time of the test, moved by hand."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


class HubCore:
    """One hub worker without a broker."""

    def __init__(self, database: Database, key: Ed25519PrivateKey, clock: Clock, *, hellos_max: int = 64) -> None:
        self.database, self.key, self.clock, self.deny = database, key, clock, Deny()
        self.wire = Wire()
        self.verify = verifier(key.public_key().public_bytes_raw())
        self._tokens = itertools.count(1)
        prefix = os.urandom(4).hex()
        self.sessions = Sessions(
            database,
            sign=key.sign,
            verify=self.verify,
            deny=self.deny,
            successions=self.deny,
            now=clock,
            token=lambda: f"{prefix}{next(self._tokens):08x}",
            random=lambda: 0.5,
            hellos_max=hellos_max,
        )
        self.intake = Intake(database)
        self.exchange = Exchange(
            database,
            sessions=self.sessions,
            intake=self.intake,
            feeder=Feeder(database, sign=key.sign),
            returned=Returned(database, verify=self.verify),
            downlink=self.wire,
            now=clock,
            monotonic=clock,
        )
        self.recovery = Recovery(database, sign=key.sign)

    def another(self) -> "HubCore":
        """A second worker on the same database."""
        return HubCore(self.database, self.key, self.clock)

    async def take(self, address: Address, frames: list[Frame]) -> list[bytes]:
        """What intake answers one origin."""
        (answers,) = await self.intake.take([(address, frames)], self.clock())
        return answers

    async def hear(self, address: Address, payloads: Iterable[bytes]) -> None:
        """Payloads of one origin come in."""
        await self.exchange.handle([(address, deque(payloads))])

    async def talk(self, boxes: "Sequence[Box]") -> None:
        """Boxes that speak at the same time, and the hub, until nobody has anything to say."""
        for _ in range(1_000):
            turns = [(box.address, deque(outbox)) for box in boxes if (outbox := box.speak())]
            await self.exchange.handle(turns)
            heard = [box.hear() for box in boxes]
            if not turns and not any(heard):
                return
        raise AssertionError("they never stop talking")

    async def make_site(self, kind: str = "edge") -> str:
        site_id = str(uuid4())
        await self.execute(
            "INSERT INTO sites (id, code, name, kind, created_at) VALUES ($1, $2, $2, $3, 0)",
            site_id,
            site_id[:8],
            kind,
        )
        return site_id

    async def make_box(self, site_id: str | None = None, device_id: str | None = None) -> "Box":
        site_id = site_id or await self.make_site()
        box = Box(self, site_id, device_id or str(uuid4()), str(uuid_utils.uuid7()))
        claims = Claims(
            site_id=site_id,
            device_id=box.device_id,
            origin_id=box.origin_id,
            public_key=box.key.public_key().public_bytes_raw().hex(),
            hub_epoch=1,
            issued_at=0,
        )
        box.certificate = issue(claims, self.key.sign)
        async with self.database.transaction() as connection:
            await registering.register(connection, claims, 0)
        return box

    async def make_product(self, **columns: Any) -> str:
        product_id = str(uuid4())
        row = {"sku": product_id, "name": "Milk", "version_epoch": 1, "version": 1, "created_at": 0, "updated_at": 0}
        row |= columns
        names = ", ".join(["id", *row])
        places = ", ".join(f"${i + 1}" for i in range(len(row) + 1))
        await self.execute(f"INSERT INTO products ({names}) VALUES ({places})", product_id, *row.values())
        return product_id

    async def command(self, site_id: str, kind: str, body: dict[str, Any], key: str = "k") -> str:
        async with self.database.transaction() as connection:
            given = await create_command(connection, site_id, kind, body, key, actor="hq", now_ms=self.clock())
        return given.command.id

    async def execute(self, text: str, *values: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(text, *values)

    async def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.database.connection() as connection:
            return [tuple(row) for row in await connection.fetch(text, *values)]

    async def value(self, text: str, *values: Any) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(text, *values)

    async def epoch(self) -> int:
        async with self.database.connection() as connection:
            return (await hub_state.get(connection)).hub_epoch

    async def levels(self, site_id: str) -> dict[tuple[str, str], int]:
        found = await self.rows("SELECT product_id::text, location, quantity FROM levels WHERE site_id = $1", site_id)
        return {(product, place): quantity for product, place, quantity in found if quantity}

    async def exceptions(self, site_id: str) -> set[str]:
        return {kind for (kind,) in await self.rows("SELECT kind FROM exceptions WHERE site_id = $1", site_id)}


class Box:
    """A store's box: a ledger in memory and the real edge session; `talk` exchanges until nobody has a word."""

    def __init__(self, hub: HubCore, site_id: str, device_id: str, origin_id: str) -> None:
        self.hub, self.site_id, self.device_id, self.origin_id = hub, site_id, device_id, origin_id
        self.key = Ed25519PrivateKey.generate()
        self.certificate = ""
        self.records: list[bytes] = []
        self.refs: dict[str, int] = {}
        self.boot, self.instance = 1, os.urandom(8).hex()
        self.acked = self.safe_mark = self.epoch = 0
        self.feed: messages.FeedCursor | None = None
        self.feed_records: list[Fact] = []
        self.effects: list[Any] = []
        self.session = edge.EdgeSession(verify_hub=hub.verify)
        self.outbox: list[bytes] = []
        self.predecessor: Box | None = None
        """Whose records this box has kept."""

    @property
    def address(self) -> Address:
        return Address(self.device_id, self.origin_id)

    @property
    def head(self) -> int:
        return len(self.records)

    def hash_at(self, position: int) -> bytes:
        genesis = chain.genesis(self.site_id, self.origin_id)
        return chain.extend_each(genesis, self.records[:position])[-1] if position else genesis

    def write(self, *records: Item | Movement | Fact) -> int:
        self.records += [encode(record) for record in records]
        self.session.appended(self.head, now=self.hub.clock())
        return self.head

    def move(self, product_id: str, quantity: int, source: str, target: str, reason: str, **facts: Any) -> int:
        if product_id not in self.refs:
            self.refs[product_id] = len(self.refs) + 1
            self.write(Item(self.refs[product_id], product_id, "04006381333931"))
        return self.write(
            Movement(self.refs[product_id], quantity, source, target, reason, self.hub.clock(), 0, **facts)
        )

    def sell(self, product_id: str, quantity: int = 1000, **facts: Any) -> int:
        return self.move(product_id, quantity, "shelf", "customer", "sale", **facts)

    def receive(self, product_id: str, quantity: int) -> int:
        return self.move(product_id, quantity, "supplier", "shelf", "receipt")

    def levels(self) -> dict[tuple[str, str], int]:
        products = {ref: product for product, ref in self.refs.items()}
        found: dict[tuple[str, str], int] = defaultdict(int)
        for text in self.records:
            record = decode(text)
            if isinstance(record, Movement):
                found[products[record.item], record.from_location] -= record.quantity
                found[products[record.item], record.to_location] += record.quantity
        return {key: quantity for key, quantity in found.items() if quantity}

    def sealed(self, first: int, count: int, *, raw: bool = False) -> bytes:
        records = self.records[first - 1 : first - 1 + count]
        return batch.seal(self.origin_id, first, self.hash_at(first - 1), records, self.key.sign, raw=raw)

    def view(self) -> edge.LedgerView:
        points = checkpoint_positions(self.head, 1, 40)
        return edge.LedgerView(
            site_id=self.site_id,
            origin_id=self.origin_id,
            device_id=self.device_id,
            certificate=self.certificate,
            boot=self.boot,
            instance=self.instance,
            head=self.head,
            chain_head=self.hash_at(self.head),
            acked=self.acked,
            acked_hash=self.hash_at(self.acked),
            first_retained=1,
            checkpoints=[messages.Checkpoint(position=at, hash=self.hash_at(at).hex()) for at in points],
            feed=self.feed,
            hub_epoch=self.epoch,
        )

    def former(self, wanted: messages.Former, each: int = 2) -> list[bytes]:
        """What was kept of an origin before this one, sealed by this box."""
        before = self.predecessor
        while before is not None and before.origin_id != wanted.origin_id:
            before = before.predecessor
        assert before is not None
        texts = {at: before.records[at - 1 : min(at - 1 + each, wanted.last)]
                 for at in range(wanted.position + 1, wanted.last + 1, each)}  # fmt: skip
        return [
            batch.seal(before.origin_id, at, before.hash_at(at - 1), some, self.key.sign) for at, some in texts.items()
        ]

    async def connect(self) -> None:
        """A new connection: Hello, and everything that follows."""
        self.hello()
        await self.talk()

    def hello(self) -> None:
        """Begin a new connection; what it says waits in the outbox."""
        self.hub.wire.sent[self.address].clear()
        now = self.hub.clock()
        self._do(self.session.connected(self.view(), os.urandom(8).hex(), now=now, clock_ms=now))

    async def restart(self) -> None:
        """Another start of the agent."""
        self.boot, self.instance = self.boot + 1, os.urandom(8).hex()
        self.session = edge.EdgeSession(verify_hub=self.hub.verify)
        await self.connect()

    async def wait(self, ms: int) -> None:
        """Time passes, and what is due then is done."""
        self.hub.clock.now_ms += ms
        self._do(self.session.on_timer(self.hub.clock()))
        await self.talk()

    async def talk(self) -> None:
        """Both ends speak until nobody has anything to say."""
        await self.hub.talk([self])

    def speak(self) -> list[bytes]:
        """All that there is to say now."""
        self._publish()
        outbox, self.outbox = self.outbox, []
        return outbox

    def hear(self) -> bool:
        """Take what the hub has said; whether it said anything."""
        heard = self.hub.wire.sent.pop(self.address, [])
        for payload in heard:
            now = self.hub.clock()
            self._do(self.session.received(payload, now=now, clock_ms=now))
        return bool(heard)

    def _publish(self) -> None:
        while (wanted := self.session.next_range(self.hub.clock())) is not None:
            sealed = self.sealed(wanted.first, wanted.count, raw=wanted.raw)
            assert self.session.sender.lease is not None
            self.outbox.append(messages.frame(self.session.sender.lease, sealed))
            self.session.published(wanted)

    def _do(self, effects: Sequence[Any]) -> None:
        self.effects += effects
        now = self.hub.clock()
        for effect in effects:
            if isinstance(effect, edge.Publish):
                self.outbox.append(effect.data)
            elif isinstance(effect, edge.CompareHash):
                known = self.hash_at(effect.position) if effect.position <= self.head else None
                self._do(self.session.hash_known(known, now=now, clock_ms=now))
            elif isinstance(effect, edge.SaveMark):
                self.acked, self.safe_mark = effect.mark, effect.safe_mark
                self.epoch = effect.hub_epoch if effect.hub_epoch is not None else self.epoch
            elif isinstance(effect, edge.ReturnFormer):
                lease = str(self.session.lease)
                self.outbox += [messages.frame(lease, sealed) for sealed in self.former(effect.wanted)]
            elif isinstance(effect, ApplyFeed):
                self.feed = effect.cursor
                self.feed_records += [record for _, record in effect.accepted.rows if isinstance(record, Fact)]
                self._do(self.session.feed_applied(effect.cursor))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, connections=8)
    yield opened
    await opened.close()


@pytest.fixture
def hub(database: Database, clock: Clock) -> HubCore:
    return HubCore(database, Ed25519PrivateKey.generate(), clock)


@pytest.fixture
def make_hub(database: Database, clock: Clock) -> Callable[..., HubCore]:
    return lambda **options: HubCore(database, Ed25519PrivateKey.generate(), clock, **options)
