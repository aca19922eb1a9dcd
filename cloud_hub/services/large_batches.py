"""Batches of more rows than a request writes itself: kept with a job, and written piece by piece.

The rows go by the job's id, in the transaction that asks for it. With `reject_failed` each
piece of 500 is one transaction with its row errors and the job's checkpoint, with
`reject_all` the whole batch is one: whoever dies when, each row has its effect once or never.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import Any, NamedTuple

import orjson

from cloud_hub.domain.jobs import ROWS_AT_ONCE
from cloud_hub.domain.permissions import Principal
from cloud_hub.services.adjusting import Adjusting
from cloud_hub.services.jobs import Job, ask_in
from cloud_hub.services.ports import Now
from cloud_hub.services.upserting import Upsert, Upserting
from cloud_hub.services.vendors import Vendors
from cloud_hub.services.working import Kind, Run
from cloud_hub.storage import files
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.files import File
from cloud_hub.storage.jobs import RowError

PRODUCTS, MOVEMENTS, PRICES = "product_batch", "movement_batch", "price_batch"
_AMOUNTS = ("price", "cost", "unit_price", "freight_per_order", "freight_per_unit")
_DAYS = ("valid_from", "valid_until")


class LargeBatches:
    """The use case of who asks for one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self, kind: str, rows: Sequence[Any], about: Mapping[str, Any], key: str, who: Principal, now_ms: int, *,
        all_or_none: bool,
    ) -> tuple[Job, bool]:  # fmt: skip
        """Write these rows, or the job that this key asked for before. Raises TooMany, Invalid."""
        pieces = [orjson.dumps(rows[at : at + ROWS_AT_ONCE], default=_text) for at in _starts(rows)]
        digest = sha256(b"".join(pieces))
        body = {**about, "sha256": digest.hexdigest(), "all_or_none": all_or_none, "key": key, "actor": who.name}
        async with self._database.transaction() as connection:
            job, is_replayed = await ask_in(connection, kind, body, key, who, now_ms, total=len(rows))
            if not is_replayed:
                await _keep(connection, job, pieces, digest.digest(), now_ms)
        return job, is_replayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Rows that are written together."""

    rows: Sequence[Any]
    about: Mapping[str, Any]
    """What was said beside the rows, and who said it."""
    key: str
    now_ms: int

    @property
    def all_or_none(self) -> bool:
        return bool(self.about["all_or_none"])


class Judged(NamedTuple):
    """What became of a row, and why when that is `refused`."""

    outcome: str
    code: str | None = None
    detail: str | None = None
    column: str | None = None


Write = Callable[[Connection, Piece], Awaitable[Sequence[Judged]]]


class BatchWriting:
    """Writes the batches that somebody asked for."""

    def __init__(self, upserting: Upserting, adjusting: Adjusting, vendors: Vendors, now: Now) -> None:
        self._upserting = upserting
        self._adjusting = adjusting
        self._vendors = vendors
        self._now = now

    def kinds(self) -> list[Kind]:
        """The kinds of jobs, by what a row is."""
        writers = {PRODUCTS: self._products, MOVEMENTS: self._movements, PRICES: self._prices}
        return [Kind(name=name, run=partial(self._run, write)) for name, write in writers.items()]

    async def _run(self, write: Write, run: Run) -> dict[str, Any]:
        body = run.job.body
        pieces = [orjson.loads(piece) async for piece in files.chunks(run.database, run.job.id)]
        if body["all_or_none"]:
            pieces = [list(chain.from_iterable(pieces))]
        done, told = run.job.checkpoint or (0, {})
        counts, upto = Counter(told), 0
        for rows in pieces:
            first, upto = upto, upto + len(rows)
            if upto <= done:
                continue
            key = f"{body['key']}#{first}" if first else body["key"]
            async with run.database.transaction() as connection:
                piece = Piece(rows=rows, about=body, key=key, now_ms=self._now())
                judged = await write(connection, piece)
                counts.update(each.outcome for each in judged)
                await run.save(connection, done=upto, checkpoint=[upto, counts], errors=_errors(judged, first))
        return {"rows": upto, **counts}

    async def _products(self, connection: Connection, piece: Piece) -> list[Judged]:
        rows = [Upsert(sku, _read(fields), codes) for sku, fields, codes in piece.rows]
        made = await self._upserting.upsert_in(connection, rows, piece.now_ms, all_or_none=piece.all_or_none)
        return [Judged(each.outcome, each.code, each.detail, (each.pointer or "")[1:] or None) for each in made]

    async def _movements(self, connection: Connection, piece: Piece) -> list[Judged]:
        about = piece.about
        posted = await self._adjusting.post_in(
            connection, about["site_id"], list(piece.rows), piece.key, actor=about["actor"], now_ms=piece.now_ms,
            all_or_none=piece.all_or_none,
        )  # fmt: skip
        return [Judged("refused" if row.code else "accepted", row.code, row.detail) for row in posted.rows]

    async def _prices(self, connection: Connection, piece: Piece) -> list[Judged]:
        rows = [_read(row) for row in piece.rows]
        made = await self._vendors.set_prices_in(
            connection, piece.about["vendor_id"], rows, piece.now_ms, all_or_none=piece.all_or_none
        )
        return [Judged(each.outcome, each.code, each.detail) for each in made]


async def _keep(connection: Connection, job: Job, pieces: Sequence[bytes], digest: bytes, now_ms: int) -> None:
    file = File(
        id=job.id, name=f"{job.kind}-{job.id}", media_type="application/json", size=sum(map(len, pieces)),
        sha256=digest, made_by=job.asked_by, created_at_ms=now_ms,
    )  # fmt: skip
    await files.insert(connection, file)
    for number, piece in enumerate(pieces):
        await files.add_chunk(connection, job.id, number, piece)


def _starts(rows: Sequence[Any]) -> range:
    return range(0, len(rows), ROWS_AT_ONCE)


def _text(value: object) -> str:
    """Amounts as exact text; the JSON writer knows everything else."""
    assert isinstance(value, Decimal)
    return str(value)


def _read(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as they were before they became JSON."""
    read = dict(fields)
    for names, made in ((_AMOUNTS, Decimal), (_DAYS, date.fromisoformat)):
        read |= {name: made(read[name]) for name in names if read.get(name) is not None}
    return read


def _errors(judged: Sequence[Judged], first: int) -> list[RowError]:
    return [
        RowError(first + index, each.column, each.code or "", each.detail or "")
        for index, each in enumerate(judged)
        if each.outcome == "refused"
    ]
