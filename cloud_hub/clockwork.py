"""The role `jobs`: what the clock begins, once per slot among all processes, and the jobs that somebody asked for."""

import asyncio
import secrets
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from cloud_hub.api import enrolment_of
from cloud_hub.core import Core, now_ms
from cloud_hub.domain.schedule import Every
from cloud_hub.services import (
    auditing,
    backup,
    digest_audit,
    housekeeping,
    import_products,
    rereading,
    reserving,
    rolling,
    stock_reporting,
)
from cloud_hub.services.adjusting import Adjusting
from cloud_hub.services.catalogue import Catalogue
from cloud_hub.services.clock import Clock, Clocked
from cloud_hub.services.exporting import Exporting
from cloud_hub.services.importing import Importing
from cloud_hub.services.large_batches import BatchWriting
from cloud_hub.services.posting import Posting
from cloud_hub.services.upserting import Upserting
from cloud_hub.services.vendors import Vendors
from cloud_hub.services.watching import Watching
from cloud_hub.services.working import Kind, Worker
from cloud_hub.storage import jobs
from cloud_hub.storage.database import LOST, Database, connect
from cloud_hub.storage.listening import Listener
from cloud_hub.supervise import Part
from published_api.version import installed_version

log = structlog.get_logger()
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
ROLL_S = 5.0
"""Reports are this much behind what is known here, and told so."""
ROLL_REST = 7
"""While there is more, counting rests so many times as long as it worked: a backlog that drains is not slowed down."""
BACKUPS_KEPT = 7
TOKEN_KEY_S = 30 * DAY_S
"""So long a key signs access tokens; no key is needed for longer than that plus the life of a token."""


def parts(core: Core, stack: AsyncExitStack) -> list[Part]:
    """The clock and the worker of this process."""
    name = secrets.token_hex(4)
    listener = Listener(partial(connect, core.config.database_url), jobs.CHANNEL)
    stack.push_async_callback(listener.close)
    worker = Worker(database=core.database, kinds=kinds(core), name=name, asked=listener.changed)
    clock = Clock(core.database, clocked(core), worker=name, now=now_ms)
    return [Part("clock", clock.run), Part("jobs", worker.run), Part("rollups", partial(_roll, core.database))]


async def _roll(database: Database) -> None:
    """Count what comes for the reports, in an eighth of the time at most."""
    while True:
        begun, has_more = time.monotonic(), False
        try:
            has_more = await rolling.roll(database, now_ms())
        except LOST as error:
            log.warning("the database is away", work="rollups", detail=str(error))
        await asyncio.sleep(ROLL_REST * (time.monotonic() - begun) if has_more else ROLL_S)


def kinds(core: Core) -> list[Kind]:
    """All kinds of jobs there are."""
    targets = {"products": import_products.Products()}
    return [
        *Importing(targets, now_ms).kinds(),
        Exporting(now_ms).kind(),
        stock_reporting.job_kind(now_ms),
        *_batch_writing(core).kinds(),
    ]


def _batch_writing(core: Core) -> BatchWriting:
    database, reads = core.database, core.reads
    posting = Posting(database, sign=core.keyring.hub_key.sign)
    return BatchWriting(
        Upserting(database, Catalogue(database, reads)), Adjusting(database, posting), Vendors(database, reads),
        now_ms,
    )  # fmt: skip


def clocked(core: Core) -> list[Clocked]:
    """All clocked work there is."""
    soon = Every(core.config.look_every_s)
    prune = partial(housekeeping.prune, core.database, core.config.reports_kept)
    works = [
        Clocked(name="audit", when=soon, run=partial(auditing.seal_all, core.database)),
        Clocked(name="partitions", when=Every(HOUR_S), run=partial(housekeeping.make_partitions, core.database)),
        Clocked(name="prune", when=Every(DAY_S), run=prune, within_s=HOUR_S),
        # Named by the version, so that the slot of one that has just been installed is still to be done.
        Clocked(name=f"reread {installed_version()}", when=Every(DAY_S), run=partial(rereading.reread, core.database)),
        Clocked(name="digest_audit", when=Every(DAY_S), run=partial(digest_audit.run, core.database)),
        Clocked(name="revocations", when=Every(HOUR_S), run=partial(_revocations, core)),
        Clocked(name="reservations", when=soon, run=partial(reserving.expire, core.database)),
        Clocked(
            name="stock_reports",
            when=Every(HOUR_S),
            run=partial(stock_reporting.make_due, core.database),
            within_s=HOUR_S,
        ),
        Clocked(name="token_key", when=Every(TOKEN_KEY_S), run=partial(_token_key, core)),
    ]
    watching = Watching(core.database, Posting(core.database, sign=core.keyring.hub_key.sign))
    works += [
        Clocked(name="watch_boxes", when=soon, run=watching.boxes),
        Clocked(name="alert_sweep", when=Every(HOUR_S), run=watching.sweep),
    ]
    if core.config.backup_dir is not None:
        nightly = partial(_backup, core.config.database_url, core.config.backup_dir)
        works.append(Clocked(name="backup", when=Every(DAY_S), run=nightly, within_s=4 * HOUR_S))
    return works


async def _revocations(core: Core, at_ms: int) -> None:
    """Sign the CRL anew, and revoke again what a restored database has forgotten."""
    enrolment = enrolment_of(core, core.config.http_port)
    enrolment.renew_crl(at_ms)
    await enrolment.apply_revocations(at_ms)


async def _token_key(core: Core, at_ms: int) -> None:
    """Sign people's access tokens with a new key; the one before it verifies on."""
    await asyncio.to_thread(core.keyring.tokens.replace, at_ms // 1000)


async def _backup(url: str, folder: Path, at_ms: int) -> None:
    """Make one, verify it by restoring it, keep the newest few."""
    name = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("hub-%Y%m%dT%H%M%SZ.backup")
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    made = await backup.make(url, folder / name, now_ms=at_ms)
    problems = await backup.verify(url, made, now_ms=now_ms())
    log.info("backup", file=name, bytes=made.bytes, problems=len(problems))
    if problems:
        raise RuntimeError(f"{name} is not verified: {problems[0].check}: {problems[0].detail}")
    await asyncio.to_thread(_forget_old, folder)


def _forget_old(folder: Path) -> None:
    for old in sorted(folder.glob("hub-*.backup"))[:-BACKUPS_KEPT]:
        old.unlink()
