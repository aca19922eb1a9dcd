"""What moved since a position of the ledger, as events: for who listens, and for who comes back after a break.

An event's id is `ORIGIN:POSITION`. Events say what is there now, so hearing one twice does no harm.
"""

import sqlite3

from edge_agent.domain.stock import position_of
from edge_agent.services.events import Event
from edge_agent.storage import history, identity, ledger, levels
from edge_agent.web import render

MOVEMENTS_MAX = 500
"""Of one event."""
PAGES_MAX = 20
"""Who missed more reads everything again: that is quicker."""


def here(connection: sqlite3.Connection) -> str:
    """The id of now."""
    return _id_of(connection, ledger.last_position(connection))


def changed(connection: sqlite3.Connection, after: int) -> tuple[Event | None, int]:
    """The stock that movements above a position led to, if there are any, and up to which position that is."""
    lines = history.movements(connection, after=after, limit=MOVEMENTS_MAX)
    items = []
    for product_id in dict.fromkeys(line.product_id for line in lines):
        position = position_of(*levels.held(connection, product_id))
        items.append({"product_id": product_id, **render.stock(position)})
    last = lines[-1].sequence if len(lines) == MOVEMENTS_MAX else ledger.last_position(connection)
    told = max(after, last)
    event = Event("stock", {"position": told, "items": items}, _id_of(connection, told))
    return event if items else None, told


def missed(connection: sqlite3.Connection, last_id: str) -> list[Event]:
    """What who heard an event last has not heard; `resync` when that cannot be told any more."""
    who, head = identity.get(connection), ledger.last_position(connection)
    origin, _, text = last_id.rpartition(":")
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
    if origin != who.origin_id or not who.first_retained - 1 <= after <= head:
        return [_resync(connection, head)]
    events: list[Event] = []
    while after < head:
        if len(events) == PAGES_MAX:
            return [_resync(connection, head)]
        event, after = changed(connection, after)
        events += [] if event is None else [event]
    return events


def _resync(connection: sqlite3.Connection, head: int) -> Event:
    return Event("resync", {"detail": "away for too long; read everything again"}, _id_of(connection, head))


def _id_of(connection: sqlite3.Connection, position: int) -> str:
    return f"{identity.get(connection).origin_id}:{position}"
