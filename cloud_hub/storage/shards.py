"""SQL of shard leases and job slots: who does what among several hub processes.

A lease only spares work: an origin's row lock keeps two workers on one shard harmless.
Times are the database's own, so processes with wrong clocks cannot hold a lease for ever.
A worker also keeps a session with a lock of its name: when the process dies, PostgreSQL
frees the lock, and its shards need not wait for the end of their leases.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, bound_array
from cloud_hub.storage.schema import shard_leases, slots, workers
from sync_protocol.topics import SHARDS

_NOW = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
_TTL = sa.bindparam("ttl_ms", type_=sa.BigInteger)
_WORKER = bound(shard_leases.c.worker)
_BEAT = insert(workers).values({"worker": bound(workers.c.worker), "seen_at": _NOW})
_SEEN = Query(_BEAT.on_conflict_do_update(index_elements=[workers.c.worker], set_={"seen_at": _NOW}))
_ALIVE = Query(sa.select(sa.func.count()).select_from(workers).where(workers.c.seen_at > _NOW - _TTL))
_GONE = Query(workers.delete().where(workers.c.worker == bound(workers.c.worker)))
_PULSE: sa.ColumnElement[int] = sa.literal_column("7391")
"""The class of our advisory locks: any number that nobody else uses in this database."""
_HOLD = Query(sa.select(sa.func.pg_advisory_lock(_PULSE, sa.func.hashtext(bound(workers.c.worker)))))
_BURY = Query(
    workers.delete()
    .where(
        workers.c.worker != bound(workers.c.worker),
        sa.func.pg_try_advisory_xact_lock(_PULSE, sa.func.hashtext(workers.c.worker)),
    )
    .returning(workers.c.worker)
)
_INHERIT = Query(
    shard_leases.update()
    .where(shard_leases.c.worker == sa.any_(bound_array(shard_leases.c.worker, "dead")))
    .values(expires_at=sa.literal_column("0"))
)
_RENEW = Query(
    shard_leases.update()
    .where(shard_leases.c.worker == _WORKER, shard_leases.c.expires_at > _NOW)
    .values(expires_at=_NOW + _TTL)
    .returning(shard_leases.c.shard)
)
_free = (
    sa.select(shard_leases.c.shard)
    .where(shard_leases.c.expires_at <= _NOW)
    .order_by(shard_leases.c.shard)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
    .with_for_update(skip_locked=True)
)
_TAKE = Query(
    shard_leases.update()
    .where(shard_leases.c.shard.in_(_free))
    .values({"worker": _WORKER, "expires_at": _NOW + _TTL, "term": shard_leases.c.term + 1})
    .returning(shard_leases.c.shard)
)
_RELEASE = Query(
    shard_leases.update()
    .where(
        shard_leases.c.worker == _WORKER,
        shard_leases.c.shard == sa.any_(sa.bindparam("shards", type_=sa.ARRAY(sa.BigInteger))),
    )
    .values(expires_at=sa.literal_column("0"))
)
_SERVED = Query(sa.select(sa.func.count()).select_from(shard_leases).where(shard_leases.c.expires_at > _NOW))
_claim = insert(slots).values(
    {
        "job": bound(slots.c.job),
        "slot": bound(slots.c.slot),
        "worker": bound(slots.c.worker),
        "claimed_until": _NOW + _TTL,
    }
)
_CLAIM = Query(
    _claim.on_conflict_do_update(
        index_elements=[slots.c.job, slots.c.slot],
        set_={"worker": _claim.excluded.worker, "claimed_until": _claim.excluded.claimed_until},
        where=sa.and_(slots.c.done_at.is_(None), slots.c.claimed_until < _NOW),
    ).returning(slots.c.job)
)
_DONE = Query(
    slots.update()
    .where(
        slots.c.job == bound(slots.c.job), slots.c.slot == bound(slots.c.slot), slots.c.worker == bound(slots.c.worker)
    )
    .values({"done_at": _NOW, "error": bound(slots.c.error)})
)
_PRUNE = Query(slots.delete().where(slots.c.claimed_until < _NOW - _TTL))


def is_heard(device_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether some worker is connected to the broker for this box; only a connected one keeps its leases.

    The shard is `topics.shard_of` in SQL: SHARDS divides 256, so the fourth byte of the hash alone decides.
    """
    text = sa.func.convert_to(sa.cast(device_id, sa.Text), "UTF8")
    shard = sa.func.get_byte(sa.func.sha256(text), 3) % SHARDS
    return sa.exists().where(shard_leases.c.shard == shard, shard_leases.c.expires_at > _NOW)


async def count_served(connection: Connection) -> int:
    """How many shards a connected worker serves now."""
    served: int = await _SERVED.fetchval(connection)
    return served


Connect = Callable[[], Awaitable[asyncpg.Connection]]


class Pulse:
    """The session by which others see that this worker's process lives."""

    def __init__(self, connect: Connect, worker: str) -> None:
        self._connect = connect
        self._worker = worker
        self._session: asyncpg.Connection | None = None

    async def hold(self) -> None:
        """Begin it, or begin it again when it was lost."""
        if self._session is None or self._session.is_closed():
            self._session = await self._connect()
            await _HOLD.fetchval(self._session, worker=self._worker)

    async def stop(self) -> None:
        """This worker goes."""
        if self._session is not None:
            await self._session.close()


async def bury(connection: Connection, worker: str) -> None:
    """Forget the other workers whose process is dead, and free what they had leased."""
    dead = [row["worker"] for row in await _BURY.fetch(connection, worker=worker)]
    if dead:
        await _INHERIT.execute(connection, dead=dead)


async def beat(connection: Connection, worker: str, ttl_ms: int) -> int:
    """Say that this worker lives; how many do."""
    await _SEEN.execute(connection, worker=worker)
    alive: int = await _ALIVE.fetchval(connection, ttl_ms=ttl_ms)
    return alive


async def renew(connection: Connection, worker: str, ttl_ms: int) -> set[int]:
    """Extend this worker's leases; those it still has."""
    return {row["shard"] for row in await _RENEW.fetch(connection, worker=worker, ttl_ms=ttl_ms)}


async def take(connection: Connection, worker: str, ttl_ms: int, most: int) -> set[int]:
    """Lease shards whose lease has run out."""
    return {row["shard"] for row in await _TAKE.fetch(connection, worker=worker, ttl_ms=ttl_ms, most=most)}


async def release(connection: Connection, worker: str, shards: list[int]) -> None:
    """Give leases back before they run out."""
    await _RELEASE.execute(connection, worker=worker, shards=shards)


async def leave(connection: Connection, worker: str) -> None:
    """This worker stops: it counts no longer."""
    await _GONE.execute(connection, worker=worker)


async def claim_slot(connection: Connection, job: str, slot: int, worker: str, ttl_ms: int) -> bool:
    """Whether this worker runs this slot of a job: once done it never runs again, a crashed run is taken over."""
    return await _CLAIM.fetchval(connection, job=job, slot=slot, worker=worker, ttl_ms=ttl_ms) is not None


async def finish_slot(connection: Connection, job: str, slot: int, worker: str, error: str | None) -> None:
    """The done mark."""
    await _DONE.execute(connection, job=job, slot=slot, worker=worker, error=error)


async def prune_slots(connection: Connection, older_than_ms: int) -> int:
    """Forget slots of long ago."""
    return await _PRUNE.execute(connection, ttl_ms=older_than_ms)
