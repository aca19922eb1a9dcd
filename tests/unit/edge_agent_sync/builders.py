"""Boxes and records for tests: a real database, real keys, real certificates."""

import sqlite3
import time
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.domain.movement import Draft, Goods
from edge_agent.storage import database, ddl, identity, ledger
from edge_agent.storage.identity import Identity
from sync_protocol.keys import Claims, issue

HUB_KEY = Ed25519PrivateKey.from_private_bytes(b"h" * 32)
RECORD_KEY = Ed25519PrivateKey.from_private_bytes(b"r" * 32)
NOW_MS = 1_790_000_000_000


def an_id(number: int) -> str:
    return str(UUID(int=(7 << 76) | (2 << 62) | number))


SITE, DEVICE, ORIGIN, FEED, PRODUCT = (an_id(number) for number in range(1, 6))


def hub_key_hex() -> str:
    return HUB_KEY.public_key().public_bytes_raw().hex()


def claims(origin_id: str = ORIGIN, **changes: object) -> Claims:
    values = {
        "site_id": SITE, "device_id": DEVICE, "origin_id": origin_id, "hub_epoch": 1, "issued_at": NOW_MS,
        "public_key": RECORD_KEY.public_key().public_bytes_raw().hex(),
    }  # fmt: skip
    return Claims.model_validate({**values, **changes})


def a_certificate(origin_id: str = ORIGIN, **changes: object) -> str:
    return issue(claims(origin_id, **changes), HUB_KEY.sign)


def an_identity(**changes: object) -> Identity:
    who = Identity(
        site_id=SITE, site_name="Market Street", device_id=DEVICE, origin_id=ORIGIN,
        certificate=a_certificate(), hub_key=hub_key_hex(),
    )  # fmt: skip
    return who._replace(**changes)


def a_store(path: str = ":memory:") -> sqlite3.Connection:
    """An enrolled database; calls on it are inline."""
    connection = database.prepare(sqlite3.connect(path))
    ddl.create(connection)
    identity.create(connection, an_identity())
    return connection


def a_sale(product_id: str = PRODUCT, quantity: int = 1000, at: int | None = None) -> Draft:
    occurred_at = at if at is not None else time.time_ns() // 1_000_000
    return Draft(Goods(product_id, "04012345678901"), quantity, "shelf", "customer", "sale", occurred_at)


def sell(connection: sqlite3.Connection, count: int = 1, product_id: str = PRODUCT) -> int:
    """So many sales; returns the head."""
    for _ in range(count):
        ledger.append(connection, [a_sale(product_id)])
    return ledger.head(connection)[0]
