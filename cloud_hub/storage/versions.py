"""Versions of rows that people edit: (hub epoch, number), so that each after a restore is newer than any before it."""

from typing import Any

import sqlalchemy as sa

from cloud_hub.errors import Stale
from cloud_hub.storage.schema import hub_state

EPOCH = sa.select(hub_state.c.hub_epoch).scalar_subquery()
_NOW = sa.bindparam("now", type_=sa.BigInteger)


class Versioned:
    """What has a version; `etag` is how HTTP says it."""

    __slots__ = ()

    version: tuple[int, int]

    @property
    def etag(self) -> str:
        return f"{self.version[0]}-{self.version[1]}"

    def require(self, if_match: str | None) -> None:
        """Raises Stale when the caller has read another version than this."""
        require_version(self.etag, if_match)


def require_version(newest: str, if_match: str | None) -> None:
    """Raises Stale; who says nothing edits whatever is there."""
    if if_match is not None and if_match != newest:
        raise Stale("version", f"expected version {newest}, got {if_match[:60]}")


def first_version() -> dict[str, Any]:
    """`values(...)` of an insert, with the argument `now`."""
    return {"version_epoch": EPOCH, "version": sa.literal_column("1"), "created_at": _NOW, "updated_at": _NOW}


def next_version(table: sa.Table) -> dict[str, Any]:
    """`values(...)` of an update, with the argument `now`."""
    return {"version_epoch": EPOCH, "version": table.c.version + 1, "updated_at": _NOW}
