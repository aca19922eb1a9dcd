"""The Hello of a box: what the hub knows of it, the decision table, and the lease that counts.

The answer is decided in one transaction that locks the origin's row and saves the new
lease; it is published after the commit. A hub that was restored behind its own back is
found here by the numbers and starts a new epoch before it answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from cloud_hub.crashpoints import crashpoint
from cloud_hub.services import epochs, feed, formers, registering
from cloud_hub.services.judging import CREDITS
from cloud_hub.services.ports import DenyList, Now, RandomToken, Sign, Successions, Verify
from cloud_hub.storage import batches, branches, feeds, hub_state, origins
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.feeds import Feed
from cloud_hub.storage.origins import Origin
from sync_protocol import chain
from sync_protocol import messages as say
from sync_protocol.clock import full_jitter
from sync_protocol.handshake import FeedVerdict, KnownFeed, KnownOrigin, Verdict, common_position
from sync_protocol.hub_session import Answer, Offer, answer_hello
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)

HELLOS_MAX = 64
"""Greetings answered at once; those beyond are asked to come again, before any read."""
RETRY_BASE_MS, RETRY_CAP_MS = 1_000, 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation that may go on: the lease is saved, the answer may be published."""

    address: Address
    site_id: UUID
    answer: Answer
    feed_origin: UUID | None = None
    feed_cursor: int | None = None
    """Where the feed goes on from; None: the box takes a snapshot first."""

    def line(self) -> feed.Line:
        """The sending end of it, not started yet."""
        assert self.answer.lease is not None and self.feed_origin is not None
        return feed.Line(self.address, self.site_id, self.feed_origin, self.answer.lease)


