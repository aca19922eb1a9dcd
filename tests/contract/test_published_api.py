"""What the two documents have published stays: no call, parameter, field or answer of an earlier day goes away.

`BACKSTOCK_WRITE=1 pytest tests/contract/test_published_api.py` adds what is new to the lists; a line is taken
away by hand only, by somebody who means it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_hub.web import openapi as of_hub
from cloud_hub.web.app import operations
from edge_agent.web import openapi as of_box
from edge_agent.web.server import OPERATIONS

FOLDER = Path(__file__).parent
DOCUMENTS = {
    "box": lambda: of_box.document(OPERATIONS, "test"),
    "hub": lambda: of_hub.document(operations(), "test"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_that_was_published_is_taken_away(name: str) -> None:
    file = FOLDER / f"published_{name}.txt"
    there, told = set(lines(DOCUMENTS[name]())), set(file.read_text().splitlines() if file.exists() else ())
    if os.environ.get("BACKSTOCK_WRITE"):
        file.write_text("\n".join(sorted(there | told)) + "\n")
        told |= there

    assert sorted(told - there) == []
    assert told, "a list of what is published"


def lines(document: dict[str, Any]) -> Iterator[str]:
    """Each call with its parameters and answers, and each field of each schema."""
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            said = f"{method.upper()} {path}"
            yield said
            yield from (f"{said} ? {each['name']}" for each in call.get("parameters", []) if "name" in each)
            yield from (f"{said} -> {status}" for status in call["responses"])
    for name, schema in document["components"]["schemas"].items():
        yield from (f"{name}.{field}" for field in schema.get("properties", {}))
