"""SQL of sign-ins: who is logged in on which device, and which refresh token is the newest."""

from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from cloud_hub.storage import users as people
from cloud_hub.storage.database import Connection, Query, Row, bound, given
from cloud_hub.storage.schema import sign_ins, users
from cloud_hub.storage.users import User

KEPT_MAX = 50
"""Of one user at the same time; the one that was not renewed for longest makes room."""
_COLUMNS = ("id", "user_id", "serial", "started_at", "renewed_at", "expires_at", "address", "agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One log-in on one device."""

    id: str
    user_id: str
    serial: int = 1
    started_at_ms: int
    renewed_at_ms: int
    expires_at_ms: int
    address: str
    agent: str


class Held(NamedTuple):
    """A sign-in that lives, and whose it is."""

    sign_in: SignIn
    user: User


_ONE = sign_ins.c.id == bound(sign_ins.c.id)
_USERS = sign_ins.c.user_id == bound(sign_ins.c.user_id)
_LIVE = sa.and_(
    sign_ins.c.ended_at.is_(None),
    sign_ins.c.expires_at > sa.bindparam("now", type_=sa.BigInteger),
    sign_ins.c.renewed_at > sa.bindparam("idle_since", type_=sa.BigInteger),
)
_ENDING = {"ended_at": sa.bindparam("now", type_=sa.BigInteger), "ended_by": bound(sign_ins.c.ended_by)}
_INSERT = Query(sign_ins.insert().values(given(sign_ins, *_COLUMNS)))
_HELD = sa.select(
    users, *(sign_ins.c[name].label(f"sign_in_{name}") for name in _COLUMNS)
).select_from(sign_ins.join(users, users.c.id == sign_ins.c.user_id)).where(_ONE, _LIVE)  # fmt: skip
_FIND = Query(_HELD)
_LOCK = Query(_HELD.with_for_update(of=sign_ins))
_RENEW = Query(sign_ins.update().where(_ONE).values(given(sign_ins, "serial", "renewed_at")))
_LIST = Query(sa.select(sign_ins).where(_USERS, _LIVE).order_by(sign_ins.c.renewed_at.desc(), sign_ins.c.id))
_END = Query(
    sign_ins.update().where(_ONE, _USERS, sign_ins.c.ended_at.is_(None)).values(_ENDING).returning(sign_ins.c.id)
)
_END_ALL = Query(
    sign_ins.update()
    .where(_USERS, sign_ins.c.ended_at.is_(None), sign_ins.c.id.is_distinct_from(bound(sign_ins.c.id, "kept")))
    .values(_ENDING)
)
_END_OLDEST = Query(
    sign_ins.update()
    .where(
        sign_ins.c.id.in_(
            sa.select(sign_ins.c.id)
            .where(_USERS, sign_ins.c.ended_at.is_(None))
            .order_by(sign_ins.c.renewed_at.desc())
            .offset(KEPT_MAX)
        )
    )
    .values(_ENDING)
)
_PRUNE = Query(sign_ins.delete().where(sign_ins.c.expires_at < sa.bindparam("before", type_=sa.BigInteger)))


async def insert(connection: Connection, sign_in: SignIn) -> None:
    """Add one; beyond KEPT_MAX of a user the oldest ends."""
    await _INSERT.execute(
        connection, id=sign_in.id, user_id=sign_in.user_id, serial=sign_in.serial, started_at=sign_in.started_at_ms,
        renewed_at=sign_in.renewed_at_ms, expires_at=sign_in.expires_at_ms, address=sign_in.address,
        agent=sign_in.agent,
    )  # fmt: skip
    await _END_OLDEST.execute(connection, user_id=sign_in.user_id, now=sign_in.started_at_ms, ended_by="too_many")


async def find_held(connection: Connection, sign_in_id: str, now_ms: int, idle_since_ms: int) -> Held | None:
    """A sign-in that lives, with its user."""
    return _held(await _FIND.fetchrow(connection, id=sign_in_id, now=now_ms, idle_since=idle_since_ms))


async def lock_held(connection: Connection, sign_in_id: str, now_ms: int, idle_since_ms: int) -> Held | None:
    """The same, and nobody else renews it meanwhile."""
    return _held(await _LOCK.fetchrow(connection, id=sign_in_id, now=now_ms, idle_since=idle_since_ms))


async def renew(connection: Connection, sign_in_id: str, serial: int, now_ms: int) -> None:
    """`serial` is the number of the newest refresh token from now on."""
    await _RENEW.execute(connection, id=sign_in_id, serial=serial, renewed_at=now_ms)


async def list_live(connection: Connection, user_id: str, now_ms: int, idle_since_ms: int) -> list[SignIn]:
    """Where a user is logged in, last used first."""
    rows = await _LIST.fetch(connection, user_id=user_id, now=now_ms, idle_since=idle_since_ms)
    return [_sign_in(row, "") for row in rows]


async def end(connection: Connection, user_id: str, sign_in_id: str, now_ms: int, by: str) -> bool:
    """End one of a user; False when there is none (any more)."""
    return await _END.fetchval(connection, id=sign_in_id, user_id=user_id, now=now_ms, ended_by=by) is not None


async def end_all(connection: Connection, user_id: str, now_ms: int, by: str, kept: str | None = None) -> int:
    """End all of a user, but the kept one; how many."""
    return await _END_ALL.execute(connection, user_id=user_id, now=now_ms, ended_by=by, kept=kept)


async def prune(connection: Connection, before_ms: int) -> int:
    """Forget those that ended of themselves before a moment."""
    return await _PRUNE.execute(connection, before=before_ms)


def _held(row: Row | None) -> Held | None:
    return None if row is None else Held(_sign_in(row, "sign_in_"), people.of_row(row))


def _sign_in(row: Row, prefix: str) -> SignIn:
    return SignIn(
        id=str(row[f"{prefix}id"]),
        user_id=str(row[f"{prefix}user_id"]),
        serial=row[f"{prefix}serial"],
        started_at_ms=row[f"{prefix}started_at"],
        renewed_at_ms=row[f"{prefix}renewed_at"],
        expires_at_ms=row[f"{prefix}expires_at"],
        address=row[f"{prefix}address"],
        agent=row[f"{prefix}agent"],
    )
