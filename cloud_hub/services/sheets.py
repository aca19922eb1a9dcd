"""A sheet on this machine's disk: opened, its header understood, its rows read a thousand at a time.

Reading happens in a thread, so the loop goes on; a workbook is made a CSV by a process of its
own first. Rows keep the number that a person sees in a spreadsheet: the header is 1.
"""

import asyncio
import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from cloud_hub.domain.columns import (
    BadCell,
    Column,
    NoHeader,
    Row,
    Sheet,
    decimal_mark,
    match_header,
    read_row,
    sniff_delimiter,
)
from cloud_hub.errors import HubError, Invalid
from cloud_hub.services import apart, workbook
from cloud_hub.storage import files
from cloud_hub.storage.database import Database

BATCH_ROWS = 1_000
ROWS_MAX = 500_000
IGNORED_SHOWN_MAX = 50
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Reading(NamedTuple):
    """How a file is to be read; None: found out."""

    encoding: str = "utf-8"
    decimal: str | None = None


class OpenSheet(NamedTuple):
    """A CSV with a header that was understood."""

    path: Path
    encoding: str
    delimiter: str
    mark: str
    columns: tuple[Column | None, ...]
    ignored: tuple[str, ...]
    """Headers of columns that we do not know."""

    def rows(self) -> Iterator[Row | BadCell]:
        """Every row that is not empty. Raises Invalid for what is no CSV from there on."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            lines = enumerate(csv.reader(file, delimiter=self.delimiter, strict=True), 1)
            next(lines, None)
            for number, line in _checked(lines):
                if any(line):
                    yield read_row(number, line, self.columns, self.mark)

    async def batches(self) -> AsyncIterator[list[Row | BadCell]]:
        """The rows, a thousand at a time, read in a thread."""
        rows = self.rows()
        while batch := await asyncio.to_thread(lambda: list(islice(rows, BATCH_ROWS))):
            yield batch


@asynccontextmanager
async def opened(database: Database, file_id: str, sheet: Sheet, how: Reading) -> AsyncIterator[OpenSheet]:
    """A file of ours as rows, on the disk as long as the block lasts. Raises Invalid."""
    async with database.connection() as connection:
        file = await files.find(connection, file_id)
    if file is None:
        raise Invalid("file_gone", "expected a file that is still kept")
    with TemporaryDirectory(prefix="backstock-import-") as folder:
        path = Path(folder, "sheet")
        with await asyncio.to_thread(path.open, "wb") as target:
            async for chunk in files.chunks(database, file_id):
                await asyncio.to_thread(target.write, chunk)
        if file.media_type == XLSX_TYPE:
            path = await convert("read", path, Path(folder, "sheet.csv"))
            how = how._replace(encoding="utf-8", decimal=how.decimal or ".")
        yield await asyncio.to_thread(_open, path, sheet, how)


async def convert(how: str, source: Path, target: Path) -> Path:
    """A workbook to CSV (read) or back (write), in another process. Raises Invalid for what is no workbook."""
    try:
        await apart.run(workbook.__name__, how, str(source), str(target))
    except apart.Refused as error:
        raise Invalid("workbook", f"expected an XLSX workbook: {error}") from error
    return target


def _open(path: Path, sheet: Sheet, how: Reading) -> OpenSheet:
    encoding = _encoding(path, how.encoding)
    try:
        with path.open(encoding=encoding, newline="") as file:
            first = file.readline(65_536)
    except UnicodeDecodeError as error:
        raise _not_text(encoding) from error
    delimiter = sniff_delimiter(sheet, first)
    try:
        header = next(csv.reader([first], delimiter=delimiter), [])
        columns = match_header(sheet, header)
    except (NoHeader, csv.Error) as error:
        raise Invalid("header", str(error)) from error
    unknown = [name.strip()[:100] for name, column in zip(header, columns, strict=True) if column is None]
    ignored = tuple(filter(None, unknown[:IGNORED_SHOWN_MAX]))
    return OpenSheet(path, encoding, delimiter, how.decimal or decimal_mark(delimiter), tuple(columns), ignored)


def _encoding(path: Path, asked: str) -> str:
    with path.open("rb") as file:
        head = file.read(3)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8-sig" if head == b"\xef\xbb\xbf" or asked == "utf-8" else asked


def _checked(lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The lines, and in words why they end too soon."""
    number = 1
    try:
        for number, line in lines:
            if number > ROWS_MAX + 1:
                raise Invalid("rows", f"expected at most {ROWS_MAX} rows")
            yield number, line
    except csv.Error as error:
        raise Invalid("csv", f"expected a whole CSV file: {error} in row {number + 1}") from error
    except UnicodeDecodeError as error:
        raise _not_text("UTF-8") from error


def _not_text(encoding: str) -> HubError:
    return Invalid("encoding", f"expected text in {encoding}: save as CSV UTF-8, or say encoding=cp1252")
