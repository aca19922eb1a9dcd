"""The store's ledger: numbered, hash-chained records, and the levels that follow from them.

`append` is the one place that writes records. It must be called inside a transaction; it
gives each record the next sequence, keeps its canonical bytes (an upgrade never rewrites
the past) and folds movements into the levels and lots. Rows above the acknowledged position are the
outbox. Reading back and pruning are in history.py and retention.py.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import bindparam, func, insert, select

from edge_agent.crashpoints import crashpoint
from edge_agent.domain.movement import Draft, Goods
from edge_agent.errors import NotFound
from edge_agent.storage import identity, levels, lots
from edge_agent.storage.schema import checkpoints, items, ledger
from edge_agent.storage.schema import identity as identity_row
from edge_agent.storage.statement import RowStatement, Statement
from sync_protocol import chain
from sync_protocol.records import ITEM, MOVEMENT, Fact, Item, encode, encode_row

_HEAD = Statement(select(ledger.c.sequence, ledger.c.chain_hash).order_by(ledger.c.sequence.desc()).limit(1))
_END = Statement(
    select(ledger.c.sequence, ledger.c.chain_hash, identity_row.c.clock_offset).join_from(
        identity_row, ledger, ledger.c.sequence == select(func.max(ledger.c.sequence)).scalar_subquery()
    )
)
_HASH_AT = Statement(select(ledger.c.chain_hash).where(ledger.c.sequence == bindparam("position")))
_CHECKPOINT_HASH = Statement(select(checkpoints.c.chain_hash).where(checkpoints.c.position == bindparam("position")))
_READ = Statement(
    select(ledger.c.encoded)
    .where(ledger.c.sequence.between(bindparam("first"), bindparam("last")))
    .order_by(ledger.c.sequence)
)
_INSERT = RowStatement(insert(ledger).values({c.name: bindparam(c.name) for c in ledger.columns}))
_ITEM_REF = Statement(select(items.c.ref).where(items.c.facts == bindparam("facts")))
_ITEMS = Statement(select(items.c.ref, items.c.facts))
_FACTS_AT = Statement(
    select(items.c.facts)
    .join_from(ledger, items, items.c.ref == ledger.c.item_ref)
    .where(ledger.c.sequence == bindparam("position"))
)
_LAST_REF = Statement(select(func.max(items.c.ref)))
_ADD_ITEM = Statement(insert(items).values(ref=bindparam("ref"), facts=bindparam("facts")))

_NOTHING: tuple[None, ...] = (None,) * (len(ledger.columns) - 4)


class Appended(NamedTuple):
    """Where the records went; `positions` and `hashes` stand in the order of the drafts."""

    first: int
    last: int
    positions: list[int]
    hashes: list[bytes]
    """Of the chain, at the positions: `chain.movement_id` makes a public id of one."""
    lots: frozenset[str]
    """Products of which it is known by lots what is here, and that moved."""


def head(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """The last position and its chain hash; (0, genesis) of an empty ledger."""
    found = _HEAD.row(connection)
    if found is not None:
        return found[0], found[1]
    who = identity.get(connection)
    return 0, chain.genesis(who.site_id, who.origin_id)


def last_position(connection: sqlite3.Connection) -> int:
    """The last position; 0 of an empty ledger."""
    found = _HEAD.row(connection)
    return 0 if found is None else int(found[0])


def list_items(connection: sqlite3.Connection) -> dict[int, Item]:
    """Every item of this origin by its number; they outlive the records that defined them, which may be pruned."""
    return {ref: Item(ref, *orjson.loads(facts)) for ref, facts in _ITEMS.run(connection).fetchall()}


def goods_at(connection: sqlite3.Connection, position: int) -> Goods:
    """What the movement at a position has frozen of its product. Raises NotFound."""
    found: str | None = _FACTS_AT.value(connection, position=position)
    if found is None:
        raise NotFound("position", f"this ledger holds no movement at position {position}")
    return Goods(*orjson.loads(found))


def hash_at(connection: sqlite3.Connection, position: int) -> bytes:
    """The chain hash at a position. Raises NotFound above the head or below what is retained."""
    found: bytes | None = _HASH_AT.value(connection, position=position)
    if found is None:
        found = _CHECKPOINT_HASH.value(connection, position=position)
    if found is None and position == 0:
        who = identity.get(connection)
        return chain.genesis(who.site_id, who.origin_id)
    if found is None:
        raise NotFound("position", f"this ledger holds no position {position}")
    return found


def read_encoded(connection: sqlite3.Connection, first: int, count: int) -> list[bytes]:
    """The stored bytes of up to `count` records from `first`."""
    rows = _READ.run(connection, first=first, last=first + count - 1).fetchall()
    return [row[0] for row in rows]


def append(connection: sqlite3.Connection, drafts: Sequence[Draft | Fact]) -> Appended:
    """Write records at the end of the ledger and fold their movements into the levels.

    Movements that do not say the clock's offset get the box's.
    """
    crashpoint("edge.ledger.before_append")
    writer = _Writer(connection)
    for draft in drafts:
        if type(draft) is Draft:
            writer.movement(draft)
        else:
            assert isinstance(draft, Fact)
            writer.fact(draft)
    writer.finish()
    crashpoint("edge.ledger.after_append")
    return Appended(writer.start + 1, writer.sequence, writer.positions, writer.hashes, writer.lots)


def _end(connection: sqlite3.Connection) -> tuple[int, bytes, int | None]:
    """The head, and what to add to the box's clock."""
    found = _END.row(connection)
    return (found[0], found[1], found[2]) if found else (*head(connection), identity.clock_offset(connection))


