"""SQL of what stores report besides movements: facts, and the tables that show them.

Facts are kept as they came; the tables below are what head office reads. Each upsert is
ordered by position (the mark), so a later record of the same thing always wins.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, copy_rows, given
from cloud_hub.storage.schema import (
    alerts,
    count_lines,
    facts,
    products,
    stocktakes,
    tasks,
)
from sync_protocol.records import Fact


def _upsert(table: sa.Table, names: tuple[str, ...], keys: tuple[str, ...], *kept: str, **changed: Any) -> Query:
    """Insert, or overwrite all but the keys and `kept`."""
    made = insert(table).values(given(table, *names))
    new = {name: made.excluded[name] for name in names if name not in (*keys, *kept)}
    return Query(made.on_conflict_do_update(index_elements=[table.c[key] for key in keys], set_={**new, **changed}))


_ALERT = _upsert(
    alerts,
    (
        "site_id", "alert_id", "rule", "product_id", "state", "severity", "opened_at_position", "available", "detail",
        "opened_at", "acknowledged_at", "acknowledged_by", "resolved_at", "updated_at",
    ),
    ("site_id", "alert_id"), "opened_at", "acknowledged_at", "acknowledged_by",
    acknowledged_at=sa.func.coalesce(alerts.c.acknowledged_at, sa.text("excluded.acknowledged_at")),
    acknowledged_by=sa.func.coalesce(alerts.c.acknowledged_by, sa.text("excluded.acknowledged_by")),
)  # fmt: skip
_TASK = _upsert(
    tasks, ("site_id", "task_id", "rule", "product_id", "state", "detail", "opened_at", "updated_at"),
    ("site_id", "task_id"), "opened_at",
)  # fmt: skip
_STOCKTAKE = _upsert(
    stocktakes,
    ("site_id", "stocktake_id", "name", "state", "opened_at", "updated_at"),
    ("site_id", "stocktake_id"),
    "opened_at",
    name=sa.func.coalesce(sa.func.nullif(sa.text("excluded.name"), ""), stocktakes.c.name),
)
_COUNT = _upsert(
    count_lines,
    (
        "site_id", "line_id", "stocktake_id", "product_id", "location", "counted", "expected", "variance",
        "after_position", "until_position", "status", "occurred_at",
    ),
    ("site_id", "line_id"),
)  # fmt: skip
_REVISION = Query(
    count_lines.update()
    .where(count_lines.c.site_id == bound(count_lines.c.site_id), count_lines.c.line_id == bound(count_lines.c.line_id))
    .values({"variance": bound(count_lines.c.variance), "revisions": count_lines.c.revisions + 1})
)
_OPEN_TASKS = Query(
    sa.select(tasks.c.site_id, tasks.c.product_id).where(
        tasks.c.site_id == sa.any_(bound_array(tasks.c.site_id, "sites")), tasks.c.state == "open",
        tasks.c.product_id == sa.any_(bound_array(tasks.c.product_id, "ids")),
    )
)  # fmt: skip
_KNOWN_PRODUCTS = Query(sa.select(products.c.id).where(products.c.id == sa.any_(bound_array(products.c.id, "ids"))))
_PLACEHOLDER = Query(
    insert(products)
    .values(
        {
            **given(
                products,
                "id",
                "sku",
                "name",
                "unit",
                "currency",
                "proposed_by_site",
                "version_epoch",
                "version",
                "created_at",
                "updated_at",
            ),
            "lifecycle": sa.literal_column("'provisional'"),
        }
    )
    .on_conflict_do_nothing()
)

_FACTS_FROM = Query(
    sa.select(facts.c.sequence, facts.c.kind, facts.c.body)
    .where(
        facts.c.site_id == bound(facts.c.site_id), facts.c.origin_id == bound(facts.c.origin_id),
        facts.c.kind == sa.any_(sa.bindparam("kinds", type_=sa.ARRAY(sa.Text))),
        facts.c.sequence >= sa.bindparam("from_sequence", type_=sa.BigInteger),
    )
    .order_by(facts.c.sequence)
)  # fmt: skip

UPSERTS = {
    "alert": _ALERT, "task": _TASK, "stocktake": _STOCKTAKE, "count": _COUNT, "revision": _REVISION,
}  # fmt: skip


async def copy_facts(
    connection: Connection, site_id: UUID, origin_id: UUID, rows: Iterable[tuple[int, str, Any]], now_ms: int
) -> None:
    """Keep facts: (sequence, kind, body)."""
    records = [(site_id, origin_id, sequence, kind, body, now_ms) for sequence, kind, body in rows]
    await copy_rows(connection, facts, ("site_id", "origin_id", "sequence", "kind", "body", "recorded_at"), records)


async def list_facts(
    connection: Connection, site_id: UUID, origin_id: UUID, kinds: Sequence[str], from_sequence: int
) -> list[tuple[int, Fact]]:
    """Facts of some kinds from a position on, in their order."""
    rows = await _FACTS_FROM.fetch(
        connection, site_id=site_id, origin_id=origin_id, kinds=list(kinds), from_sequence=from_sequence
    )
    return [(row["sequence"], Fact(row["kind"], row["body"])) for row in rows]


async def save(connection: Connection, kind: str, rows: list[dict[str, Any]]) -> None:
    """Show facts of one kind; `kind` is a key of UPSERTS."""
    await UPSERTS[kind].each(connection, rows)


async def find_open_tasks(
    connection: Connection, site_ids: list[UUID], product_ids: list[str]
) -> set[tuple[UUID, str]]:
    """Of these sites' products, those that a person at the store was already asked to look at."""
    rows = await _OPEN_TASKS.fetch(connection, sites=site_ids, ids=product_ids)
    return {(row["site_id"], str(row["product_id"])) for row in rows}


async def find_known_products(connection: Connection, product_ids: list[UUID]) -> set[UUID]:
    """Of these products, those that head office knows."""
    rows: list[Row] = await _KNOWN_PRODUCTS.fetch(connection, ids=product_ids)
    return {row["id"] for row in rows}


async def insert_placeholders(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Provisional products that stand for what a store moved and head office does not know."""
    await _PLACEHOLDER.each(connection, rows)
