"""Everything that boxes say to one ingest worker, and what goes back to them.

`handle` takes each origin's payloads in the order in which they came; batches and Hellos of
origins that wait at the same time are dealt with together, the rest one by one. Live
sessions are `Line`s; a worker that has just taken over a shard makes them again from the
origins' rows.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from cloud_hub.crashpoints import crashpoint
from cloud_hub.services.digests import Digests
from cloud_hub.services.evidence import Evidence
from cloud_hub.services.feed import Feeder, Line
from cloud_hub.services.formers import Formers
from cloud_hub.services.hearing import Foreign, Step, next_step
from cloud_hub.services.intake import Intake
from cloud_hub.services.judging import CREDITS, Frame
from cloud_hub.services.ports import Downlink, Now
from cloud_hub.services.returned import Returned
from cloud_hub.services.sessions import Session, Sessions
from cloud_hub.storage import changes, feeds, origins
from cloud_hub.storage.database import AGAIN, Database
from sync_protocol import messages as say
from sync_protocol.hub_session import answer_ping
from sync_protocol.topics import Address, shard_of

log = structlog.get_logger(__name__)


class Exchange:
    """One worker's side of all its conversations."""

    def __init__(
        self, database: Database, *, sessions: Sessions, intake: Intake, feeder: Feeder, returned: Returned,
        downlink: Downlink, now: Now, monotonic: Now,
    ) -> None:  # fmt: skip
        self._database = database
        self._sessions, self._intake, self._feeder, self._returned = sessions, intake, feeder, returned
        self._digests, self._evidence = Digests(database), Evidence(database)
        self._formers = Formers(database, intake)
        self._downlink, self._now, self._monotonic = downlink, now, monotonic
        self.lines: dict[Address, Line] = {}
        self._pumping: dict[Address, asyncio.Lock] = {}
        self._pumped = -1
        """The changes' head when all lines were last served."""

    async def handle(self, turns: Sequence[tuple[Address, deque[bytes]]]) -> None:
        """Take origins' payloads, each one's in order: all first things together, then all second ones.

        What was dealt with is removed. Raises what the database raises when it is away; nothing
        that is left was acked then.
        """
        while steps := [next_step(address, payloads) for address, payloads in turns if payloads]:
            await self._together(self._take_batches, [step for step in steps if isinstance(step.said, list)])
            await self._together(self._greet, [step for step in steps if isinstance(step.said, say.Hello)])
            for step in steps:
                if not isinstance(step.said, list | say.Hello):
                    await self._together(self._hear, [step])

    async def _together(self, deal: Callable[[list[Step]], Awaitable[None]], steps: list[Step]) -> None:
        """Deal with what several origins say at once; one origin's trouble must not stop the others."""
        if not steps:
            return
        try:
            await deal(steps)
        except AGAIN:
            raise
        except Exception:
            if len(steps) > 1:
                for step in steps:
                    await self._together(deal, [step])
                return
            # Dropped: the box sends it again and backs off.
            log.exception("payloads could not be handled", origin=steps[0].address.origin_id)
        for step in steps:
            step.done()

    async def resume(self, device_ids: list[UUID]) -> None:
        """Make the live sessions of these devices again, after taking over their shard.

        What they sent while nobody listened is lost, so each is told from where to go on: it
        would send again by itself only RESEND_TIMEOUT_MS after the last word it heard.
        """
        async with self._database.connection() as connection:
            leased = await origins.list_leased(connection, device_ids)
            current = await feeds.find_all(connection, [origin.site_id for origin in leased])
        for origin in leased:
            feed = current.get(origin.site_id)
            if feed is not None and origin.lease is not None:
                address = Address(str(origin.device_id), str(origin.origin_id))
                line = Line(address, origin.site_id, feed.feed_origin, origin.lease)
                line.start(feed.acked, feed.head, self._monotonic())
                self.lines[address] = line
                go_on = say.Nack(lease=origin.lease, code="gap", expected=origin.mark + 1)
                self._downlink.send(address, say.encode(go_on))

    def keep_only(self, shards: set[int]) -> None:
        """Drop the lines of shards that this worker does not lease."""
        for address in list(self.lines):
            if shard_of(address.device_id) not in shards:
                self.lines.pop(address, None)
                self._pumping.pop(address, None)

    async def pump_all(self) -> None:
        """Take waiting changes into feeds and send what the lines have room for."""
        async with self._database.connection() as connection:
            head = await changes.head(connection)
        lines = list(self.lines.values())
        if head == self._pumped:
            lines = [line for line in lines if line.sender.pending]
            for line in lines:
                line.tick(self._monotonic())
                await self._pump(line)
            return
        for site_id in {line.site_id for line in lines}:
            await self._pump_site(site_id)
        self._pumped = head

    async def _pump_site(self, site_id: UUID) -> None:
        feed = await self._feeder.extend(site_id, self._now())
        for line in [line for line in self.lines.values() if line.site_id == site_id]:
            if feed is None or line.feed_origin != feed.feed_origin:
                self.lines.pop(line.address, None)
                continue
            line.sender.appended(feed.head, self._monotonic())
            line.tick(self._monotonic())
            await self._pump(line)

    async def _pump(self, line: Line) -> None:
        lock = self._pumping.setdefault(line.address, asyncio.Lock())
        async with lock:
            while (wanted := line.sender.next_range(self._monotonic())) is not None:
                payload = await self._feeder.seal(line, wanted)
                if payload is None or not self._downlink.send(line.address, payload):
                    return
                line.sender.published(wanted)
                crashpoint("feed.after_publish")

    async def _take_batches(self, steps: list[Step]) -> None:
        came = [(step.address, step.said) for step in steps if isinstance(step.said, list)]
        for (address, _), answers in zip(came, await self._intake.take(came, self._now()), strict=True):
            for answer in answers:
                self._downlink.send(address, answer)
                crashpoint("intake.after_ack")

    async def _greet(self, steps: list[Step]) -> None:
        hellos = [(step.address, step.said) for step in steps if isinstance(step.said, say.Hello)]
        greeted = await self._sessions.greet(hellos)
        for (address, _), (answer, _) in zip(hellos, greeted, strict=True):
            self._downlink.send(address, answer)
        await self._open([session for _, session in greeted if session is not None])

    async def _hear(self, steps: list[Step]) -> None:
        for step in steps:
            address, message = step.address, step.said
            if isinstance(message, Foreign):
                await self._take_foreign(address, message.frame)
            elif isinstance(message, say.FeedAck):
                await self._feed_ack(address, message)
            elif isinstance(message, say.Digest):
                self._send_all(address, await self._digests.compare(address, message, self._now()))
            elif isinstance(message, say.BucketLevels):
                self._send_all(address, await self._digests.drill_down(address, message, self._now()))
            elif isinstance(message, say.LevelSummary):
                await self._evidence.summary(address, message, self._now())
            elif isinstance(message, say.PrunedLevels):
                self._send_all(address, await self._evidence.pruned(address, message, self._now()))
            elif isinstance(message, say.Ping):
                await self._ping(address, message)
            elif isinstance(message, say.Goodbye):
                await self._goodbye(address, message)

    async def _take_foreign(self, address: Address, frame: Frame) -> None:
        heard = await self._formers.take(address, frame, self._now())
        if isinstance(heard, say.FormerWanted):
            self._downlink.send(address, say.encode(heard))
        elif not heard:
            await self._returned.take(address, frame, self._now())

    async def _open(self, sessions: list[Session]) -> None:
        """The lines of sessions that begin: told where their feeds are safe, then what waits for them."""
        if not sessions:
            return
        current = await self._feeder.extend_all([session.site_id for session in sessions], self._now())
        for session in sessions:
            line, feed = session.line(), current.get(session.site_id)
            self.lines[session.address] = line
            if session.feed_cursor is not None:
                line.start(session.feed_cursor, session.feed_cursor, self._monotonic())
            if feed is not None:
                line.sender.appended(feed.head, self._monotonic())
                safe = say.FeedSafe(lease=line.lease, origin_id=str(feed.feed_origin), safe_mark=feed.safe_mark)
                self._downlink.send(session.address, say.encode(safe))
            await self._pump(line)

    async def _feed_ack(self, address: Address, message: say.FeedAck) -> None:
        line = self.lines.get(address)
        if line is None or line.lease != message.lease:
            async with self._database.connection() as connection:
                origin = await origins.find(connection, address.origin_id)
                feed = await feeds.find(connection, origin.site_id) if origin else None
            if origin is None or feed is None or origin.lease != message.lease:
                return
            line = Line(address, origin.site_id, feed.feed_origin, message.lease)
            self.lines[address] = line
        feed = await self._feeder.find(line.site_id)
        if feed is not None and line.heard(message, feed.head, self._monotonic()):
            await self._feeder.acked(line, message)
            await self._pump(line)

    async def _ping(self, address: Address, message: say.Ping) -> None:
        async with self._database.connection() as connection:
            origin = await origins.find(connection, address.origin_id)
        is_theirs = origin is not None and str(origin.device_id) == address.device_id
        lease, mark, mark_hash, safe_mark = None, 0, "0" * 64, 0
        if origin is not None and is_theirs:
            lease, mark, mark_hash = origin.lease, origin.mark, origin.chain_hash.hex()
            safe_mark = origin.safe_mark
        answer = answer_ping(message, lease=lease, mark=mark, mark_hash=mark_hash, safe_mark=safe_mark, credits=CREDITS)
        self._downlink.send(address, say.encode(answer))

    async def _goodbye(self, address: Address, message: say.Goodbye) -> None:
        async with self._database.connection() as connection:
            await origins.end_session(connection, address.origin_id, message.lease)
        line = self.lines.get(address)
        if line is not None and line.lease == message.lease:
            del self.lines[address]

    def _send_all(self, address: Address, payloads: list[bytes]) -> None:
        for payload in payloads:
            self._downlink.send(address, payload)
