"""Jobs: work too long for a request. Asked for here, done by `services/working.py`, watched and cancelled here.

A job is seen and cancelled by whoever asked for it, and by those who govern jobs everywhere.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from uuid_utils import uuid7

from cloud_hub.domain.jobs import OPEN_MAX, JobState
from cloud_hub.domain.permissions import Permission, Principal
from cloud_hub.errors import Conflict, NotFound, TooMany
from cloud_hub.storage import jobs, request_keys
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.jobs import Job, JobFilter, RowError
from cloud_hub.storage.reads import Reads

__all__ = ["Job", "JobFilter", "JobState", "Jobs", "RowError", "ask_in", "seen"]


class Jobs:
    """The use cases of those who wait for a job."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    async def ask(
        self, kind: str, body: Mapping[str, Any], key: str, who: Principal, now_ms: int, *, total: int | None = None
    ) -> tuple[Job, bool]:
        """Ask for a job, or get the one that this key asked for before. Raises TooMany, Invalid."""
        async with self._database.transaction() as connection:
            return await ask_in(connection, kind, body, key, who, now_ms, total=total)

    async def get(self, job_id: str, who: Principal) -> Job:
        """Raises NotFound."""
        return await self._reads.run(seen, job_id, who)

    async def row_errors(
        self, job_id: str, who: Principal, after: int, skip: int, limit: int
    ) -> list[tuple[int, RowError]]:
        """What was wrong with single rows, numbered. Raises NotFound."""
        await self.get(job_id, who)
        return await self._reads.run(jobs.list_errors, job_id, after, skip, limit)

    async def cancel(self, job_id: str, who: Principal) -> Job:
        """A waiting job ends now, a running one at its next step. Raises NotFound, Conflict."""
        async with self._database.transaction() as connection:
            job = await seen(connection, job_id, who)
            if not await jobs.cancel(connection, job_id):
                raise Conflict("ended", f"expected a job that has not ended, found it {job.state}")
            return await seen(connection, job_id, who)

    async def list(
        self, wanted: JobFilter, who: Principal, before: tuple[int, UUID] | None, skip: int, limit: int
    ) -> list[Job]:
        """Newest first; of others only for those who govern jobs."""
        if not _governs(who):
            wanted = wanted._replace(asked_by=who.id)
        return await self._reads.run(jobs.list_newest, wanted, before, skip, limit)


async def ask_in(
    connection: Connection,
    kind: str,
    body: Mapping[str, Any],
    key: str,
    who: Principal,
    now_ms: int,
    *,
    total: int | None = None,
) -> tuple[Job, bool]:
    """The same as `Jobs.ask`, inside another use case's transaction; whether the key was used before."""
    body_hash = sha256(orjson.dumps([kind, body], default=str, option=orjson.OPT_SORT_KEYS)).digest()
    job_id = str(uuid7())
    earlier = await request_keys.claim(connection, who.id, key, body_hash, job_id, now_ms)
    if earlier is not None:
        return await seen(connection, earlier, who), True
    if await jobs.count_open(connection, who.id) >= OPEN_MAX:
        raise TooMany("jobs", f"expected at most {OPEN_MAX} jobs of yours that have not ended", retry_after_s=10)
    await jobs.insert_job(connection, job_id, kind, who.id, body, total, now_ms)
    return await seen(connection, job_id, who), False


async def seen(connection: Connection, job_id: str, who: Principal) -> Job:
    """A job that the caller may see. Raises NotFound."""
    job = await jobs.find(connection, job_id)
    if job is None or not (job.asked_by == who.id or _governs(who)):
        raise NotFound("job", "no such job")
    return job


def _governs(who: Principal) -> bool:
    """A job may be about any site, so only those who have all sites govern others' jobs."""
    return who.may(Permission.JOBS_GOVERN) and who.sites is None