class Sessions:
    """Answers Hellos."""

    def __init__(
        self, database: Database, *, sign: Sign, verify: Verify, deny: DenyList, successions: Successions, now: Now,
        token: RandomToken, random: Callable[[], float], hellos_max: int = HELLOS_MAX,
    ) -> None:  # fmt: skip
        self._database = database
        self._sign, self._verify, self._deny, self._successions = sign, verify, deny, successions
        self._now, self._token, self._random = now, token, random
        self._room = hellos_max
        self.refused = 0

    async def greet(self, hellos: Sequence[tuple[Address, say.Hello]]) -> list[tuple[bytes, Session | None]]:
        """For each the answer's bytes, and the session when there is one."""
        answered: list[tuple[bytes, Session | None] | None] = [self._put_off(*each) for each in hellos]
        welcome = [each for each, answer in zip(hellos, answered, strict=True) if answer is None]
        self._room -= len(welcome)
        try:
            greeted = iter(await self._greet(welcome) if welcome else [])
        finally:
            self._room += len(welcome)
        return [answer or next(greeted) for answer in answered]

    def _put_off(self, address: Address, hello: say.Hello) -> tuple[bytes, None] | None:
        """What is said before any read: that there is no room, or that the topic is another's."""
        if self._room <= 0:
            self.refused += 1
            wait = RETRY_BASE_MS + full_jitter(4, RETRY_BASE_MS, RETRY_CAP_MS, self._random)
            return _refused(hello, "busy", "the hub is greeting many boxes at once", wait), None
        if (hello.device_id, hello.origin_id) != address:
            return _refused(hello, "unknown", "the topic names another device or origin", None), None
        return None

    async def _greet(self, hellos: Sequence[tuple[Address, say.Hello]]) -> list[tuple[bytes, Session | None]]:
        now_ms = self._now()
        async with self._database.transaction() as connection:
            sessions = await self._decide(connection, hellos, now_ms)
            crashpoint("hello.before_commit")
        crashpoint("hello.after_commit")
        for session in sessions:
            verdicts = session.answer.verdict, session.answer.feed_verdict
            log.info("hello", origin=session.address.origin_id, verdict=verdicts[0], feed=verdicts[1])
        return [
            (say.encode(session.answer.message), session if isinstance(session.answer.message, say.Welcome) else None)
            for session in sessions
        ]

    async def _decide(
        self, connection: Connection, hellos: Sequence[tuple[Address, say.Hello]], now_ms: int
    ) -> list[Session]:
        told = await self._find(connection, hellos, now_ms)
        current, answers = await self._answer_all(connection, told, now_ms)
        rolled_back = [hello.hub_epoch for (_, hello), each in zip(hellos, answers, strict=True) if each.is_rolled_back]
        if rolled_back and await epochs.note_rollback(connection, max(rolled_back), now_ms):
            await registering.register_again(connection, self._successions.successions(), self._verify, now_ms)
            told = await self._find(connection, hellos, now_ms)
            current, answers = await self._answer_all(connection, told, now_ms)
        sessions = []
        for (address, _), (hello, origin), answer in zip(hellos, told, answers, strict=True):
            is_normal = answer.feed_verdict is FeedVerdict.NORMAL and hello.feed is not None
            sessions.append(Session(
                address=address, site_id=UUID(hello.site_id), answer=answer,
                feed_origin=current[origin.site_id].feed_origin if origin else None,
                feed_cursor=hello.feed.position if is_normal and hello.feed else None,
            ))  # fmt: skip
        await self._save(connection, told, sessions, now_ms)
        return sessions

    async def _find(
        self, connection: Connection, hellos: Sequence[tuple[Address, say.Hello]], now_ms: int
    ) -> list[tuple[say.Hello, Origin | None]]:
        found = await registering.find_or_register(connection, [hello for _, hello in hellos], self._verify, now_ms)
        return [
            (hello, origin if origin is not None and str(origin.device_id) == address.device_id else None)
            for (address, hello), origin in zip(hellos, found, strict=True)
        ]

    async def _answer_all(
        self, connection: Connection, told: Sequence[tuple[say.Hello, Origin | None]], now_ms: int
    ) -> tuple[dict[UUID, Feed], list[Answer]]:
        """The sites' feeds and the answers, by what the database says now."""
        current = await feed.ensure_all(connection, [origin.site_id for _, origin in told if origin], now_ms)
        epoch = await hub_state.epoch(connection)
        answers = []
        for hello, origin in told:
            offer = replace(self._offer(now_ms), hub_epoch=epoch)
            if origin is None:
                answers.append(answer_hello(hello, None, None, offer))
            else:
                answers.append(await self._answer(connection, hello, origin, current[origin.site_id], offer))
        return current, answers

    async def _answer(
        self, connection: Connection, hello: say.Hello, origin: Origin, site_feed: Feed, offer: Offer
    ) -> Answer:
        known = await self._known(connection, hello, origin)
        known_feed = await _known_feed(connection, hello, site_feed)
        told = None
        if hello.feed is not None and hello.feed.origin_id != str(site_feed.feed_origin):
            told = await feeds.last_of(connection, origin.site_id, hello.feed.origin_id)
        offer = replace(
            offer, safe_mark=origin.safe_mark, feed_head_hash=site_feed.chain_hash.hex(), feed_return_after=told,
            successor=await self._successor(connection, hello, origin, known),
            former=await formers.missing(connection, origin),
        )  # fmt: skip
        answer = answer_hello(hello, known, known_feed, offer)
        if not answer.is_salvage:
            return answer
        # Only a dispute is worth looking for where it began: that reads old batches.
        common = await self._common(connection, hello, origin, known)
        return answer_hello(hello, known, known_feed, replace(offer, salvage_after=common))

    async def _successor(
        self, connection: Connection, hello: say.Hello, origin: Origin, known: KnownOrigin
    ) -> str | None:
        """The certificate that waits, once all that the box says it has is in the ledger or on a branch.

        A successor that has spoken already is not given twice: the box was put back to before
        its own succession, and a person decides anew.
        """
        if known.is_revoked or origin.successor_certificate is None:
            return None
        writer = await origins.lock_open(connection, origin.site_id)
        if writer is None or writer.boot or writer.mark or writer.device_id != origin.device_id:
            return None
        at_head = known.mark_hash if hello.head == origin.mark else known.hash_at_head
        if hello.head <= origin.mark and at_head == hello.chain_head:
            return origin.successor_certificate
        chain_head = bytes.fromhex(hello.chain_head)
        is_on_branch = chain_head in await branches.on_record(connection, origin.site_id, [chain_head])
        return origin.successor_certificate if is_on_branch else None

    async def _known(self, connection: Connection, hello: say.Hello, origin: Origin) -> KnownOrigin:
        at_head = None
        if origin.mark > hello.head:
            found = await batches.hash_at(connection, origin.site_id, origin.origin_id, hello.head)
            at_head = found.hex() if found else None
        is_fenced = origin.state in ("closed", "fenced")
        return KnownOrigin(
            mark=origin.mark, mark_hash=origin.chain_hash.hex(), hash_at_head=at_head, boot=origin.boot,
            instance=origin.instance, is_closed=is_fenced,
            is_revoked=origin.is_revoked or self._deny.is_denied(str(origin.device_id)),
        )  # fmt: skip

    async def _common(self, connection: Connection, hello: say.Hello, origin: Origin, known: KnownOrigin) -> int:
        """The newest position that both tell the same hash of, in the ledger or on a branch; 0 if none.

        What a branch has is not asked for again: a fenced box says Hello every few seconds, and of two of them each
        would begin the other's tail anew.
        """
        told = _told(hello)
        stored = await branches.on_record(connection, origin.site_id, [bytes.fromhex(point.hash) for point in told])
        hashes = {origin.mark: known.mark_hash} | {at: chain_hash.hex() for chain_hash, (at, _) in stored.items()}
        for point in sorted(told, key=lambda point: -point.position):
            if point.position < origin.mark and hashes.get(point.position) != point.hash:
                found = await batches.hash_at(connection, origin.site_id, origin.origin_id, point.position)
                hashes |= {point.position: found.hex()} if found is not None else {}
            if hashes.get(point.position) == point.hash:
                break
        return common_position(told, hashes)

    async def _save(
        self, connection: Connection, told: Sequence[tuple[say.Hello, Origin | None]], sessions: Sequence[Session],
        now_ms: int,
    ) -> None:  # fmt: skip
        begun, acked = [], []
        for (hello, origin), session in zip(told, sessions, strict=True):
            answer = session.answer
            if origin is None or answer.lease is None:
                continue
            if answer.is_salvage:
                await self._save_branch(connection, hello, origin, answer, now_ms)
                continue
            if origin.predecessor_origin is not None and not origin.boot:
                self._successions.note_succession(hello.certificate)
            begun.append({
                "origin_id": origin.origin_id, "lease": answer.lease, "session": hello.session, "boot": hello.boot,
                "instance": hello.instance, "last_seen": now_ms, "clock_offset_ms": now_ms - hello.clock_ms,
                "head_told": hello.head, "agent_version": hello.agent_version,
            })  # fmt: skip
            if session.feed_cursor is not None and session.feed_origin is not None:
                # A worker that takes the shard over goes on from here, also when the box was put back.
                acked.append((origin.site_id, session.feed_origin, session.feed_cursor))
        await origins.save_sessions(connection, begun)
        await feeds.put_acked(connection, acked)

    async def _save_branch(
        self, connection: Connection, hello: say.Hello, origin: Origin, answer: Answer, now_ms: int
    ) -> None:
        assert isinstance(answer.message, say.Fenced)
        await registering.note_fence(connection, origin, answer.verdict, now_ms)
        after = answer.message.salvage_after
        if after >= hello.head:
            return
        base = next((bytes.fromhex(point.hash) for point in _told(hello) if point.position == after), None)
        base = base or chain.genesis(hello.site_id, hello.origin_id)
        stored = (await branches.on_record(connection, origin.site_id, [base])).get(base)
        if stored is not None:
            branch = await branches.lock_by_id(connection, stored[1])
        else:
            branch = await branches.find_same(connection, origin.origin_id, origin.device_id, after)
        if branch is not None and branch.state != "adopted":
            await branches.save_lease(connection, branch, str(answer.lease), after, base, now_ms)
            return
        await branches.insert_branch(
            connection, site_id=origin.site_id, branch_id=registering.new_id(), origin_id=origin.origin_id,
            device_id=origin.device_id, verdict=str(answer.verdict), fork_position=after, fork_hash=base,
            head=after, head_hash=base, lease=answer.lease, created_at=now_ms,
            state="awaiting_approval" if answer.verdict is Verdict.REVOKED else "stored",
        )  # fmt: skip

    def _offer(self, now_ms: int) -> Offer:
        return Offer(
            lease=self._token(), credits=CREDITS, start_after_ms=0, hub_epoch=0, hub_time_ms=now_ms, safe_mark=0,
            feed_head_hash="0" * 64, feed_return_after=None, successor=None, salvage_after=0,
        )  # fmt: skip


def _told(hello: say.Hello) -> list[say.Checkpoint]:
    """Every position that a Hello tells the hash of."""
    acked = say.Checkpoint(position=hello.acked, hash=hello.acked_hash)
    return [*hello.checkpoints, acked, say.Checkpoint(position=hello.head, hash=hello.chain_head)]


async def _known_feed(connection: Connection, hello: say.Hello, site_feed: Feed) -> KnownFeed:
    at_cursor = None
    if hello.feed is not None and hello.feed.origin_id == str(site_feed.feed_origin):
        found: bytes | None = site_feed.chain_hash
        if hello.feed.position != site_feed.head:
            found = await feeds.hash_at(connection, site_feed.site_id, site_feed.feed_origin, hello.feed.position)
        at_cursor = found.hex() if found else None
    return KnownFeed(
        origin_id=str(site_feed.feed_origin), head=site_feed.head, first_retained=site_feed.first_retained,
        hash_at_cursor=at_cursor,
    )  # fmt: skip


def _refused(hello: say.Hello, code: str, detail: str, retry_after_ms: int | None) -> bytes:
    return say.encode(say.Refused(session=hello.session, code=code, detail=detail, retry_after_ms=retry_after_ms))
