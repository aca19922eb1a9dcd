"""What the effects of an EdgeSession are in this program: database calls, payloads, downloads.

One Conversation serves one connection. Effects are carried out in order; long work runs in
the connection's task group and reports back through `post`. An error ends the connection.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import EdgeError, LinkLost
from edge_agent.services import audit, downlink, former, uplink
from edge_agent.services.link_context import LinkContext
from edge_agent.services.marks import Marks
from edge_agent.services.outside import Wire
from sync_protocol import effects as does
from sync_protocol import messages as say
from sync_protocol.clock import full_jitter
from sync_protocol.edge_session import EdgeSession
from sync_protocol.effects import Effect
from sync_protocol.errors import ProtocolError
from sync_protocol.limits import RECONNECT_BASE_MS
from sync_protocol.sender import Range

log = structlog.get_logger(__name__)

HERE_MAX = 64
"""Records that are read and sealed in under a millisecond; more are left to another thread."""
Post = Callable[[Callable[[], list[Effect]]], None]


class Conversation:
    """What one connection needs to carry out the session's effects."""

    def __init__(
        self, context: LinkContext, session: EdgeSession, wire: Wire, tasks: asyncio.TaskGroup, post: Post
    ) -> None:
        self.wire = wire
        self.marks = Marks(context)
        self._context, self._session, self._tasks, self._post = context, session, tasks, post
        self._carriers: dict[type, Callable[..., Awaitable[None]]] = {
            does.Publish: self._publish,
            does.SaveMark: self._save_mark,
            does.HubTime: self._hub_time,
            does.CompareHash: self._compare_hash,
            does.ApplyFeed: self._apply_feed,
            does.SaveFeedSafe: self._save_feed_safe,
            does.ReturnFeed: self._return_feed,
            does.ReturnFormer: self._return_former,
            does.FetchSnapshot: self._in_background(self._fetch_snapshot),
            does.MakeDigest: self._in_background(self._make_digest),
            does.TellBuckets: self._in_background(self._tell_buckets),
            does.RebuildLevels: self._rebuild_levels,
            does.MakeSummary: self._make_summary,
            does.TellPruned: self._tell_pruned,
            does.Become: self._become,
            does.Disconnect: self._disconnect,
        }

    async def carry_out(self, effects: list[Effect]) -> None:
        """In order; what is done in the background reports back through the link's inbox."""
        for effect in effects:
            await self._carriers[type(effect)](effect)

    async def publish_range(self, wanted: Range) -> None:
        """Read, seal and publish; the session hears what really went."""
        context, session = self._context, self._session
        lease, origin = session.sender.lease, context.status.origin_id
        if wanted.count <= HERE_MAX:
            sent, sealed = context.database.read_here(uplink.sealed_range, origin, wanted, context.sign)
        else:
            sent, sealed = await context.database.read(uplink.sealed_range, origin, wanted, context.sign)
        if lease is None or lease != session.sender.lease:
            return
        crashpoint("edge.link.before_publish")
        self._send(say.frame(lease, sealed))
        session.published(sent)
        context.status.records_up += sent.count
        crashpoint("edge.link.after_publish")

    # --- effects ----------------------------------------------------------------------

    async def _publish(self, effect: does.Publish) -> None:
        crashpoint("edge.control.before_publish")
        self._send(effect.data)
        crashpoint("edge.control.after_publish")

    async def _save_mark(self, effect: does.SaveMark) -> None:
        await self.marks.save(effect)

    async def _hub_time(self, effect: does.HubTime) -> None:
        await self._context.clock.sample(effect)

    async def _compare_hash(self, effect: does.CompareHash) -> None:
        context = self._context
        own = await context.database.read(uplink.own_hash, effect.position)
        await self.carry_out(self._session.hash_known(own, now=context.now_ms(), clock_ms=context.clock_ms()))

    async def _apply_feed(self, effect: does.ApplyFeed) -> None:
        # Waited for: until it is committed, a duplicate of it must not be acknowledged either.
        await self._context.database.write(downlink.apply_feed, effect, self._context.clock_ms())
        await self.carry_out(self._session.feed_applied(effect.cursor))

    async def _save_feed_safe(self, effect: does.SaveFeedSafe) -> None:
        await self._context.database.write(downlink.save_feed_safe, effect)

    async def _return_feed(self, effect: does.ReturnFeed) -> None:
        for sealed in await self._context.database.read(downlink.batches_to_return, effect.after):
            if (lease := self._session.lease) is not None:
                self._send(say.frame(lease, sealed))

    async def _return_former(self, effect: does.ReturnFormer) -> None:
        context = self._context
        for sealed in await context.database.read(former.sealed_stretch, effect.wanted, context.sign):
            if (lease := self._session.lease) is not None:
                self._send(say.frame(lease, sealed))

    async def _fetch_snapshot(self, effect: does.FetchSnapshot) -> None:
        # Tried again here: HTTPS that fails must not interrupt the records' way up.
        context, attempt = self._context, 0
        while True:
            try:
                cursor = await context.fetch_snapshot(effect.feed_origin)
                break
            except (EdgeError, ProtocolError) as error:
                context.status.failed(f"snapshot: {error.detail}", context.clock_ms())
                log.warning("snapshot failed", code=error.code, detail=error.detail)
            attempt += 1
            wait_ms = full_jitter(attempt, RECONNECT_BASE_MS, context.reconnect_cap_ms, context.jitter)
            await asyncio.sleep(wait_ms / 1000)
        self._post(lambda: self._session.snapshot_done(cursor))

    async def _make_digest(self, effect: does.MakeDigest) -> None:
        found = await self._context.database.read(audit.digest, effect.position)
        self._post(lambda: self._session.digest(effect.position, *found))

    async def _tell_buckets(self, effect: does.TellBuckets) -> None:
        await self._tell(audit.bucket_levels, effect.position, effect.buckets)

    async def _make_summary(self, _effect: does.MakeSummary) -> None:
        await self._tell(audit.level_summary, self._session.sender.mark)

    async def _tell_pruned(self, _effect: does.TellPruned) -> None:
        await self._tell(audit.pruned_levels, self._context.sign)

    async def _tell(self, function: Callable[..., list[bytes]], *args: object) -> None:
        lease = self._session.lease
        if lease is None:
            return
        for data in await self._context.database.read(function, lease, *args):
            self._send(data)

    async def _rebuild_levels(self, effect: does.RebuildLevels) -> None:
        context = self._context
        wrong = await context.database.write(audit.rebuild, effect.products, context.clock_ms())
        log.error("levels were folded again", products=effect.products, wrong=wrong)

    async def _become(self, effect: does.Become) -> None:
        await self._context.become(effect.certificate, effect.told_head)
        raise LinkLost("a successor origin was opened")

    async def _disconnect(self, effect: does.Disconnect) -> None:
        raise LinkLost(effect.reason)

    # --- plumbing ---------------------------------------------------------------------

    def _in_background(self, work: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def start(effect: Effect) -> None:
            self._tasks.create_task(work(effect), name=type(effect).__name__)  # type: ignore[arg-type]

        return start

    def _send(self, data: bytes) -> None:
        self._context.status.bytes_up += len(data)
        self.wire.publish(data)
