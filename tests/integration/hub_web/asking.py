"""Who asks, and about what, when schemathesis asks: the hooks of its runs.

Every second request is an administrator's, the others come from each of the other roles in turn. In three requests of
four, ids that fit the schema become ids that the hub has given out for that word, so that they get beyond 404; what
does not fit stays as it is. The material has the tokens and the first ids.
"""

import itertools
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

import schemathesis

from tests.asked_at_random import give_a_key_of_its_own, material

MATERIAL = material()
ADMIN, *OTHERS = MATERIAL["tokens"]
TURNS: Iterator[str] = itertools.chain.from_iterable((ADMIN, other) for other in itertools.cycle(OTHERS))
FAMILIAR = itertools.cycle((True, True, True, False))
KNOWN: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=8))
SAME = {"from_site": "site_id", "to_site": "site_id", "parent_id": "category_id"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

for _word, _ids in MATERIAL["known"].items():
    KNOWN[_word].extend(_ids)


def about(value: Any, word: str = "") -> Any:
    """The value with ids that the hub knows in place of made-up ones."""
    if isinstance(value, dict):
        return {name: about(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [about(each, word.removesuffix("s")) for each in value]
    known = KNOWN[SAME.get(word, word)]
    if known and isinstance(value, str) and UUID.fullmatch(value):
        known.rotate()
        return known[0]
    return value


@schemathesis.auth(refresh_interval=None)
class Turns:
    """A header of the whole run would win over what a hook says."""

    def get(self, case: Any, context: Any) -> str:
        return next(TURNS)

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    give_a_key_of_its_own(case)
    if next(FAMILIAR):
        case.path_parameters = about(case.path_parameters)
        case.query = about(case.query)
        if isinstance(case.body, dict | list):
            case.body = about(case.body)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    word = MATERIAL["words"].get(case.operation.path)
    if word is not None and response.status_code in (200, 201):
        body = response.json()
        KNOWN[word].extend(each["id"] for each in body.get("items", [body])[:8] if "id" in each)


@schemathesis.check
def data_that_fits_is_valid(context: Any, response: Any, case: Any) -> None:
    """A 422 for data that fits the document has a reason of its own: what the document can say, it says."""
    if response.status_code == 422 and case.meta.generation.mode.is_positive:
        assert response.json()["code"] != "invalid", response.text
