"""Is the hub's copy what it claims: a true prefix whose fold the levels are?

`cloud-hub verify` and every backup run these checks. Each one is a query that finds
nothing when all is well; a problem names where to look.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cloud_hub.services.auditing import broken_links
from cloud_hub.storage import verification as sql
from cloud_hub.storage.database import Connection, Row
from cloud_hub.storage.rollup_checks import wrong_rollups
from sync_protocol.quantity import format_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as it must be."""

    check: str
    detail: str


async def verify(connection: Connection) -> list[Problem]:
    """Every check; an empty list means that all of them hold."""
    found = [
        Problem(check=name, detail=describe(row)) for name, find, describe in _CHECKS for row in await find(connection)
    ]
    found += [Problem(check="rollups", detail=_rollup(*wrong)) for wrong in await wrong_rollups(connection)]
    return found + [Problem(check="audit", detail=detail) for detail in await broken_links(connection)]


def _level(row: Row) -> str:
    return (
        f"site {row['site_id']}, product {row['product_id']}, {row['location']}: the level is "
        f"{format_quantity(row['stored'])}, its movements add up to {format_quantity(int(row['folded']))}"
    )


def _sum(row: Row) -> str:
    total = format_quantity(int(row["total"]))
    return f"site {row['site_id']}, product {row['product_id']}: its locations add up to {total} instead of 0"


def _gap(row: Row) -> str:
    return f"origin {row['origin_id']}: the mark is {row['mark']}, but {row['stored']} records are stored"


def _chain(row: Row) -> str:
    return f"origin {row['origin_id']}: the batch at {row['first_sequence']} does not continue the one before it"


def _head(row: Row) -> str:
    return f"origin {row['origin_id']}: its chain hash is not that of its batch at {row['mark']}"


def _rollup(table: str, row: Row) -> str:
    return (
        f"{table}: {row['of']}: counted {row['counted']}, its movements add up to {row['folded']};"
        " cloud-hub rebuild-rollups counts again"
    )


_CHECKS: tuple[tuple[str, Callable[[Connection], Awaitable[list[Row]]], Callable[[Row], str]], ...] = (
    ("levels", sql.wrong_levels, _level),
    ("zero_sum", sql.not_zero, _sum),
    ("no_gap", sql.gaps, _gap),
    ("chain", sql.broken_chains, _chain),
    ("head", sql.wrong_heads, _head),
)
