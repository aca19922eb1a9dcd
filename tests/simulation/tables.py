"""The hub's database in memory: named tables, row locks, transactions, backup and restore.

A transaction writes to its own overlay, which becomes visible at commit or never: a worker
that dies in between leaves nothing, as in PostgreSQL. Rows are immutable values.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

NAMES = (
    "hub", "sites", "origins", "ledger", "items", "levels", "keys", "facts", "unknown", "quarantine",
    "changes", "feeds", "feed_acked", "feed_records", "products", "commands", "outcomes",
    "command_keys", "branches", "adopted",
    "transfers", "transfer_lines", "notices", "returned", "returned_record", "baselines",
)  # fmt: skip


class Stored(NamedTuple):
    """A record with the chain hash at its position."""

    encoded: bytes
    chain_hash: bytes


class Origin(NamedTuple):
    """What the hub knows of one origin: the row that a batch locks."""

    site_id: str
    device_id: str
    certificate: str
    mark: int
    chain_hash: bytes
    safe_mark: int = 0
    lease: str | None = None
    boot: int = 0
    instance: str | None = None
    is_closed: bool = False
    is_revoked: bool = False
    salvage: "Salvage | None" = None
    successor: str | None = None
    predecessor: tuple[str, int, bytes] | None = None


class Salvage(NamedTuple):
    """A fenced box's tail on its way up: the lease it goes under and how far it has come."""

    lease: str
    mark: int
    chain_hash: bytes


class Feed(NamedTuple):
    """One site's change feed: its own origin, head and how much of `changes` it has taken."""

    origin_id: str
    head: int
    chain_hash: bytes
    taken: int
    safe_mark: int = 0


Key = tuple[Any, ...]
Snapshot = dict[str, dict[Key, Any]]


@dataclass(slots=True)
class Tables:
    """What is committed."""

    rows: Snapshot = field(default_factory=lambda: {name: {} for name in NAMES})

    def get(self, table: str, *key: Any) -> Any:
        return self.rows[table].get(key)

    def scan(self, table: str, *prefix: Any) -> list[tuple[Key, Any]]:
        """Rows whose key begins with the prefix, in key order of insertion."""
        rows, width = self.rows[table].items(), len(prefix)
        if width == 0:
            return list(rows)
        if width == 1:
            (first,) = prefix
            return [pair for pair in rows if pair[0][0] == first]
        return [pair for pair in rows if pair[0][:width] == prefix]

    def snapshot(self) -> Snapshot:
        """A consistent copy: what a backup holds."""
        return {name: dict(rows) for name, rows in self.rows.items()}

    def restore(self, snapshot: Snapshot) -> None:
        self.rows = {name: dict(rows) for name, rows in snapshot.items()}


class Transaction:
    """Reads its own writes; nobody else sees them before `commit`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._written: dict[tuple[str, Key], Any] = {}

    def get(self, table: str, *key: Any) -> Any:
        name = table, key
        if name in self._written:
            return self._written[name]
        return self._tables.rows[table].get(key)

    def put(self, table: str, *key_and_row: Any) -> None:
        self._written[table, key_and_row[:-1]] = key_and_row[-1]

    def add(self, table: str, *key_and_change: Any) -> None:
        *key, change = key_and_change
        self.put(table, *key, (self.get(table, *key) or 0) + change)

    def scan(self, table: str, *prefix: Any) -> list[tuple[Key, Any]]:
        merged = dict(self._tables.scan(table, *prefix))
        width = len(prefix)
        merged |= {k: row for (name, k), row in self._written.items() if name == table and k[:width] == prefix}
        return list(merged.items())

    def commit(self) -> None:
        rows = self._tables.rows
        for (table, key), row in self._written.items():
            rows[table][key] = row
