"""What is asked about when schemathesis asks: the hooks of its runs.

In three requests of four, ids and codes that fit the schema become some that the box knows, so that they get beyond
404; what does not fit stays as it is. The material has them.
"""

import itertools
from typing import Any

import schemathesis

from tests.asked_at_random import give_a_key_of_its_own, material

KNOWN: dict[str, list[str]] = material()
FAMILIAR = itertools.cycle((True, True, True, False))
NUMBERS = itertools.count()


def about(value: Any, word: str = "") -> Any:
    """The value with what the box knows in place of what was made up."""
    if isinstance(value, dict):
        return {name: about(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [about(each, word) for each in value]
    known = KNOWN.get(word)
    if known and isinstance(value, str) and 0 < len(value) <= 90 and value.isprintable():
        return known[next(NUMBERS) % len(known)]
    return value


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    give_a_key_of_its_own(case)
    if next(FAMILIAR):
        word = case.operation.path.split("/")[3] if case.operation.path.count("/") > 3 else ""
        case.path_parameters = {
            name: about(value, f"{word}_id" if name == "id" else name)
            for name, value in (case.path_parameters or {}).items()
        }
        case.query = about(case.query)
        if isinstance(case.body, dict | list):
            case.body = about(case.body)


@schemathesis.check
def data_that_fits_is_valid(context: Any, response: Any, case: Any) -> None:
    """A 422 for data that fits the document has a reason of its own: what the document can say of a field, it says."""
    if response.status_code == 422 and case.meta.generation.mode.is_positive:
        problem = response.json()
        fields = [error for error in problem.get("errors", []) if error["code"] not in ("value_error", "day")]
        assert problem["code"] != "validation" or not fields, response.text
