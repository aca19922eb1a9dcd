"""SQL of tokens by which people who forgot their password set another: one of each user, as a hash."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, bound, given
from cloud_hub.storage.schema import password_resets

_R = password_resets.c
_insert = insert(password_resets).values(given(password_resets, "user_id", "email", "hash", "expires_at"))
_SAVE = Query(
    _insert.on_conflict_do_update(
        index_elements=[_R.user_id], set_={name: _insert.excluded[name] for name in ("email", "hash", "expires_at")}
    )
)
_FIND = Query(sa.select(password_resets).where(_R.hash == bound(_R.hash)))
_FORGET = Query(password_resets.delete().where(_R.user_id == bound(_R.user_id)))


class PasswordReset(NamedTuple):
    """A token that was mailed: to whom, where, and until when it is good."""

    user_id: str
    email: str
    expires_at_ms: int


async def save(connection: Connection, reset: PasswordReset, token_hash: bytes) -> None:
    """From now on this is the user's token."""
    await _SAVE.execute(
        connection, user_id=reset.user_id, email=reset.email, hash=token_hash, expires_at=reset.expires_at_ms
    )


async def find(connection: Connection, token_hash: bytes) -> PasswordReset | None:
    row = await _FIND.fetchrow(connection, hash=token_hash)
    return None if row is None else PasswordReset(str(row["user_id"]), row["email"], row["expires_at"])


async def forget(connection: Connection, user_id: str) -> None:
    """The user's token is good no more."""
    await _FORGET.execute(connection, user_id=user_id)
