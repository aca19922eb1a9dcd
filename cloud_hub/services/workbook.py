"""XLSX to CSV and back, as a program of its own: `python -m cloud_hub.services.workbook read|write SOURCE TARGET`.

A workbook costs seconds of CPU and much memory, so it is another process: the hub's loop goes
on and the memory is gone with it; what reads and writes workbooks is imported only when that
process does so, never by the hub. Everything is text on both ways: a code keeps its zeros, a
cell is never a formula. What is inside a file is bounded before it is unpacked.
"""

import csv
import sys
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from cloud_hub.services.apart import REFUSED

UNPACKED_BYTES_MAX = 512 * 1024 * 1024
STRINGS_BYTES_MAX = 64 * 1024 * 1024
"""The table of shared texts, which has to be held in memory."""
ROWS_MAX = 1_048_576
_DIGITS_KEPT = 10**11
"""A whole number from here on may have been 1.2E+12 in the sheet; it stays visible as such."""


def read(source: Path, target: Path) -> None:
    """The first sheet as CSV. Raises ValueError for what is no workbook, or too large a one."""
    from openpyxl import load_workbook

    _require_bounded(source)
    with source.open("rb") as content, target.open("w", encoding="utf-8", newline="") as file:
        sheet = load_workbook(content, read_only=True, data_only=False, keep_links=False).worksheets[0]
        sheet.reset_dimensions()
        write_line = csv.writer(file).writerow
        width = 0
        for line in sheet.iter_rows(values_only=True, max_row=ROWS_MAX):
            cells = [_cell(value) for value in line]
            width = width or len(cells)
            # A line ends in the sheet with its last cell that is not empty.
            write_line(cells + [""] * (width - len(cells)))


def write(source: Path, target: Path) -> None:
    """The rows of a CSV as a sheet of texts."""
    from xlsxwriter import Workbook

    book = Workbook(target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    with source.open(encoding="utf-8", newline="") as file:
        for number, line in enumerate(csv.reader(file)):
            for column, cell in enumerate(line):
                if cell:
                    sheet.write_string(number, column, cell)
    book.close()


def _require_bounded(source: Path) -> None:
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
    if sum(member.file_size for member in members) > UNPACKED_BYTES_MAX:
        raise ValueError(f"expected at most {UNPACKED_BYTES_MAX} bytes unpacked")
    if any(member.file_size > STRINGS_BYTES_MAX for member in members if member.filename.endswith("sharedStrings.xml")):
        raise ValueError(f"expected at most {STRINGS_BYTES_MAX} bytes of texts")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value == datetime.combine(value, time.min) else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: float) -> str:
    if value.is_integer():
        return str(int(value)) if abs(value) < _DIGITS_KEPT else f"{value:E}"
    return repr(value)


def main(arguments: list[str]) -> int:
    """0, or REFUSED: it is not a workbook that we read."""
    from openpyxl.utils.exceptions import InvalidFileException

    how, source, target = arguments
    try:
        {"read": read, "write": write}[how](Path(source), Path(target))
    except (ValueError, KeyError, IndexError, OSError, zipfile.BadZipFile, InvalidFileException, SyntaxError) as error:
        sys.stderr.write(f"{type(error).__name__}: {str(error)[:200]}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
