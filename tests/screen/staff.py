"""Who works in the small shop, as head office would have told the box before the line was cut."""

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from edge_agent.domain.people import PERMISSIONS
from edge_agent.services import hashing
from edge_agent.services.applying import apply_change
from edge_agent.storage import catalogue, database
from sync_protocol import credentials
from sync_protocol.changes import Person, change
from tests.integration.edge_sync.enrolling_hub import PEOPLE_KEY
from tests.screen.shop import NOW
from tests.unit.edge_agent_sync.builders import an_id

PIN, PASSWORD = "4071", "a long enough password"
_STAFF = ("alerts.read", "alerts.write", "orders.read", "products.read", "stock.read", "stock.write")
_NUMBERS = {"anna": 701, "bert": 702, "boss": 703, "rita": 704}
_RIGHTS = {"boss": PERMISSIONS, "rita": ("stock.read",)}


def badge_of(name: str) -> str:
    """What a scanner reads of their badge."""
    return f"STAFF-{_NUMBERS[name]}"


def told(name: str, number: int = 1, **more: Any) -> Person:
    """What head office says of them."""
    person_id = an_id(_NUMBERS[name])
    fields = {
        "username": name, "full_name": name.title(), "role": "store_manager" if name == "boss" else "staff",
        "permissions": list(_RIGHTS.get(name, _STAFF)), "password_hash": _hashed(PASSWORD),
        "pin_hash": _hashed(credentials.pin_secret(PEOPLE_KEY, person_id, PIN)),
        "badge_hash": credentials.badge_hash(PEOPLE_KEY, badge_of(name)), **more,
    }  # fmt: skip
    return Person(person_id=person_id, version=(1, number), **fields)


def gone(name: str) -> Person:
    """They may not work here any more."""
    return Person(person_id=an_id(_NUMBERS[name]), version=(1, 9), is_active=False)


def fill(path: Path, *people: Person, **settings: Any) -> None:
    """Tell a box that is not running of people, all when none is named, and of the policy's settings."""
    connection = database.prepare(sqlite3.connect(path))
    for person in people or [told(name) for name in _NUMBERS]:
        database.transact(connection, apply_change, change(person), NOW)
    if settings:
        database.transact(connection, catalogue.set_settings, settings)
    connection.close()


@cache
def _hashed(secret: str) -> str:
    return hashing._HASHER.hash(secret)
