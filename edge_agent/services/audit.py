"""Proof and provisional numbers for head office: digests, drill-down, summaries, checkpoints.

Plain functions on a connection that return messages; a level is never overwritten by the
other side's, it is folded again from this ledger.
"""

import base64
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from edge_agent.services import tasks
from edge_agent.storage import feed, history, ledger, retention, summary
from edge_agent.storage.levels import Row
from sync_protocol import messages as say
from sync_protocol.batch import Sign
from sync_protocol.digest import bucket_of, bucket_sums

INCOMPLETE_MAX = 4_000
"""Positions that fit beside the sums of a digest; the hub may tell the rest again, which does no harm."""

T = TypeVar("T")

ITEMS_PER_MESSAGE = 200
ROWS_PER_MESSAGE = 400
"""A row is at most about 140 bytes (a transfer's location is long); a control message 64 KiB."""


def digest(connection: sqlite3.Connection, position: int) -> tuple[bytes, str, list[int]]:
    """Chain hash, bucket sums (base64) and unreadable positions, as of a position."""
    sums = bucket_sums(history.levels_as_of(connection, position))
    incomplete = [at for at in feed.rejected_positions(connection) if at <= position][:INCOMPLETE_MAX]
    return ledger.hash_at(connection, position), base64.b64encode(sums).decode(), incomplete


def bucket_levels(connection: sqlite3.Connection, lease: str, position: int, buckets: Sequence[int]) -> list[bytes]:
    """The levels in these buckets as they were: small ones together, a large one in pages between products."""
    found: dict[int, list[Row]] = {bucket: [] for bucket in sorted(buckets)}
    for row in sorted(history.levels_as_of(connection, position)):
        if row[2] and (bucket := bucket_of(row[0])) in found:
            found[bucket].append(row)
    large = {bucket: rows for bucket, rows in found.items() if len(rows) > ROWS_PER_MESSAGE}
    pages = [page for bucket, rows in large.items() for page in _pages(bucket, rows)]
    pages += _together({bucket: rows for bucket, rows in found.items() if bucket not in large})
    return [
        say.encode(
            say.BucketLevels(
                lease=lease, position=position, levels=page.rows, buckets=page.buckets, after=page.after,
                until=page.until,
            )
        )
        for page in pages
    ]  # fmt: skip


def level_summary(connection: sqlite3.Connection, lease: str, mark: int) -> list[bytes]:
    """Provisional on-hand of all that moved above the hub's mark; the history follows."""
    head, _ = ledger.head(connection)
    rows = summary.on_hand_of_moved(connection, mark)
    return [
        say.encode(say.LevelSummary(lease=lease, head=head, available=rows[at : at + ROWS_PER_MESSAGE]))
        for at in range(0, len(rows), ROWS_PER_MESSAGE)
    ]


def pruned_levels(connection: sqlite3.Connection, lease: str, sign: Sign) -> list[bytes]:
    """Signed levels at the checkpoint: they stand in for records that a restored hub cannot get any more."""
    found = summary.checkpoint(connection)
    if found is None:
        return []
    items: list[say.ItemFields] = [(*item,) for item in history.items_up_to(connection, found.position)]
    parts = list(_pieces(found.levels, ROWS_PER_MESSAGE)) or [[]]
    # Items first: with the last part of the levels the hub has all that it needs.
    told: list[tuple[int, list[Row], list[say.ItemFields]]] = [
        *((len(parts), [], some) for some in _pieces(items, ITEMS_PER_MESSAGE)),
        *((number, rows, []) for number, rows in enumerate(parts)),
    ]
    message = say.PrunedLevels(
        lease=lease, position=found.position, chain_hash=found.chain_hash.hex(), part=0, parts=len(parts), levels=[],
        last_item=len(items), signature="",
    )  # fmt: skip
    return [say.encode(_signed(message, part, rows, some, sign)) for part, rows, some in told]


def _signed(
    message: say.PrunedLevels, part: int, rows: list[Row], items: list[say.ItemFields], sign: Sign
) -> say.PrunedLevels:
    told = message.model_copy(update={"part": part, "levels": rows, "items": items})
    return told.model_copy(update={"signature": sign(told.signed).hex()})


class _Page(NamedTuple):
    """What one message of a drill-down covers: whole buckets, or the products of one in (after, until]."""

    buckets: list[int]
    rows: list[Row]
    after: str | None = None
    until: str | None = None


def _together(found: Mapping[int, list[Row]]) -> Iterator[_Page]:
    """Whole buckets joined up to ROWS_PER_MESSAGE rows; one without rows is told as such."""
    page = _Page([], [])
    for bucket, rows in found.items():
        if page.buckets and len(page.rows) + len(rows) > ROWS_PER_MESSAGE:
            yield page
            page = _Page([], [])
        page = _Page([*page.buckets, bucket], page.rows + rows)
    if page.buckets:
        yield page


def _pages(bucket: int, rows: list[Row]) -> Iterator[_Page]:
    """One bucket's rows, cut between products; the first and the last page are open to their side."""
    after = None
    while len(rows) > ROWS_PER_MESSAGE:
        cut = rows[ROWS_PER_MESSAGE][0]
        page = [row for row in rows[:ROWS_PER_MESSAGE] if row[0] != cut] or [row for row in rows if row[0] == cut]
        yield _Page([bucket], page, after, page[-1][0])
        after, rows = page[-1][0], rows[len(page) :]
    yield _Page([bucket], rows, after)


def _pieces(rows: list[T], most: int) -> Iterator[list[T]]:
    for at in range(0, len(rows), most):
        yield rows[at : at + most]


def rebuild(connection: sqlite3.Connection, products: Sequence[str], now_ms: int) -> int:
    """Fold these products again from the ledger; returns how many levels were wrong (and raises a task)."""
    wrong = retention.rebuild_levels(connection, products)
    if wrong:
        detail = f"{wrong} levels did not follow from the ledger and were folded again; please report it"
        tasks.raise_task(connection, "levels_rebuilt", None, now_ms, detail)
    return wrong
