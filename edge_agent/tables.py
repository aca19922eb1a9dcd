"""Tables for a person at a terminal; `--json` gives the same to a program."""

from typing import Any

from rich.console import Console
from rich.table import Table

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def facts_table(values: dict[str, Any], title: str) -> None:
    """One fact a row."""
    table = Table(title=title, show_header=False)
    for name, value in values.items():
        table.add_row(name.replace("_", " "), "-" if value is None else str(value))
    Console().print(table)


def checks_table(checks: list[dict[str, str]]) -> None:
    """One check a row, with what to do about it."""
    table = Table("check", "result", "what", "what to do")
    for check in checks:
        colour = _COLOURS[check["result"]]
        table.add_row(check["name"], f"[{colour}]{check['result']}[/]", check["detail"], check["remedy"])
    Console().print(table)


def rows_table(columns: list[str], rows: list[dict[str, str]]) -> None:
    """One thing a row."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    Console().print(table)
