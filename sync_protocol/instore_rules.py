"""How a store reads its in-store codes: templates that head office tells and boxes obey (SPEC, `settings`).

    20:PPPPPCVVVV/price/2      prefix 20, article P, price check digit C, value V, 2 decimals
    27:PPPPPVVVVV/weight/3/kg  weight in kilograms with 3 decimals
    21:PPPPPVVVVV/count        pieces
    02:PPPPPPPPPP/item         a number without a value

Prefix and pattern are the 12 digits before the check digit; X is ignored.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from sync_protocol.errors import Malformed

Kind = Literal["price", "weight", "count", "item"]

_TEMPLATE = re.compile(
    r"(?P<prefix>[0-9]{1,7}):(?P<pattern>[PXCV]+)/(?P<kind>price|weight|count|item)"
    r"(?:/(?P<decimals>[0-5])(?:/(?P<unit>kg|g|lb|l))?)?"
)
_DECIMALS = {"price": 2, "weight": 3, "count": 0, "item": 0}


class InstoreRule(NamedTuple):
    prefix: str
    pattern: str
    kind: Kind
    decimals: int
    unit: str | None


@lru_cache(maxsize=256)
def parse_rule(template: str) -> InstoreRule:
    """A template as above. Raises Malformed."""
    match = _TEMPLATE.fullmatch(template)
    if not match:
        raise Malformed(f"expected PREFIX:PATTERN/KIND[/DECIMALS[/UNIT]], got {template!r}")
    prefix, pattern = match["prefix"], match["pattern"]
    kind: Kind = match["kind"]  # type: ignore[assignment]
    if len(prefix) + len(pattern) != 12:
        got = len(prefix) + len(pattern)
        raise Malformed(f"expected 12 digits before the check digit, got {got}")
    if not re.fullmatch(r"[PX]+C?V*[PX]*", pattern) or "P" not in pattern:
        raise Malformed("expected P, then at most one C directly before V")
    values = pattern.count("V")
    if (kind == "item") != (values == 0) or ("C" in pattern and values not in (4, 5)):
        raise Malformed("expected V for a value, C only with 4 or 5 V")
    decimals = _DECIMALS[kind] if match["decimals"] is None else int(match["decimals"])
    unit = (match["unit"] or "kg") if kind == "weight" else None
    return InstoreRule(prefix, pattern, kind, decimals, unit)
