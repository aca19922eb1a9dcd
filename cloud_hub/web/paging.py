"""Pages: an opaque cursor with `limit`, or `skip` with `limit`; `Link` names the next page.

A cursor is the sort key of the last row, so rows that come or go meanwhile neither hide
nor repeat others. Opaque: base64 of JSON that we read back with suspicion.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import StringConstraints

from cloud_hub.errors import NotFound
from cloud_hub.web.fields import Input, PageLimit, Skip


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("expected an offset")
    return found.astimezone(UTC)


_FROM_TEXT: dict[type, Callable[[str], Any]] = {UUID: UUID, date: date.fromisoformat, datetime: _moment}
"""Types of sort keys that a cursor holds as text."""
_INT_MAX = 2**63 - 1

Cursor = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[A-Za-z0-9_=-]+$")]


class PageQuery(Input):
    """What every list understands."""

    limit: PageLimit = 100
    skip: Skip = 0
    cursor: Cursor | None = None

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The sort key to go on after. Raises NotFound for a cursor that is not of this list."""
        return None if self.cursor is None else parse_cursor(self.cursor, types)


def make_cursor(key: Sequence[Any]) -> str:
    """The cursor after a row with this sort key."""
    return urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def parse_cursor(text: str, types: tuple[type, ...]) -> tuple[Any, ...]:
    """The sort key in a cursor. Raises NotFound."""
    try:
        values = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, Base64Error) as error:
        raise NotFound("cursor", "expected a cursor that a list gave") from error
    held = tuple(str if kind in _FROM_TEXT else kind for kind in types)
    if not isinstance(values, list) or tuple(map(type, values)) != held:
        raise NotFound("cursor", "expected a cursor of this list")
    if any("\0" in value if isinstance(value, str) else abs(value) > _INT_MAX for value in values):
        raise NotFound("cursor", "expected a cursor of this list")
    try:
        return tuple(_FROM_TEXT.get(kind, kind)(value) for kind, value in zip(types, values, strict=True))
    except (ValueError, OverflowError) as error:
        raise NotFound("cursor", "expected a cursor of this list") from error


def next_cursor(rows: Sequence[Any], limit: int, key_of: Any) -> str | None:
    """The cursor for the next page, None when this was the last one."""
    return make_cursor(key_of(rows[-1])) if len(rows) == limit else None
