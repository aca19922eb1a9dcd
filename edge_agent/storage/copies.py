"""What the ledger repeats of its records in columns, so that SQL can find and add it up.

The chain proves the records only; everything that is shown and every level is computed from
the copies. A copy that is not what its record says was changed by another hand than ours.
"""

import sqlite3
from typing import Any

import orjson
from sqlalchemy import select

from edge_agent.storage.schema import items, ledger
from edge_agent.storage.statement import Statement
from sync_protocol.errors import ProtocolError
from sync_protocol.records import ITEM, MOVEMENT, Decoded, Item, Movement, decode

_COPIED = (
    "kind", "item_ref", "product_id", "quantity", "from_location", "to_location", "reason", "occurred_at", "document",
    "lot", "expiry", "actor", "key", "command_id",
)  # fmt: skip
_ROWS = Statement(
    select(ledger.c.sequence, ledger.c.encoded, *(ledger.c[name] for name in _COPIED)).order_by(ledger.c.sequence)
)
_ITEMS = Statement(select(items.c.ref, items.c.facts))


def wrong_copies(connection: sqlite3.Connection) -> list[str]:
    """Each column of the ledger, and each item, that differs from the record it was copied from."""
    facts: dict[int, str] = dict(_ITEMS.run(connection).fetchall())
    products = {ref: orjson.loads(text)[0] for ref, text in facts.items()}
    problems = []
    for sequence, encoded, *found in _ROWS.run(connection):
        try:
            record = decode(encoded)
        except ProtocolError as error:
            problems.append(f"ledger: the record at position {sequence} cannot be read: {error.detail}")
            continue
        if isinstance(record, Item) and facts.get(record.ref) != (text := orjson.dumps([*record[1:]]).decode()):
            problems.append(f"item {record.ref}: expected {text}, got {facts.get(record.ref)}")
        if (expected := _said(record, products)) != found:
            problems += [
                f"ledger: {name} at position {sequence}: expected {said!r}, got {copy!r}"
                for name, said, copy in zip(_COPIED, expected, found, strict=True)
                if said != copy
            ]
    return problems


def _said(record: Decoded, products: dict[int, str]) -> list[Any]:
    """What the columns have to be."""
    if isinstance(record, Movement):
        return [
            MOVEMENT, record.item, products.get(record.item), record.quantity, record.from_location,
            record.to_location, record.reason, record.occurred_at, record.document, record.lot, record.expiry,
            record.actor, record.key, record.command,
        ]  # fmt: skip
    return [ITEM if isinstance(record, Item) else record.kind, *[None] * (len(_COPIED) - 1)]
