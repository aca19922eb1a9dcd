"""What the two documents have published stays: no call, parameter, field or answer of an earlier day goes away.

`BACKSTOCK_WRITE=1 pytest tests/contract/test_published_api.py` adds what is new to the lists; a line is taken
away by hand only, by somebody who means it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.published_api.documents import NAMES, document

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_published_is_taken_away(name: str) -> None:
    file = FOLDER / f"published_{name}.txt"
    there, told = set(lines(document(name))), set(file.read_text().splitlines() if file.exists() else ())
    if os.environ.get("BACKSTOCK_WRITE"):
        file.write_text("\n".join(sorted(there | told)) + "\n")
        told |= there

    assert sorted(told - there) == []
    assert told, "a list of what is published"


def lines(published: dict[str, Any]) -> Iterator[str]:
    """Each call with its parameters and answers, and each field of each schema."""
    for path, methods in published["paths"].items():
        for method, call in methods.items():
            said = f"{method.upper()} {path}"
            yield said
            yield from (f"{said} ? {each['name']}" for each in call.get("parameters", []) if "name" in each)
            yield from (f"{said} -> {status}" for status in call["responses"])
    for name, schema in published["components"]["schemas"].items():
        yield from (f"{name}.{field}" for field in schema.get("properties", {}))