class _Writer:
    """The rows of one append, collected and written together."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.start, self._hash, self._clock_offset = _end(connection)
        self.sequence = self.start
        self.positions: list[int] = []
        self.hashes: list[bytes] = []
        self._rows: list[tuple[object, ...]] = []
        self._refs: dict[Goods, int] = {}
        self._change: dict[tuple[str, str], int] = {}
        self._moves: list[lots.Move] = []
        self.lots: frozenset[str] = frozenset()

    def movement(self, draft: Draft) -> None:
        goods, quantity, source, target, reason, occurred_at, offset = draft[:7]
        assert quantity > 0, f"expected a positive quantity, got {quantity}"
        assert source != target, f"expected two locations, got {source!r} twice"
        ref = self._refs.get(goods) or self._ref(goods)
        offset = self._clock_offset if offset is None else offset
        encoded = encode_row(MOVEMENT, (ref, quantity, source, target, reason, occurred_at, offset, *draft[7:]))
        self._add(MOVEMENT, encoded, (
            ref, goods.product_id, quantity, source, target, reason, occurred_at,
            draft.document, draft.lot, draft.expiry, draft.actor, draft.key, draft.command,
        ))  # fmt: skip
        self._named()
        self._moves.append(lots.Move(goods.product_id, quantity, source, target, draft.lot, draft.expiry))
        change = self._change
        change[goods.product_id, source] = change.get((goods.product_id, source), 0) - quantity
        change[goods.product_id, target] = change.get((goods.product_id, target), 0) + quantity

    def fact(self, record: Fact) -> None:
        self._add(record.kind, encode(record), _NOTHING)
        self._named()

    def finish(self) -> None:
        if len(self._rows) == 1:
            _INSERT.run(self._connection, self._rows[0])
        else:
            _INSERT.run_many(self._connection, self._rows)
        if self._change:
            self.lots = lots.follow(self._connection, self._moves)
            levels.add(self._connection, self._change)

    def _ref(self, goods: Goods) -> int:
        """The number of these frozen facts in this origin; defines them on the chain if they are new."""
        facts = orjson.dumps([*goods]).decode()
        ref: int | None = _ITEM_REF.value(self._connection, facts=facts)
        if ref is None:
            ref = (_LAST_REF.value(self._connection) or 0) + 1
            _ADD_ITEM.run(self._connection, ref=ref, facts=facts)
            self._add(ITEM, encode_row(ITEM, (ref, *goods)), _NOTHING)
        self._refs[goods] = ref
        return ref

    def _add(self, kind: str, encoded: bytes, columns: tuple[object, ...]) -> None:
        self.sequence += 1
        self._hash = chain.extend(self._hash, encoded)
        self._rows.append((self.sequence, kind, encoded, self._hash, *columns))

    def _named(self) -> None:
        self.positions.append(self.sequence)
        self.hashes.append(self._hash)
