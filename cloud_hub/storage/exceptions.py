"""SQL of exceptions: odd things that were stored and that a person should look at.

One row per site, kind and subject: the same thing met again counts up and opens it again.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, given
from cloud_hub.storage.schema import EVERYWHERE, exceptions

_NAMES = ("site_id", "kind", "subject", "detail", "origin_id", "sequence")
_INSERT = insert(exceptions).values(
    **given(exceptions, *_NAMES),
    id=sa.func.gen_random_uuid(),
    first_at=bound(exceptions.c.first_at, "now"),
    last_at=bound(exceptions.c.last_at, "now"),
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


async def raise_exception(
    connection: Connection, site_id: object | None, kind: str, subject: str, detail: str, *, now_ms: int,
    origin_id: object | None = None, sequence: int | None = None,
) -> None:  # fmt: skip
    """Note one; `subject` says what it is about, so that it is noted once."""
    await _RAISE.execute(
        connection, site_id=site_id or EVERYWHERE, kind=kind, subject=subject[:200], detail=detail[:500],
        origin_id=origin_id, sequence=sequence, now=now_ms,
    )  # fmt: skip
