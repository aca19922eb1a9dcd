"""The drawing program: an order as JSON on standard input; a line of JSON and the document on standard output.

The line says which signs no font here has, or which label is refused and why (status 3).
"""

import sys
from typing import Any

import orjson

from edge_agent.domain.label_design import Box, Field, Label
from edge_agent.errors import Invalid
from edge_agent.labels.fonts import Fonts
from edge_agent.labels.placing import Sheet, place

REFUSED = 3


def main() -> int:
    """Draw what is asked for."""
    order = orjson.loads(sys.stdin.buffer.read())
    have, sheets = Fonts(order["fonts"]), []
    for number, label in enumerate(order["labels"]):
        try:
            sheets.append(place(label_of(label), order["dpi"], have))
        except Invalid as error:
            _say({"label": number, "code": error.code, "detail": error.detail, "expected": error.expected})
            return REFUSED
    _say({"missing": sorted(set().union(*(sheet.missing for sheet in sheets)))})
    sys.stdout.buffer.write(_write(order["form"], sheets))
    return 0


def label_of(said: dict[str, Any]) -> Label:
    """A label as it was before it was JSON."""
    fields = tuple(Field(**{**field, "box": Box(**field["box"])}) for field in said["fields"])
    return Label(**{**said, "fields": fields, "symbol_box": Box(**said["symbol_box"])})


def _write(form: str, sheets: list[Sheet]) -> bytes:
    """Each writer is loaded when it is wanted."""
    if form == "none":
        return b""
    if form == "zpl":
        from edge_agent.labels import zpl

        return zpl.write(sheets)
    if form == "pdf":
        from edge_agent.labels import pdf

        return pdf.write(sheets)
    from edge_agent.labels import picture

    return picture.write(sheets)


def _say(head: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(head) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
