"""Where labels are asked for: looks whether they can be drawn, queues them, wakes the printer's worker.

The answer is given after the commit. Nothing here waits for a printer.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import uuid_utils

from edge_agent.domain.label_design import Content, Label, Template, describe
from edge_agent.domain.label_symbols import Article, Carrier, symbol_of
from edge_agent.domain.print_job import PrintJob
from edge_agent.errors import Conflict, Invalid, NotFound
from edge_agent.services import labelling, printing
from edge_agent.services.drawing import Drawing, Drawn, Form, TooSmall
from edge_agent.services.labelling import Wanted
from edge_agent.services.once import Answer, Kept, once
from edge_agent.services.printing import PrinterSettings
from edge_agent.storage.database import Database

LABELS_MAX = 5_000
"""In one job; a roll has two thousand."""
TEST_GOODS = Article("09506000134352", "TEST-1", "2030-12-31")
"""GS1's own example, which no shop sells. The screen knows what should arrive of it."""
Resolve = Callable[[sqlite3.Connection], list[Wanted]]
"""Names the goods that labels are wanted of."""


class RequestKey(NamedTuple):
    """The caller's idempotency key, and what tells its request from others: what was asked, not what was found."""

    key: str | None
    asked: bytes


class Paper(NamedTuple):
    """What a preview is for when no printer is named and none is set up."""

    width_mm: float = 60.0
    height_mm: float = 40.0
    dpi: int = 203


class LabelDesk:
    """Takes requests for labels."""

    def __init__(self, database: Database, printers: Sequence[PrinterSettings], drawing: Drawing) -> None:
        self._database, self._drawing = database, drawing
        self.printers = {printer.name: printer for printer in printers}
        self.news = {name: asyncio.Event() for name in self.printers}
        """Set when a job was asked for: its printer's worker looks at once."""

    def printer(self, name: str | None, template: Template) -> PrinterSettings:
        """The named one, or the first for this kind of label. Raises NotFound, Conflict (`no_printer`)."""
        if name is not None:
            if name not in self.printers:
                known = ", ".join(self.printers) or "none"
                raise NotFound("printer", f"there is no printer {name[:40]!r}; expected one of: {known}")
            return self.printers[name]
        found = next((each for each in self.printers.values() if template in each.templates), None)
        if found is None:
            raise Conflict("no_printer", f"no printer is set up for {template} labels",
                           remedy="add one to `printers` in edge.toml and start the agent again")  # fmt: skip
        return found

    async def ask(
        self, template: Template, resolve: Resolve, printer: PrinterSettings, actor: str, key: RequestKey, now_ms: int
    ) -> Kept:
        """Queue a job of these labels, once per key. Raises Invalid, NotFound, Unavailable."""
        wanted = await self._database.read(resolve)
        total = sum(each.copies for each in wanted)
        if total > LABELS_MAX:
            raise Invalid("too_many_labels", f"expected at most {LABELS_MAX} labels, got {total}", pointer="/items")
        labels = await self._described(template, wanted, printer.width_mm, printer.height_mm)
        drawn = await self._drawn("none", labels, printer.dpi)
        job = PrintJob(str(uuid_utils.uuid7()), printer.name, template, labelling.dump(wanted), total, now_ms, actor)
        kept = await self._database.write(_ask, job, key, drawn.missing, now_ms)
        self.news[printer.name].set()
        return kept

    async def preview(self, template: Template, resolve: Resolve, paper: PrinterSettings | Paper, form: Form) -> Drawn:
        """What the labels will look like."""
        wanted = await self._database.read(resolve)
        labels = await self._described(template, wanted, paper.width_mm, paper.height_mm)
        return await self._drawn(form, labels, paper.dpi)

    async def test_code(self) -> Drawn:
        """A GS1 DataMatrix for who sets up a scanner: does it hand over lot and expiry, and the separator?"""
        symbol = symbol_of(TEST_GOODS, Carrier.DATAMATRIX)
        content = Content("", "", TEST_GOODS.code, "", "", TEST_GOODS.lot, TEST_GOODS.expiry, symbol)
        paper = Paper()
        return await self._drawn("png", [describe(Template.LOT, content, paper.width_mm, paper.height_mm)], paper.dpi)

    async def run_of(self, job: PrintJob, count: int) -> bytes:
        """What the printer is told for the next labels of a job. Raises EdgeError."""
        printer = self.printers[job.printer]
        wanted = labelling.part(labelling.load(job.lines), job.sent, count)
        labels = await self._described(Template(job.template), wanted, printer.width_mm, printer.height_mm)
        return (await self._drawing.draw(printer.format, labels, printer.dpi)).document

    async def _described(self, template: Template, wanted: list[Wanted], width: float, height: float) -> list[Label]:
        return await self._database.read(labelling.describe_all, template, wanted, width, height)

    async def _drawn(self, form: Form, labels: list[Label], dpi: int) -> Drawn:
        once_each = labels if form != "none" else [replace(label, copies=1) for label in labels]
        try:
            return await self._drawing.draw(form, once_each, dpi)
        except TooSmall as error:
            raise labelling.about_item(error, error.number) from error


def _ask(connection: sqlite3.Connection, job: PrintJob, key: RequestKey, missing: list[str], now_ms: int) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        printing.ask(connection, job, now_ms)
        return {"job": job.job_id, "printer": job.printer, "state": job.state, "labels": job.total,
                "missing_signs": missing}, 0  # fmt: skip

    return once(connection, key.key, key.asked, act)
