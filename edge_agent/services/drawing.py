"""Labels drawn in a program of its own (edge_agent/labels): what it needs of memory is given back with it.

One at a time: a box has 512 MB for everything, and a label is not a sale.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import orjson

from edge_agent import apart
from edge_agent.domain.label_design import Label
from edge_agent.errors import Invalid, Unavailable

Form = Literal["none", "png", "pdf", "zpl"]
SECONDS_MAX = 60
_PROGRAM = (sys.executable, "-m", "edge_agent.labels")
_REFUSED = 3
"""The program's status when a label cannot be drawn."""


class Drawn(NamedTuple):
    """A document, and the signs in it that no font here has."""

    document: bytes
    missing: list[str]


class TooSmall(Invalid):
    """A label that cannot be drawn; `number` is its place in the order."""

    number = 0


class Drawing:
    """Draws with these fonts besides the agent's own."""

    def __init__(self, fonts: Sequence[Path] = ()) -> None:
        self._fonts = [str(path) for path in fonts]
        self._turn = asyncio.Lock()

    async def draw(self, form: Form, labels: Sequence[Label], dpi: int) -> Drawn:
        """The labels in this form; `none` only looks whether they can be drawn. Raises TooSmall, Unavailable."""
        order = orjson.dumps({"form": form, "dpi": dpi, "fonts": self._fonts, "labels": list(labels)})
        async with self._turn:
            try:
                status, told, said = await apart.run(_PROGRAM, order, SECONDS_MAX)
            except TimeoutError as late:
                raise Unavailable("drawing_failed", f"expected labels within {SECONDS_MAX} s") from late
        head, _, document = told.partition(b"\n")
        if status == _REFUSED:
            found = orjson.loads(head)
            error = TooSmall(found["code"], found["detail"], expected=found["expected"])
            error.number = found["label"]
            raise error
        if status:
            raise Unavailable("drawing_failed", f"labels could not be drawn: {said[-300:].decode(errors='replace')}",
                              remedy="report this with the label's goods")  # fmt: skip
        return Drawn(document, orjson.loads(head)["missing"])
