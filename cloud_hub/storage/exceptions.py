"""SQL of exceptions: odd things that were stored and that a person should look at.

One row per site, kind and subject: the same thing met again counts up and opens it again.
"""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, unnested
from cloud_hub.storage.schema import EVERYWHERE, exceptions

_rows = unnested(exceptions, "kind", "subject", "detail", "sequence")
_SAME = ("site_id", "origin_id", "first_at", "last_at")
_INSERT = insert(exceptions).from_select(
    ["id", *_SAME, "kind", "subject", "detail", "sequence"],
    sa.select(sa.func.gen_random_uuid(), *(bound(exceptions.c[name]) for name in _SAME), *_rows.c),
)
_RAISE = Query(
    _INSERT.on_conflict_do_update(
        index_elements=[exceptions.c.site_id, exceptions.c.kind, exceptions.c.subject],
        set_={
            "detail": _INSERT.excluded.detail,
            "state": "open",
            "sequence": _INSERT.excluded.sequence,
            "last_at": _INSERT.excluded.last_at,
            "occurrences": exceptions.c.occurrences + 1,
        },
    )
)


class Odd(NamedTuple):
    """One odd thing; `subject` says what it is about, so that it is noted once."""

    kind: str
    subject: str
    detail: str
    sequence: int | None = None


async def raise_all(
    connection: Connection, site_id: object | None, odd: Iterable[Odd], *, now_ms: int, origin_id: object | None = None
) -> None:
    """Note many of one site in one statement."""
    rows = list({(each.kind, each.subject[:200]): each for each in odd}.items())
    if rows:
        await _RAISE.execute(
            connection, site_id=site_id or EVERYWHERE, origin_id=origin_id, first_at=now_ms, last_at=now_ms,
            kind=[kind for (kind, _), _ in rows], subject=[subject for (_, subject), _ in rows],
            detail=[each.detail[:500] for _, each in rows], sequence=[each.sequence for _, each in rows],
        )  # fmt: skip


async def raise_exception(
    connection: Connection, site_id: object | None, kind: str, subject: str, detail: str, *, now_ms: int,
    origin_id: object | None = None, sequence: int | None = None,
) -> None:  # fmt: skip
    """Note one."""
    odd = Odd(kind, subject, detail, sequence)
    await raise_all(connection, site_id, [odd], now_ms=now_ms, origin_id=origin_id)
