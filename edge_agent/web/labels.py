"""Labels: asked for, looked at before, followed and cancelled; and the printers they go to."""

import sqlite3
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from edge_agent.domain.label_design import Template
from edge_agent.domain.label_symbols import Carrier
from edge_agent.domain.print_job import PrintJob
from edge_agent.errors import EdgeError, Invalid
from edge_agent.services import labelling, printing
from edge_agent.services.label_desk import Paper, RequestKey
from edge_agent.services.labelling import Wanted
from edge_agent.services.once import fingerprint
from edge_agent.services.printing import PrinterSettings, Queue
from edge_agent.storage import catalogue, print_jobs
from edge_agent.web import render
from edge_agent.web.body import Body, Key, Limit, Name, Query, Whole, key_of
from edge_agent.web.context import actor_of, answer, kept, now_ms, store_of
from edge_agent.web.operations import Table
from edge_agent.web.views.values import Items
from edge_agent.web.views.work import AskedView, JobView, PrinterView

TABLE = Table("labels")

_TYPES = {"png": "image/png", "pdf": "application/pdf", "zpl": "application/zpl"}


class ItemBody(Body):
    """What one label is of: a product, or any code of it (a scanned one brings lot and expiry along)."""

    product_id: Key | None = None
    code: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    copies: Annotated[int, Field(ge=1, le=500), Whole] = 1
    lot: Annotated[Name, Field(max_length=40)] | None = None
    expiry: Annotated[str, Field(max_length=10)] | None = None
    """YYYY-MM-DD."""
    symbol: Carrier | None = None
    """Left out: what a till reads on shelf and price labels, a GS1 DataMatrix on lot labels."""


class LabelsBody(Body):
    template: Template
    items: Annotated[tuple[ItemBody, ...], Field(min_length=1, max_length=500)]
    printer: Name | None = None
    """Left out: the first that is set up for this template."""


class PreviewQuery(Query):
    template: Template
    product_id: Key | None = None
    code: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    lot: Annotated[Name, Field(max_length=40)] | None = None
    expiry: Annotated[str, Field(max_length=10)] | None = None
    symbol: Carrier | None = None
    printer: Name | None = None
    format: Literal["png", "pdf", "zpl"] = "png"


class JobsQuery(Query):
    limit: Limit = 50


@TABLE.add("GET", "/printers", answer=Items[PrinterView])
async def get_printers(request: web.Request) -> web.Response:
    """The printers that are set up, and what waits for each."""
    store = store_of(request)
    found = await store.database.read(printing.queues, list(store.labels.printers))
    return answer({"items": [_printer(store.labels.printers[name], queue) for name, queue in found.items()]})


@TABLE.add("POST", "/labels", answer=AskedView, status=202, keyed=True)
async def post_labels(request: web.Request, body: LabelsBody) -> web.Response:
    """Queue labels; they are printed as soon as their printer takes them."""
    desk = store_of(request).labels
    printer = desk.printer(body.printer, body.template)

    def resolve(connection: sqlite3.Connection) -> list[Wanted]:
        return [_want(connection, item, number) for number, item in enumerate(body.items)]

    key = RequestKey(key_of(request), fingerprint("labels", body.model_dump(mode="json")))
    return kept(await desk.ask(body.template, resolve, printer, actor_of(request), key, now_ms()), status=202)


@TABLE.add("GET", "/labels/preview", produces=("image/png", "application/pdf", "application/zpl"))
async def get_preview(request: web.Request, query: PreviewQuery) -> web.Response:
    """What a label will look like, on the paper of its printer."""
    desk = store_of(request).labels
    item = ItemBody(product_id=query.product_id, code=query.code, lot=query.lot, expiry=query.expiry,
                    symbol=query.symbol)  # fmt: skip
    has_printer = query.printer is not None or any(query.template in each.templates for each in desk.printers.values())
    paper = desk.printer(query.printer, query.template) if has_printer else Paper()
    try:
        drawn = await desk.preview(query.template, lambda connection: [_want(connection, item, 0)], paper, query.format)
    except Invalid as error:
        pointer = error.pointer.removeprefix("/items/0")
        raise Invalid(error.code, error.detail, pointer=pointer, expected=error.expected) from error
    return web.Response(
        body=drawn.document, content_type=_TYPES[query.format],
        headers={"Cache-Control": "no-store", "X-Missing-Signs": str(len(drawn.missing))},
    )  # fmt: skip


@TABLE.add("GET", "/labels", answer=Items[JobView])
async def get_jobs(request: web.Request, query: JobsQuery) -> web.Response:
    """Print jobs of the last week, newest first."""
    return answer({"items": await store_of(request).database.read(_jobs, query.limit)})


@TABLE.add("GET", "/labels/{id}", answer=JobView)
async def get_job(request: web.Request) -> web.Response:
    """How far a job is."""
    job_id = request.match_info["id"]

    def get(connection: sqlite3.Connection) -> render.Json:
        return _job(connection, printing.get(connection, job_id))

    return answer(await store_of(request).database.read(get))


@TABLE.add("POST", "/labels/{id}/cancel", answer=JobView)
async def post_cancel(request: web.Request) -> web.Response:
    """Print no more of it; what the printer has been told comes out."""
    job_id = request.match_info["id"]

    def cancel(connection: sqlite3.Connection) -> render.Json:
        return _job(connection, printing.cancel(connection, job_id, now_ms()))

    return answer(await store_of(request).database.write(cancel))


def _want(connection: sqlite3.Connection, item: ItemBody, number: int) -> Wanted:
    try:
        return labelling.want(
            connection, product_id=item.product_id, code=item.code, copies=item.copies, lot=item.lot,
            expiry=item.expiry, carrier=item.symbol, now_ms=now_ms(),
        )  # fmt: skip
    except EdgeError as error:
        raise labelling.about_item(error, number) from error


def _jobs(connection: sqlite3.Connection, most: int) -> list[render.Json]:
    return [_job(connection, job) for job in print_jobs.list_jobs(connection, most)]


def _job(connection: sqlite3.Connection, job: PrintJob) -> render.Json:
    ids = list(dict.fromkeys(wanted.product_id for wanted in labelling.load(job.lines)))
    first = catalogue.find_product(connection, ids[0])
    return {
        "job": job.job_id, "printer": job.printer, "template": job.template,
        "name": None if first is None else first.name, "products": len(ids), "state": job.state,
        "labels": job.total, "sent": job.sent, "perhaps_sent": job.sending, "doubled": job.doubled,
        "attempts": job.attempts, "problem": _problem(job), "actor": job.actor,
        "made_at": render.time(job.made_at), "changed_at": render.time(job.changed_at),
    }  # fmt: skip


def _problem(job: PrintJob) -> render.Json | None:
    return {"code": job.problem, "detail": job.detail} if job.problem else None


def _printer(settings: PrinterSettings, queue: Queue) -> render.Json:
    return {
        "name": settings.name, "format": settings.format, "dpi": settings.dpi, "width_mm": settings.width_mm,
        "height_mm": settings.height_mm, "templates": list(settings.templates), "state": queue.state,
        "jobs": queue.jobs, "labels": queue.labels,
        "problem": None if queue.first is None else _problem(queue.first),
    }  # fmt: skip
