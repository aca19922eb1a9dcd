"""SQL of reservations: units of a product at a site that are promised to somebody; nothing moves.

At a site that the hub runs a row is the whole of it. At a store its box reserves and gives
back by command, and the row follows the commands' outcomes in the transaction that takes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import commands, reservations, sites

_OF = reservations.c
_TEXTS = ("state", "document", "note", "created_by", "ending")
_NUMBERS = ("quantity", "created_at", "expires_at", "ended_at")
_IDS = ("id", "site_id", "product_id", "command_id", "release_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """`state`: pending (asked of a box), held, then released, expired or refused."""

    id: str
    site_id: str
    product_id: str
    quantity: int
    state: str
    document: str
    note: str
    created_by: str
    created_at: int
    expires_at: int | None
    ending: str | None
    """What becomes of it once its box has given the units back."""
    ended_at: int | None
    command_id: str | None
    release_id: str | None


class ReservationFilter(NamedTuple):
    """Which reservations a list wants; None: all."""

    sites: list[str] | None
    product_id: str | None = None
    state: str | None = None
    document: str | None = None


_HELD = _OF.state == sa.literal_column("'held'")
_OPEN = _OF.state.in_((sa.literal_column("'pending'"), sa.literal_column("'held'")))
_NAMES = (
    "site_id", "id", "product_id", "quantity", "state", "document", "note", "created_by", "created_at", "expires_at",
    "command_id",
)  # fmt: skip
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_INSERT = Query(reservations.insert().values(given(reservations, *_NAMES)))
_ONE = sa.select(reservations).join(sites, sites.c.id == _OF.site_id).where(_OF.id == bound(_OF.id))
"""By site, as every key of a large table begins with it."""
_FIND = Query(_ONE)
_LOCK = Query(_ONE.with_for_update(of=reservations))
_LIST = Query(
    newest_first(
        sa.select(reservations).where(of_sites(_OF.site_id), equals(_OF.product_id, _OF.state, _OF.document)),
        _OF.created_at,
        _OF.id,
    )
)
_UPDATE = Query(
    reservations.update()
    .where(_OF.site_id == bound(_OF.site_id), _OF.id == bound(_OF.id))
    .values(given(reservations, "state", "ending", "ended_at", "release_id"))
)
_SETTLE = Query(
    reservations.update()
    .where(
        _OF.site_id == bound(_OF.site_id), _OPEN, commands.c.site_id == _OF.site_id, commands.c.state != "pending",
        commands.c.id == sa.any_(bound_array(commands.c.id, "ids")),
        commands.c.id == sa.func.coalesce(_OF.release_id, _OF.command_id),
    )
    .values(
        state=sa.case(
            (_OF.release_id.is_not(None), _OF.ending),
            (commands.c.state == "done", sa.literal_column("'held'")),
            else_=sa.literal_column("'refused'"),
        ),
        ended_at=sa.case((sa.and_(_OF.release_id.is_(None), commands.c.state == "done"), sa.null()), else_=_NOW),
    )
)  # fmt: skip
_EXPIRED = Query(
    sa.select(reservations)
    .where(_OF.expires_at <= _NOW, _OF.release_id.is_(None), _HELD)
    .order_by(_OF.expires_at)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
    .with_for_update(skip_locked=True)
)


async def insert(connection: Connection, fields: Mapping[str, Any]) -> None:
    await _INSERT.execute(connection, **fields)


async def find(connection: Connection, reservation_id: str) -> Reservation | None:
    row = await _FIND.fetchrow(connection, id=reservation_id)
    return None if row is None else _made(row)


async def lock(connection: Connection, reservation_id: str) -> Reservation | None:
    """The reservation, which nobody else changes until this transaction ends."""
    row = await _LOCK.fetchrow(connection, id=reservation_id)
    return None if row is None else _made(row)


async def list_newest(
    connection: Connection, wanted: ReservationFilter, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Reservation]:
    """Reservations, newest first."""
    rows = await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit))
    return [_made(row) for row in rows]


async def update(connection: Connection, known: Reservation, **fields: Any) -> None:
    """Change a locked reservation."""
    names = ("state", "ending", "ended_at", "release_id")
    values = {name: fields.get(name, getattr(known, name)) for name in names}
    await _UPDATE.execute(connection, site_id=known.site_id, id=known.id, **values)


async def settle(connection: Connection, site_id: object, command_ids: Sequence[object], now_ms: int) -> None:
    """Follow the outcomes of these commands, which have just been noted."""
    await _SETTLE.execute(connection, site_id=site_id, ids=list(command_ids), now=now_ms)


async def lock_expired(connection: Connection, now_ms: int, limit: int) -> list[Reservation]:
    """Reservations that are held although their time is over, which nobody else changes now."""
    return [_made(row) for row in await _EXPIRED.fetch(connection, now=now_ms, most=limit)]


def _made(row: Row) -> Reservation:
    fields: dict[str, Any] = {name: row[name] for name in (*_TEXTS, *_NUMBERS)}
    fields |= {name: None if row[name] is None else str(row[name]) for name in _IDS}
    return Reservation(**fields)
