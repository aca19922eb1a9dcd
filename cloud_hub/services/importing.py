"""Imports: a sheet becomes rows in the catalogue, prices or stock, as a job that can be undone.

The whole file is read once before anything is written, so half a file changes nothing and
progress has a total. Then each thousand rows are one transaction with their undo log and the
job's checkpoint: a crash goes on there and repeats nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cloud_hub.domain.columns import SHEETS, BadCell, Row
from cloud_hub.errors import Conflict
from cloud_hub.services import sheets
from cloud_hub.services.imports import IMPORT, UNDO
from cloud_hub.services.ports import Now
from cloud_hub.services.sheets import OpenSheet, Reading
from cloud_hub.services.working import Kind, Run
from cloud_hub.storage import import_changes
from cloud_hub.storage.database import Connection
from cloud_hub.storage.import_changes import Change
from cloud_hub.storage.jobs import RowError

UNDO_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who imports: the actor of what is written, and the sites they may write to (None: all)."""

    job_id: str
    actor: str
    sites: frozenset[str] | None
    now_ms: int


@dataclass(slots=True, kw_only=True)
class Written:
    """What came of some rows."""

    counts: Counter[str] = field(default_factory=Counter)
    """By `created`, `changed`, `unchanged`."""
    changes: list[Change] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, row: int, column: str | None, code: str, detail: str) -> None:
        self.errors.append(RowError(row, column, code, detail))


class Target(Protocol):
    """What rows of one sheet become."""

    def key(self, values: Mapping[str, Any]) -> object:
        """What a file may name once."""

    async def write(self, connection: Connection, rows: Sequence[Row], asked: Asked, *, dry: bool) -> Written:
        """Judge the rows, and unless `dry` write those that are right."""

    async def undo(self, connection: Connection, changes: Sequence[Change], asked: Asked) -> list[RowError]:
        """Make things what they were, but for those that somebody changed since."""


class Importing:
    """Runs imports and undoes them."""

    def __init__(self, targets: Mapping[str, Target], now: Now) -> None:
        self._targets = targets
        self._now = now

    def kinds(self) -> list[Kind]:
        """The two kinds of jobs."""
        return [Kind(name=IMPORT, run=self.run), Kind(name=UNDO, run=self.undo)]

    async def run(self, run: Run) -> dict[str, Any]:
        """Import a file. Raises Invalid, Conflict."""
        body = run.job.body
        reading = Reading(encoding=body["encoding"], decimal=body["decimal"])
        async with sheets.opened(run.database, run.job.id, SHEETS[body["sheet"]], reading) as sheet:
            total = 0
            async for batch in sheet.batches():
                total += len(batch)
            if body["dry_run"]:
                return _result(await self._judge(run, sheet, total), total, sheet, dry_run=True)
            if body["error_policy"] == "reject_all":
                refused = total - (await self._judge(run, sheet, total)).total()
                if refused:
                    raise Conflict("rows_refused", f"expected every row to be right; {refused} of {total} are not")
            return _result(await self._write(run, sheet, total), total, sheet, dry_run=False)

    async def undo(self, run: Run) -> dict[str, Any]:
        """Take back what an import wrote, newest first."""
        body = run.job.body
        target, asked = self._targets[body["sheet"]], self._asked(run)
        below, done = run.job.checkpoint or [2**62, 0]
        refused = 0
        while True:
            async with run.database.transaction() as connection:
                numbered = await import_changes.list_below(connection, body["import_id"], below, UNDO_ROWS)
                if not numbered:
                    return {"undone": done - refused - run.job.errors, "refused": refused + run.job.errors}
                errors = await target.undo(connection, [change for _, change in numbered], asked)
                below, done, refused = numbered[-1][0], done + len(numbered), refused + len(errors)
                await run.save(connection, done=done, checkpoint=[below, done], errors=errors)

    async def _judge(self, run: Run, sheet: OpenSheet, total: int) -> Counter[str]:
        """What would become of all rows; nothing is written but what is wrong with them."""
        target, asked = self._targets[run.job.body["sheet"]], self._asked(run)
        counts: Counter[str] = Counter()
        named: set[object] = set()
        errors: list[RowError] = []
        done = 0
        async for batch in sheet.batches():
            rows, bad = _named_once(batch, target, named)
            done += len(batch)
            async with run.database.transaction() as connection:
                judged = await target.write(connection, rows, asked, dry=True)
                counts += judged.counts
                errors += bad + judged.errors
                is_told = done < total or run.job.errors > 0
                await run.save(connection, done=done, total=total, errors=() if is_told else _by_row(errors))
        return counts

    async def _write(self, run: Run, sheet: OpenSheet, total: int) -> Counter[str]:
        """All rows once; those that an earlier attempt has written are only read, to know what was named."""
        target, asked = self._targets[run.job.body["sheet"]], self._asked(run)
        last, told = run.job.checkpoint or (0, {})
        counts = Counter(told)
        named: set[object] = set()
        done = 0
        async for batch in sheet.batches():
            rows, bad = _named_once(batch, target, named)
            done += len(batch)
            if batch[-1].number <= last:
                continue
            async with run.database.transaction() as connection:
                written = await target.write(connection, rows, asked, dry=False)
                counts += written.counts
                await import_changes.add(connection, run.job.id, written.changes)
                await run.save(
                    connection, done=done, total=total, checkpoint=[batch[-1].number, counts],
                    errors=_by_row(bad + written.errors),
                )  # fmt: skip
        return counts

    def _asked(self, run: Run) -> Asked:
        body = run.job.body
        sites = None if body["sites"] is None else frozenset(body["sites"])
        return Asked(job_id=run.job.id, actor=body["actor"], sites=sites, now_ms=self._now())


def _named_once(batch: Sequence[Row | BadCell], target: Target, named: set[object]) -> tuple[list[Row], list[RowError]]:
    """Rows that can be read and name something for the first time; and what is wrong with the others."""
    rows, errors = [], []
    for each in batch:
        if isinstance(each, BadCell):
            errors.append(RowError(each.number, each.column, each.code, each.detail))
            continue
        key = target.key(each.values)
        if key in named:
            errors.append(RowError(each.number, None, "twice", "expected each thing once in a file"))
            continue
        named.add(key)
        rows.append(each)
    return rows, errors


def _by_row(errors: Sequence[RowError]) -> list[RowError]:
    return sorted(errors, key=lambda error: error.row or 0)


def _result(counts: Counter[str], total: int, sheet: OpenSheet, *, dry_run: bool) -> dict[str, Any]:
    names = ("created", "changed", "unchanged")
    told = {name: counts[name] for name in names}
    refused = total - sum(told.values())
    return {"rows": total, **told, "refused": refused, "dry_run": dry_run, "ignored_columns": list(sheet.ignored)}
