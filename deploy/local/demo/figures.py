"""What the unattended story found: lines with a verdict, and one verdict over all."""

import sys

from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 120


class Figures:
    """Collected as the story goes."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, bool | None]] = []

    def note(self, what: str, value: object) -> None:
        """A figure that nobody judges."""
        self._rows.append((what, _text(value), None))

    def check(self, what: str, holds: bool, value: object = "") -> None:
        """A figure that has to hold."""
        self._rows.append((what, _text(value), holds))

    @property
    def holds(self) -> bool:
        return all(verdict is not False for _, _, verdict in self._rows)

    def show(self, seconds: float) -> bool:
        """Print the table; whether everything held."""
        table = Table(title="The story in figures", title_justify="left")
        for heading in ("what", "figure", ""):
            table.add_column(heading)
        for what, value, verdict in self._rows:
            table.add_row(what, value, {True: "[green]ok", False: "[bold red]NO", None: ""}[verdict])
        console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
        console.print(table)
        console.print(f"{'the story holds' if self.holds else 'THE STORY DOES NOT HOLD'} ({seconds:.0f} s)")
        return self.holds


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
