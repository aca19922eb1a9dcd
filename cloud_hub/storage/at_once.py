"""Several writes as one statement, so that the server is waited for once and not once for each.

The writes are the tables' own queries side by side, each with its own arguments: none of
them sees what another of them writes. For a few rows; many go table by table, by COPY.
"""

import re
from collections.abc import Mapping
from typing import Any

from cloud_hub.storage.database import Connection, Query

_PLACE = re.compile(r"\$(\d+)")


class AtOnce:
    """Named writes, put together once; what one of them returns is found under its name."""

    __slots__ = ("_parts", "_returning", "text")

    def __init__(self, **parts: Query) -> None:
        self._parts = parts
        self._returning = [name for name, query in parts.items() if " RETURNING " in query.text]
        writes, places = [], 0
        for name, query in parts.items():
            writes.append(f"wrote_{name} AS ({_moved(query.text, places)})")
            places += query.places
        returned = ", ".join(f"ARRAY(SELECT w FROM wrote_{name} AS w)" for name in self._returning)
        self.text = f"WITH {', '.join(writes)} SELECT {returned}"

    async def run(self, connection: Connection, **arguments: Mapping[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
        """All of them, or none; the rows that the returning ones return."""
        values = [value for name, query in self._parts.items() for value in query.values(arguments[name])]
        row = await connection.fetchrow(self.text, *values)
        assert row is not None
        return dict(zip(self._returning, row, strict=True))


def _moved(text: str, places: int) -> str:
    return _PLACE.sub(lambda found: f"${int(found[1]) + places}", text)
