"""Forget records that a verified backup of the hub has held for longer than the retention.

Whether a record may go never depends on its own clock: a note of (position, corrected
time) is made at most daily when the safe mark has moved, and what was safe at a note old
enough may go. The notes live beside the database, since losing one only delays pruning.
"""

import sqlite3
from pathlib import Path

import orjson
import structlog

from edge_agent.storage import identity, retention
from edge_agent.storage.files import write_private
from sync_protocol.clock import corrected, is_trusted
from sync_protocol.retention import SafeAt, prune_below, should_note

log = structlog.get_logger(__name__)

NOTES_MAX = 400


def prune(connection: sqlite3.Connection, notes: list[SafeAt], clock_ms: int, retention_ms: int) -> int:
    """Prune what may go, behind a checkpoint; returns how many records went."""
    who = identity.get(connection)
    below = prune_below(
        safe_mark=who.safe_mark, acked=who.acked, seen=notes, retention_ms=retention_ms,
        now_ms=corrected(clock_ms, who.clock_offset), is_trusted=is_trusted(clock_ms, who.clock_offset),
    )  # fmt: skip
    if below <= who.first_retained:
        return 0
    gone = retention.prune(connection, below, clock_ms)
    if gone:
        log.info("records pruned", records=gone, below=below)
    return gone


def noted(notes: list[SafeAt], who: identity.Identity, clock_ms: int) -> list[SafeAt]:
    """The notes with today's, if one is due; those of a mark that has gone back are withdrawn."""
    now_ms = corrected(clock_ms, who.clock_offset)
    kept = [note for note in notes if note.position <= who.safe_mark][-NOTES_MAX:]
    if is_trusted(clock_ms, who.clock_offset) and should_note(kept[-1] if kept else None, who.safe_mark, now_ms):
        kept.append(SafeAt(who.safe_mark, now_ms))
    return kept


def load_notes(path: Path, origin_id: str) -> list[SafeAt]:
    """The notes of this origin; none when there is no such file or it cannot be read."""
    try:
        kept = orjson.loads(path.read_bytes())
        return [SafeAt(int(at), int(ms)) for at, ms in kept["notes"]] if kept["origin_id"] == origin_id else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def save_notes(path: Path, origin_id: str, notes: list[SafeAt]) -> None:
    """Keep them."""
    write_private(path, orjson.dumps({"origin_id": origin_id, "notes": [tuple(note) for note in notes]}))
