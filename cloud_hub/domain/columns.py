"""What the sheets of imports and exports hold: columns, the other names they go by, how a cell is read.

A header is matched without regard to case, spaces, `_` and `-`. The delimiter of a CSV is the
one under which most of the first line are columns we know. Pure.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cloud_hub.domain import cells
from cloud_hub.domain.cells import CellError

DELIMITERS = ",;\t|"
Reader = Callable[[str, str], Any]
"""A cell and the file's decimal mark, to a value."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` in our exports and errors."""

    name: str
    read: Reader
    aliases: tuple[str, ...] = ()


class Sheet(NamedTuple):
    """The columns of one kind of sheet, and which of them a file must have (one of each group)."""

    columns: tuple[Column, ...]
    required: tuple[tuple[str, ...], ...]


class Row(NamedTuple):
    """One row: its number in the file (the header is 1) and what its cells mean; empty cells are left out."""

    number: int
    values: dict[str, Any]


class BadCell(NamedTuple):
    """A row that cannot be read, and why."""

    number: int
    column: str | None
    code: str
    detail: str


class NoHeader(ValueError):
    """The first line is not a header of this kind of sheet."""


def _plainly(read: Callable[[str], Any]) -> Reader:
    """A reader of cells that hold no numbers."""
    return lambda cell, _: read(cell)


_text, _name, _currency = _plainly(cells.text), _plainly(cells.name), _plainly(cells.currency)


def _unit(cell: str, _: str) -> str:
    return cells.text(cell, 20)


def _word(*choices: str) -> Reader:
    return lambda cell, _: cells.one_of(cell, *choices)


PRODUCTS = Sheet(
    (
        Column("sku", _name, ("article", "article number", "item", "item number", "product code")),
        Column("name", _name, ("product", "product name", "title", "description")),
        Column("category", _text, ("group", "department", "product category")),
        Column("unit", _unit, ("uom", "unit of measure")),
        Column("price", cells.amount, ("sales price", "selling price", "retail price", "unit price")),
        Column("unit_cost", cells.amount, ("cost", "purchase price", "cost price")),
        Column("currency", _currency),
        Column("lifecycle", _word("provisional", "active", "archived"), ("status",)),
        Column("reorder_point", cells.thousandths, ("reorder threshold", "low stock threshold", "minimum stock")),
        Column("critical_level", cells.thousandths, ("critical",)),
        Column("negative_policy", _word("block", "warn", "allow")),
        Column("barcodes", cells.barcodes, ("barcode", "gtin", "ean", "upc", "ean13")),
        Column("metadata", _plainly(cells.metadata), ("attributes",)),
    ),
    (("sku", "barcodes"),),
)
SHEETS: Mapping[str, Sheet] = {"products": PRODUCTS}


def match_header(sheet: Sheet, header: Sequence[str]) -> list[Column | None]:
    """The column of each cell of the first line, None for those we do not know. Raises NoHeader."""
    by_name = {_key(name): column for column in sheet.columns for name in column.aliases}
    by_name |= {_key(column.name): column for column in sheet.columns}
    found = [by_name.get(_key(cell)) for cell in header]
    names = [column.name for column in found if column is not None]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise NoHeader(f"expected each column once, found {twice} twice")
    for group in sheet.required:
        if not set(group) & set(names):
            found_names = repr(", ".join(header))[:200]
            raise NoHeader(f"expected a column {' or '.join(group)} in the first line, found {found_names}")
    return found


def sniff_delimiter(sheet: Sheet, first_line: str) -> str:
    """The delimiter under which most of the first line are columns that we know."""
    known = {_key(name) for column in sheet.columns for name in (column.name, *column.aliases)}

    def hits(delimiter: str) -> int:
        line = next(csv.reader([first_line], delimiter=delimiter), [])
        return sum(_key(cell) in known for cell in line)

    return max(DELIMITERS, key=hits)


def decimal_mark(delimiter: str) -> str:
    """Programs that separate by semicolon do so because the comma is their decimal mark."""
    return "," if delimiter == ";" else "."


def read_row(number: int, line: Sequence[str], columns: Sequence[Column | None], mark: str) -> Row | BadCell:
    """What the cells of one line mean, or the first that cannot be read."""
    if len(line) < len(columns) or any(line[len(columns) :]):
        return BadCell(number, None, "columns", f"expected {len(columns)} cells, got {len(line)}")
    values: dict[str, Any] = {}
    for cell, column in zip(line, columns, strict=False):
        if column is None or not cell.strip(cells.BLANK):
            continue
        try:
            values[column.name] = column.read(cell, mark)
        except CellError as error:
            return BadCell(number, column.name, error.code, error.detail)
    return Row(number, values)


def _key(cell: str) -> str:
    return re.sub(r"[\s_-]+", "", cell.strip().lower().removeprefix("\ufeff"))
