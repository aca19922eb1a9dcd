"""SQL of idempotency keys of requests that make no movement: who asked what, and what came of it."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.errors import Invalid
from cloud_hub.storage.database import Connection, Query
from cloud_hub.storage.schema import request_keys

_CLAIM = Query(
    insert(request_keys)
    .values(
        {
            name: sa.bindparam(name, type_=request_keys.c[name].type)
            for name in ("principal", "key", "body_hash", "answer", "created_at")
        }
    )
    .on_conflict_do_nothing()
    .returning(request_keys.c.key)
)
_FIND = Query(
    sa.select(request_keys.c.body_hash, request_keys.c.answer).where(
        request_keys.c.principal == sa.bindparam("principal", type_=sa.Text),
        request_keys.c.key == sa.bindparam("key", type_=sa.Text),
    )
)

_KEEP = Query(
    request_keys.update()
    .where(
        request_keys.c.principal == sa.bindparam("by", type_=sa.Text),
        request_keys.c.key == sa.bindparam("under", type_=sa.Text),
    )
    .values(answer=sa.bindparam("told", type_=request_keys.c.answer.type))
)


async def claim(
    connection: Connection, principal: str, key: str, body_hash: bytes, made_id: str, now_ms: int
) -> str | None:
    """Claim a key for the thing about to be made; the id of the earlier one if the key was used.

    Two requests with one key at the same time: the second waits here for the first's commit.
    Raises Invalid when the earlier request had another body.
    """
    arguments = {"principal": principal, "key": key}
    claimed = await _CLAIM.fetchval(connection, body_hash=body_hash, answer=made_id, created_at=now_ms, **arguments)
    if claimed is not None:
        return None
    known = await _FIND.fetchrow(connection, **arguments)
    if known is None or known["body_hash"] != body_hash:
        raise Invalid("key_reused", "expected the same body as the first time with this Idempotency-Key")
    return str(known["answer"])


async def keep(connection: Connection, principal: str, key: str, answer: str) -> None:
    """What the request of a claimed key was told, where that is more than the id of a thing."""
    await _KEEP.execute(connection, by=principal, under=key, told=answer)
