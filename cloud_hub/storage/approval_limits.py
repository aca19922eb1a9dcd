"""SQL of approval limits: how much a role or a person may approve in one order."""

from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, bound_array, given
from cloud_hub.storage.schema import approval_limits


class ApprovalLimit(NamedTuple):
    """`subject` is `role:NAME` or `user:UUID`; `amount` None: any."""

    subject: str
    currency: str
    amount: Decimal | None
    updated_at: int


_LIMITS = approval_limits.c
_LIST = Query(sa.select(approval_limits).order_by(_LIMITS.subject, _LIMITS.currency).limit(10_000))
_OF = Query(
    sa.select(approval_limits)
    .where(
        _LIMITS.subject == sa.any_(bound_array(_LIMITS.subject, "subjects")),
        _LIMITS.currency == bound(_LIMITS.currency),
    )
    .order_by(_LIMITS.subject.desc())
)
"""`user:` before `role:`."""
_insert = insert(approval_limits).values(given(approval_limits, *_LIMITS.keys()))
_SAVE = Query(
    _insert.on_conflict_do_update(
        index_elements=[_LIMITS.subject, _LIMITS.currency],
        set_={"amount": _insert.excluded.amount, "updated_at": _insert.excluded.updated_at},
    )
)
_DELETE = Query(
    approval_limits.delete().where(
        _LIMITS.subject == bound(_LIMITS.subject), _LIMITS.currency == bound(_LIMITS.currency)
    )
)


async def list_all(connection: Connection) -> list[ApprovalLimit]:
    return [ApprovalLimit(*row) for row in await _LIST.fetch(connection)]


async def find(connection: Connection, user_id: str, role: str, currency: str) -> ApprovalLimit | None:
    """The limit of a person: their own, else their role's."""
    subjects = [f"user:{user_id}", f"role:{role}"]
    row = await _OF.fetchrow(connection, subjects=subjects, currency=currency)
    return None if row is None else ApprovalLimit(*row)


async def save(connection: Connection, limit: ApprovalLimit) -> None:
    await _SAVE.execute(connection, **limit._asdict())


async def remove(connection: Connection, subject: str, currency: str) -> bool:
    return await _DELETE.execute(connection, subject=subject, currency=currency) > 0
