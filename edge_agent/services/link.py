"""The shell around EdgeSession: one conversation with the hub after another, for ever.

It owns the waiting: payloads, commits and timers wake one loop, which hands them to the
session and carries out what it answers. Nothing here decides what a message means, and
nothing here can lose a record: the ledger is the outbox.

What takes long (snapshots, digests) runs beside the loop, so that a live scan never waits
behind it; an error in any of it ends the connection and the next begins.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import aclosing

import structlog

from edge_agent.errors import EdgeError, LinkLost
from edge_agent.services import uplink
from edge_agent.services.conversation import Conversation
from edge_agent.services.link_context import LinkContext
from edge_agent.services.outside import Wire
from sync_protocol import effects as does
from sync_protocol.clock import full_jitter
from sync_protocol.edge_session import EdgeSession
from sync_protocol.effects import Effect
from sync_protocol.errors import ProtocolError
from sync_protocol.keys import verifier
from sync_protocol.limits import RECONNECT_BASE_MS

log = structlog.get_logger(__name__)

HEALTHY_AFTER_MS = 10_000
"""A connection that lasted this long makes the next loss a first one again."""
IDLE_S = 1.0
BUSY_S = 0.1
"""The longest the loop sleeps without looking, idle and with work that cannot go yet."""


class Link:
    """The box's connection to its hub; `run` never returns by itself."""

    def __init__(self, context: LinkContext) -> None:
        self._context = context
        self._wake = asyncio.Event()
        self._inbox: deque[bytes | Callable[[], list[Effect]]] = deque()
        self._grown_to: int | None = None
        """The ledger's last position, when commits have moved it that the session was not told of."""
        self._wire: Wire | None = None
        self.session = self._new_session()
        context.database.on_commit(self._on_commit)

    async def run(self) -> None:
        """Connect, converse, back off with full jitter, again."""
        context = self._context
        attempt = 0
        while True:
            begun = context.now_ms()
            try:
                await self._one_connection()
            except* (EdgeError, ProtocolError, OSError) as failures:
                context.status.lost(str(failures.exceptions[0]), context.clock_ms())
            _check_cancelled()
            attempt = 1 if context.now_ms() - begun > HEALTHY_AFTER_MS else attempt + 1
            delay_ms = full_jitter(attempt, RECONNECT_BASE_MS, context.reconnect_cap_ms, context.jitter)
            log.info("link lost", detail=context.status.last_error, retry_in_ms=int(delay_ms))
            await asyncio.sleep(delay_ms / 1000)

    def tell(self, gauges: bytes) -> None:
        """Send telemetry if there is a connection."""
        if self._wire is not None and self._wire.can_publish:
            self._wire.tell(gauges)

    async def say_goodbye(self) -> None:
        """Tell the hub that the box stops on purpose; best effort."""
        wire = self._wire
        if wire is not None and wire.can_publish:
            for effect in self.session.goodbye():
                if isinstance(effect, does.Publish):
                    wire.publish(effect.data)
            await wire.close()

    # --- one connection ---------------------------------------------------------------

    async def _one_connection(self) -> None:
        context = self._context
        view = await context.database.read(uplink.view, context.instance, context.agent_version)
        if view.origin_id != context.status.origin_id:
            # Another origin (a successor was opened) is another conversation.
            context.status.origin_id, self.session = view.origin_id, self._new_session()
        wire = await context.dial(view.origin_id)
        self._inbox.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                conversation = Conversation(context, self.session, wire, tasks, self.post)
                tasks.create_task(self._listen(wire), name="link-listen")
                tasks.create_task(conversation.marks.run(), name="link-marks")
                # In the body, so that a child's failure leaves no cancellation behind (Python 3.11).
                await self._converse(conversation)
        finally:
            self._wire = None
            self.session.disconnected()
            self._note()
            await wire.close()

    async def _listen(self, wire: Wire) -> None:
        async with aclosing(wire.received()) as payloads:
            async for payload in payloads:
                self._context.status.bytes_down += len(payload)
                self.post(payload)
        raise LinkLost("the connection ended")

    async def _converse(self, conversation: Conversation) -> None:
        context, session = self._context, self.session
        # The ledger may have grown while the broker was being reached: what Hello says is read now.
        view = await context.database.read(uplink.view, context.instance, context.agent_version)
        self._wire = conversation.wire
        effects = session.connected(view, secrets.token_hex(8), now=context.now_ms(), clock_ms=context.clock_ms())
        await conversation.carry_out(effects)
        while True:
            self._wake.clear()
            while self._inbox:
                await conversation.carry_out(self._next_effects())
            if self._grown_to is not None:
                session.appended(self._grown_to, now=context.now_ms())
                self._grown_to = None
            is_busy = await self._send(conversation)
            await conversation.carry_out(session.on_timer(context.now_ms()))
            self._note()
            if not is_busy:
                await self._sleep()

    def _next_effects(self) -> list[Effect]:
        item = self._inbox.popleft()
        if callable(item):
            return item()
        context = self._context
        return self.session.received(item, now=context.now_ms(), clock_ms=context.clock_ms())

    async def _send(self, conversation: Conversation) -> bool:
        """Publish one range if there is one; True when another may follow at once."""
        wanted = self.session.next_range(self._context.now_ms())
        if wanted is None or not conversation.wire.can_publish:
            return False
        await conversation.publish_range(wanted)
        return True

    async def _sleep(self) -> None:
        context = self._context
        due = self.session.timer()
        longest = BUSY_S if self.session.sender.pending else IDLE_S
        wait = longest if due is None else min(longest, max(0.0, (due - context.now_ms()) / 1000))
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            pass

    # --- what others call -------------------------------------------------------------

    def post(self, item: bytes | Callable[[], list[Effect]]) -> None:
        """Something for the loop: a payload, or a report of finished work."""
        self._inbox.append(item)
        self._wake.set()

    def _on_commit(self, head: int) -> None:
        self._grown_to = head
        self._wake.set()

    def _note(self) -> None:
        self._context.status.note(self.session, self._context.clock_ms())

    def _new_session(self) -> EdgeSession:
        return EdgeSession(verify_hub=verifier(self._context.hub_key))


def _check_cancelled() -> None:
    """Raise a cancellation that came in the same moment as an error.

    A TaskGroup then raises the error only, and this task would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
