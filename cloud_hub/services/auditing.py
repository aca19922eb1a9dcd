"""The audit: every write and every denial, with who asked, from where and under which trace id.

A write's entry commits in the write's own first transaction. What has none of its own (a
posting that is committed in a group, a request that was refused) is written a moment later,
many in one transaction, so that a flood of refusals costs one; equal refusals of that
moment are one entry with a count. The head of the chain is logged each time it moves:
whoever keeps the logs elsewhere can tell when entries were cut off.
"""

import asyncio
from contextlib import suppress
from contextvars import Context

import structlog

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Forbidden
from cloud_hub.storage import audit
from cloud_hub.storage.audit import AuditFilter, Entry
from cloud_hub.storage.database import LOST, Connection, Database, Row
from cloud_hub.storage.reads import Reads

__all__ = ["Audit", "AuditFilter", "Entry", "Testimony", "broken_links", "seal_all"]
log = structlog.get_logger("system")
FLUSH_S = 0.2
WAITING_MAX = 20_000
"""Entries that wait while the database is away; those beyond go to the log only."""


class Testimony:
    """One request's entry; `WITNESS` of its transactions."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.is_kept = False

    def by(self, actor: str) -> None:
        self.entry = self.entry._replace(actor=self.entry.actor or actor)

    async def write(self, connection: Connection) -> None:
        if not self.is_kept:
            await audit.add(connection, [self.entry])

    def committed(self) -> None:
        self.is_kept = True


class Audit:
    """What the HTTP side tells, and what auditors read."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads
        self._waiting: dict[tuple[object, ...], Entry] = {}
        self._flushing: asyncio.Task[None] | None = None

    def done(self, testimony: Testimony) -> None:
        """A write was answered; its entry waits unless its transaction has kept it."""
        if not testimony.is_kept:
            self._wait((testimony.entry.detail["trace_id"],), testimony.entry)

    def refused(self, entry: Entry, code: str) -> None:
        """Somebody was refused."""
        same = (entry.actor, entry.action, entry.entity, entry.detail["address"], code)
        known = self._waiting.get(same)
        if known is not None:
            known.detail["count"] += 1
        else:
            self._wait(same, entry._replace(detail={**entry.detail, "refused": code, "count": 1}))

    async def list(
        self, wanted: AuditFilter, who: Principal, before: tuple[int] | None, skip: int, limit: int
    ) -> list[Row]:
        """Newest first, for those who have all sites. Raises Forbidden."""
        if who.sites is not None:
            raise Forbidden("site", "expected a role on all sites: the audit is of the whole chain")
        return await self._reads.run(audit.list_newest, wanted, before, skip, limit)

    async def flush(self) -> None:
        """Write what waits; when the database is away it waits on."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            async with self._database.transaction() as connection:
                await audit.add(connection, list(waiting.values()))
        except LOST:
            self._waiting = waiting | self._waiting
            raise

    def _wait(self, key: tuple[object, ...], entry: Entry) -> None:
        if len(self._waiting) >= WAITING_MAX:
            log.error("audit entry lost", **entry._asdict())
            return
        self._waiting[key] = entry
        if self._flushing is None:
            # In no request's context: what it writes is not that request's transaction.
            self._flushing = asyncio.create_task(self._soon(), context=Context())

    async def _soon(self) -> None:
        await asyncio.sleep(FLUSH_S)
        self._flushing = None
        with suppress(*LOST):
            await self.flush()


async def seal_all(database: Database, _now_ms: int) -> int:
    """Seal what has been committed; the position of the head."""
    while True:
        async with database.transaction() as connection:
            head, last, count = await audit.seal(connection)
        if count:
            log.info("audit sealed", head=head, hash=last.hex())
        if count < audit.SEAL_ROWS:
            return head


async def broken_links(connection: Connection) -> list[str]:
    """Where the chain of the audit does not hold, in words; the first place only, as all behind it differs too."""
    position, last = 0, audit.GENESIS
    async with connection.transaction(readonly=True):
        async for row in audit.chain(connection):
            position += 1
            last = audit.link(last, position, row)
            if row["position"] != position:
                return [f"entry {position} of the audit is missing"]
            if row["hash"] != last:
                return [f"entry {position} of the audit (id {row['id']}) is not what was sealed"]
        head = await audit.head(connection)
    return [] if head == position else [f"the audit ends at entry {position}, it was sealed up to {head}"]
