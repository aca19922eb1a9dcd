"""SQL of exceptions: odd things that were stored and that a person should look at.

One row per site, kind and subject: the same thing met again counts up and opens it again.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, unnested
from cloud_hub.storage.schema import EVERYWHERE, exceptions

_GIVEN = ("site_id", "origin_id", "kind", "subject", "detail", "sequence")
_TIMES = ("first_at", "last_at")
_rows = unnested(exceptions, *_GIVEN)
_INSERT = insert(exceptions).from_select(
    ["id", *_TIMES, *_GIVEN],
    sa.select(sa.func.gen_random_uuid(), *(bound(exceptions.c[name]) for name in _TIMES), *_rows.c),
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
    """One odd thing of a site; `subject` says what it is about, so that it is noted once."""

    site_id: UUID
    origin_id: object | None
    kind: str
    subject: str
    detail: str
    sequence: int | None = None


async def raise_all(connection: Connection, odd: Iterable[Odd], *, now_ms: int) -> None:
    """Note many in one statement."""
    rows = {(each.site_id, each.kind, each.subject[:200]): each for each in odd}
    if rows:
        await _RAISE.execute(
            connection, first_at=now_ms, last_at=now_ms, site_id=[site_id for site_id, _, _ in rows],
            kind=[kind for _, kind, _ in rows], subject=[subject for _, _, subject in rows],
            origin_id=[each.origin_id for each in rows.values()], detail=[each.detail[:500] for each in rows.values()],
            sequence=[each.sequence for each in rows.values()],
        )  # fmt: skip


async def raise_exception(
    connection: Connection, site_id: object | None, kind: str, subject: str, detail: str, *, now_ms: int,
    origin_id: object | None = None, sequence: int | None = None,
) -> None:  # fmt: skip
    """Note one."""
    site = EVERYWHERE if site_id is None else UUID(str(site_id))
    await raise_all(connection, [Odd(site, origin_id, kind, subject, detail, sequence)], now_ms=now_ms)
