"""Exports: all rows of a sheet as a file, in the columns that an import reads, as a job with progress.

One database snapshot, so the file is of one moment. Nothing in it is a formula to a
spreadsheet, and importing it again changes nothing.
"""

import csv
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson

from cloud_hub.domain.cells import PACK_MARK, guarded
from cloud_hub.domain.columns import SHEETS
from cloud_hub.services.imports import EXPORT, Upload, keep
from cloud_hub.services.ports import Now
from cloud_hub.services.sheets import XLSX_TYPE, convert
from cloud_hub.services.working import Kind, Run
from cloud_hub.storage import products
from cloud_hub.storage.database import Connection
from cloud_hub.storage.products import Product
from sync_protocol.quantity import format_quantity

Page = list[list[str]]
"""Lines of cells, in the order of the sheet's columns."""


class Source(NamedTuple):
    """Where the rows of a sheet come from."""

    count: Callable[[Connection], Any]
    pages: Callable[[Connection], AsyncIterator[Page]]


class Exporting:
    """Runs exports."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def kind(self) -> Kind:
        return Kind(name=EXPORT, run=self.run)

    async def run(self, run: Run) -> dict[str, Any]:
        """Write the file; nothing of it is seen before it is whole."""
        body = run.job.body
        with TemporaryDirectory(prefix="backstock-export-") as folder:
            path = Path(folder, "sheet.csv")
            rows = await _write(run, path)
            suffix = "csv"
            if body["media_type"] == XLSX_TYPE:
                path, suffix = await convert("write", path, Path(folder, "sheet.xlsx")), "xlsx"
            upload = Upload(path, body["media_type"])
            name = f"{body['sheet']}-{run.job.id}.{suffix}"
            digest = sha256(path.read_bytes()).digest()
            async with run.database.transaction() as connection:
                file = await keep(connection, upload, run.job.id, name, digest, run.job.asked_by, self._now())
                await run.save(connection, done=rows, total=rows)
        return {"rows": rows, "bytes": file.size, "file": f"/api/v1/exports/{run.job.id}/file"}


async def _write(run: Run, path: Path) -> int:
    sheet = run.job.body["sheet"]
    source, done = SOURCES[sheet], 0
    async with run.database.transaction(isolation="repeatable_read", readonly=True) as snapshot:
        total = await source.count(snapshot)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([column.name for column in SHEETS[sheet].columns])
            async for page in source.pages(snapshot):
                writer.writerows(page)
                done += len(page)
                async with run.database.transaction() as connection:
                    await run.save(connection, done=done, total=total)
    return done


async def _products(connection: Connection) -> AsyncIterator[Page]:
    async for page in products.pages(connection):
        yield [_product(product) for product in page]


def _product(product: Product) -> list[str]:
    codes = [code if pack == 1000 else f"{code}{PACK_MARK}{format_quantity(pack)}" for code, pack in product.barcodes]
    return [
        guarded(product.sku), guarded(product.name), guarded(product.category), guarded(product.unit),
        _plain(product.price), _plain(product.cost), product.currency, product.lifecycle,
        _quantity(product.reorder_point), _quantity(product.critical_level), product.negative_policy or "",
        guarded(" ".join(codes)), orjson.dumps(product.metadata).decode() if product.metadata else "",
    ]  # fmt: skip


def _plain(value: Any) -> str:
    return "" if value is None else f"{value:f}"


def _quantity(thousandths: int | None) -> str:
    return "" if thousandths is None else format_quantity(thousandths)


SOURCES: Mapping[str, Source] = {"products": Source(products.count_all, _products)}
