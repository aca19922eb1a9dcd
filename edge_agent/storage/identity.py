"""Who this box is, how far the hub has its ledger, and how far it has the hub's feed: one row."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from edge_agent.errors import NotFound
from edge_agent.storage.schema import identity
from edge_agent.storage.statement import Statement
from sync_protocol.clock import next_hybrid


class Identity(NamedTuple):
    """The row; the fields are in the order of the table's columns."""

    site_id: str
    site_name: str
    device_id: str
    origin_id: str
    boot: int = 0
    acked: int = 0
    safe_mark: int = 0
    first_retained: int = 1
    hub_epoch: int = 0
    certificate: str = ""
    hub_key: str = ""
    """hex of the hub's Ed25519 public key."""
    feed_origin: str | None = None
    feed_cursor: int = 0
    feed_hash: bytes | None = None
    feed_safe: int = 0
    clock_offset: int | None = None
    """Milliseconds to add to this box's clock to get the hub's, None when it is not known."""
    hlc_ms: int = 0
    hlc_counter: int = 0


_COLUMNS = [identity.c[name] for name in Identity._fields]
_GET = Statement(select(*_COLUMNS))
_OFFSET = Statement(select(identity.c.clock_offset))
_INSERT = Statement(insert(identity).values({name: bindparam(name) for name in Identity._fields}))


def _setter(*names: str) -> Statement:
    return Statement(update(identity).values({name: bindparam(f"new_{name}") for name in names}))


_BOOT = Statement(update(identity).values(boot=identity.c.boot + 1).returning(identity.c.boot))
_ACK = Statement(
    update(identity).values(
        acked=bindparam("mark"), safe_mark=bindparam("safe"),
        hub_epoch=func.coalesce(bindparam("epoch"), identity.c.hub_epoch),
    )
)  # fmt: skip
_FEED = _setter("feed_origin", "feed_cursor", "feed_hash")
_FEED_SAFE = _setter("feed_safe")
_CLOCK = _setter("clock_offset")
_HLC = _setter("hlc_ms", "hlc_counter")
_RETAINED = _setter("first_retained")
_SAVE_BOOT = _setter("boot")
_ORIGIN = _setter("origin_id", "certificate", "acked", "safe_mark", "first_retained")


def create(connection: sqlite3.Connection, who: Identity) -> None:
    """Enrol this database; it must be empty."""
    _INSERT.run(connection, **who._asdict())


def get(connection: sqlite3.Connection) -> Identity:
    """The row. Raises NotFound (`not_enrolled`)."""
    found = _GET.row(connection)
    if found is None:
        raise NotFound("not_enrolled", "this box has no identity", remedy="run `edge-agent enrol URL CODE`")
    return Identity(*found)


def find(connection: sqlite3.Connection) -> Identity | None:
    """The row, or None before enrolment."""
    found = _GET.row(connection)
    return None if found is None else Identity(*found)


def clock_offset(connection: sqlite3.Connection) -> int | None:
    """What to add to the local clock, None while it is not known."""
    offset: int | None = _OFFSET.value(connection)
    return offset


def next_boot(connection: sqlite3.Connection) -> int:
    """Count one more start of the agent."""
    boot: int = _BOOT.run(connection).fetchall()[0][0]
    return boot


def save_boot(connection: sqlite3.Connection, boot: int) -> None:
    """Go past a start that the box remembers although this database does not (it was restored)."""
    _SAVE_BOOT.run(connection, new_boot=boot)


def save_ack(connection: sqlite3.Connection, mark: int, safe_mark: int, hub_epoch: int | None = None) -> None:
    """What the hub has; both marks may go back after a hub restore. Without an epoch it stays as it is."""
    _ACK.run(connection, mark=mark, safe=safe_mark, epoch=hub_epoch)


def save_feed(connection: sqlite3.Connection, feed_origin: str, cursor: int, chain_hash: bytes) -> None:
    """How far the feed is applied; in the same transaction as what it brought."""
    _FEED.run(connection, new_feed_origin=feed_origin, new_feed_cursor=cursor, new_feed_hash=chain_hash)


def save_feed_safe(connection: sqlite3.Connection, safe_mark: int) -> None:
    _FEED_SAFE.run(connection, new_feed_safe=safe_mark)


def save_clock_offset(connection: sqlite3.Connection, offset_ms: int | None) -> None:
    _CLOCK.run(connection, new_clock_offset=offset_ms)


def save_first_retained(connection: sqlite3.Connection, position: int) -> None:
    _RETAINED.run(connection, new_first_retained=position)


def save_origin(connection: sqlite3.Connection, origin_id: str, certificate: str) -> None:
    """Become another origin whose ledger is empty (see origins.succeed)."""
    _ORIGIN.run(
        connection, new_origin_id=origin_id, new_certificate=certificate,
        new_acked=0, new_safe_mark=0, new_first_retained=1,
    )  # fmt: skip


def next_hlc(connection: sqlite3.Connection, now_ms: int) -> tuple[int, int]:
    """The stamp of an edit made here now; the same never comes twice."""
    who = get(connection)
    stamp = next_hybrid((who.hlc_ms, who.hlc_counter), now_ms)
    _HLC.run(connection, new_hlc_ms=stamp[0], new_hlc_counter=stamp[1])
    return stamp
