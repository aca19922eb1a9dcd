"""Imports and exports of sheets (CSV, XLSX); each is a job, so the answer is 202 and `GET /jobs/{id}` tells more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from aiohttp import web

from cloud_hub.domain.columns import PRODUCTS, Sheet
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, TooMany
from cloud_hub.services.imports import Upload
from cloud_hub.services.sheets import CSV_TYPE, XLSX_TYPE
from cloud_hub.web.dispatch import stream
from cloud_hub.web.fields import Input, QueryFlag
from cloud_hub.web.jobs import JobView, accepted
from cloud_hub.web.operations import Answer, Call, Table

table = Table("imports")

FILE_BYTES_MAX = 64 * 1024 * 1024
UPLOADS = (CSV_TYPE, XLSX_TYPE)


_SHEET = """\
The first line names the columns, in any order; case, spaces, `_` and `-` do not matter there. A row is found by its \
`sku`, else by a barcode, so one of the two columns has to be there. An empty cell leaves a field as it is. Several \
barcodes stand in one cell with spaces between, a pack's with its units behind `×`: `4006381333931 14006381333938×6`.

The job's `result` counts the rows and names in `ignored_columns` those that are none of these:

| column | also read under |
|---|---|
{columns}
"""


def _table(sheet: Sheet) -> str:
    return "\n".join(f"| `{column.name}` | {', '.join(column.aliases)} |" for column in sheet.columns)


class ImportQuery(Input):
    dry_run: QueryFlag = False
    """Only say what would become of each row."""
    error_policy: Literal["reject_failed", "reject_all"] = "reject_failed"
    """Whether rows that are wrong are left out, or leave everything as it was."""
    encoding: Literal["utf-8", "cp1252"] = "utf-8"
    """Of a CSV without a byte order mark."""
    decimal: Literal["comma", "point"] | None = None
    """The file's decimal mark; left out: a comma where semicolons separate the cells."""


class ExportQuery(Input):
    format: Literal["csv", "xlsx"] = "csv"


@table.add("POST", "/imports/products", permission=Permission.PRODUCTS_WRITE, query=ImportQuery, answer=JobView,
           status=202, errors=(Invalid, TooMany), idempotent=True, uploads=UPLOADS,
           body_bytes_max=FILE_BYTES_MAX, about=_SHEET.format(columns=_table(PRODUCTS)))  # fmt: skip
async def import_products(call: Call[ImportQuery, None]) -> Answer:
    """Import products from a CSV or XLSX file: made or changed by SKU, else by barcode"""
    return await _import(call, "products")


@table.add("POST", "/imports/{job_id}/undo", permission=Permission.PRODUCTS_WRITE, answer=JobView, status=202,
           errors=(NotFound, Conflict, TooMany, Invalid), idempotent=True)  # fmt: skip
async def undo_import(call: Call[None, None]) -> Answer:
    """Take back what an import wrote, but for what somebody changed since"""
    job, is_replayed = await call.hub.imports.undo(call.path["job_id"], call.key, call.principal, call.now_ms)
    return accepted(job, replayed=is_replayed)


@table.add("POST", "/exports/products", permission=Permission.PRODUCTS_READ, query=ExportQuery, answer=JobView,
           status=202, errors=(Invalid, TooMany), idempotent=True)  # fmt: skip
async def export_products(call: Call[ExportQuery, None]) -> Answer:
    """Export all products, in the columns that an import reads"""
    return await _export(call, "products")


@table.add("GET", "/exports/{job_id}/file", permission=Permission.JOBS, errors=(NotFound, Conflict),
           produces="application/octet-stream")  # fmt: skip
async def get_export_file(call: Call[None, None]) -> web.StreamResponse:
    """The file of an export that is done"""
    file, chunks = await call.hub.imports.file(call.path["job_id"], call.principal)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store",
               "ETag": f'"{file.sha256.hex()}"'}  # fmt: skip
    response = web.StreamResponse(headers=headers)
    response.content_type, response.content_length = file.media_type, file.size
    await response.prepare(call.request)
    async for chunk in chunks:
        await response.write(chunk)
    await response.write_eof()
    return response


async def _import(call: Call[ImportQuery, None], sheet: str) -> Answer:
    query = call.query
    options = {
        "dry_run": query.dry_run, "error_policy": query.error_policy, "encoding": query.encoding,
        "decimal": {None: None, "comma": ",", "point": "."}[query.decimal],
    }  # fmt: skip
    async with _received(call) as upload:
        job, is_replayed = await call.hub.imports.ask(sheet, upload, options, call.key, call.principal, call.now_ms)
    return accepted(job, replayed=is_replayed)


async def _export(call: Call[ExportQuery, None], sheet: str) -> Answer:
    media_type = XLSX_TYPE if call.query.format == "xlsx" else CSV_TYPE
    job, is_replayed = await call.hub.imports.export(sheet, media_type, call.key, call.principal, call.now_ms)
    return accepted(job, replayed=is_replayed)


@asynccontextmanager
async def _received(call: Call[Any, Any]) -> AsyncIterator[Upload]:
    """The body on the disk, as long as the block lasts: no connection to the database waits for a slow sender."""
    with TemporaryDirectory(prefix="backstock-upload-") as folder:
        path = Path(folder, "upload")
        received = 0
        with await asyncio.to_thread(path.open, "wb") as file:
            async for piece in stream(call.request, FILE_BYTES_MAX):
                received += await asyncio.to_thread(file.write, piece)
        if not received:
            raise Invalid("empty", "expected a file in the body")
        yield Upload(path, call.request.content_type)
