"""Database URLs: `?statement_cache_size=0` says that a pooler in transaction mode is in between.

A statement that one session prepared is then unknown to the next, so nothing is kept prepared.
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_CACHE = "statement_cache_size"


def driver_options(url: str) -> tuple[str, dict[str, Any]]:
    """The URL as the driver takes it, and what it is told beside it."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    sizes = [value for name, value in query if name == _CACHE]
    if not sizes:
        return url, {}
    rest = urlencode([(name, value) for name, value in query if name != _CACHE])
    return urlunsplit(parts._replace(query=rest)), {_CACHE: int(sizes[-1])}
