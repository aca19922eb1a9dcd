"""What the box remembers outside its database: to notice that this one was put back.

The side file holds the origin, the newest boot and the highest position seen. A database
older than that is a restored one: the start is counted past the remembered boot, so that
the hub sees one box that went back and not two boxes.
"""

import sqlite3
from typing import NamedTuple

import orjson

from edge_agent.storage import identity, ledger
from edge_agent.storage.files import Folder, write_private


class Generation(NamedTuple):
    """The newest state that this disk has seen."""

    origin_id: str
    boot: int
    head: int


class Start(NamedTuple):
    """What a start found out."""

    boot: int
    head: int
    is_rolled_back: bool


def recall(folder: Folder) -> Generation | None:
    """The side file, None when it is missing or unreadable."""
    try:
        kept = orjson.loads(folder.generation.read_bytes())
        return Generation(str(kept["origin_id"]), int(kept["boot"]), int(kept["head"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(folder: Folder, newest: Generation) -> None:
    """Write the side file."""
    write_private(folder.generation, orjson.dumps(newest._asdict()))


def seen(connection: sqlite3.Connection) -> Generation:
    """The state of the database now."""
    who = identity.get(connection)
    head, _ = ledger.head(connection)
    return Generation(who.origin_id, who.boot, head)


def start(connection: sqlite3.Connection, known: Generation | None) -> Start:
    """Count this start of the agent, past every one that the box remembers."""
    boot = identity.next_boot(connection)
    who = identity.get(connection)
    head, _ = ledger.head(connection)
    if known is None or known.origin_id != who.origin_id:
        return Start(boot, head, False)
    if known.boot >= boot:
        boot = known.boot + 1
        identity.save_boot(connection, boot)
    return Start(boot, head, known.head > head)
