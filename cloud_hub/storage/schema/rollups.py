"""Rollups: what moved per site, product, local day and reason, added up behind the ledgers.

The nil UUID as a site is the whole chain, as a product all of them, so a report reads as few
rows as it shows; the chain's rows lie apart from those of its sites. A cursor per ledger says
how far it is counted; all can be made again from the ledgers. Amounts are whole minor units.
"""

from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.schema.base import blob, day, document, flag, money, number, table, text, uuid

_BY_SITE = "LIST (site_id)"
"""`…_chain` has the rows of the nil UUID, `…_sites` all others."""


def _measures() -> list[sa.Column[Any]]:
    return [number("movements"), number("added"), number("taken"), money("amount", null=False),
            money("cost", null=False)]  # fmt: skip


rollup_sites = table(
    "rollup_sites",
    uuid("site_id", key=True), text("timezone"), text("currency"),
    comment="The zone whose days and the currency in which a site was counted.",
)  # fmt: skip

rollup_cursors = table(
    "rollup_cursors",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("position"),
    comment="How far each ledger is counted.",
)  # fmt: skip

rollup_late = table(
    "rollup_late",
    uuid("site_id", key=True), uuid("origin_id", key=True), number("sequence", key=True),
    comment="Movements that were read below a mark, and are counted by the next round.",
)  # fmt: skip

moved_hours = table(
    "moved_hours",
    uuid("site_id", key=True), day("day", key=True), number("hour", key=True), text("reason", key=True),
    text("currency", key=True), *_measures(),
)  # fmt: skip

moved_days = table(
    "moved_days",
    uuid("site_id", key=True), uuid("product_id", key=True), day("day", key=True), text("reason", key=True),
    text("currency", key=True), *_measures(),
    sa.Index(None, "site_id", "day"),
    postgresql_partition_by=_BY_SITE,
)  # fmt: skip

moved_months = table(
    "moved_months",
    uuid("site_id", key=True), uuid("product_id", key=True), day("day", key=True), text("reason", key=True),
    text("currency", key=True), *_measures(),
    comment="day: the first of the month.",
    postgresql_partition_by=_BY_SITE,
)  # fmt: skip

stock_reports = table(
    "stock_reports",
    uuid("site_id", key=True), text("kind", key=True), day("first", key=True), day("until"), uuid("id"),
    number("revision", default=1), flag("is_final"), number("made_at"), uuid("origin_id", null=True),
    number("position"), number("lines"), document("totals"), blob("content"),
    sa.UniqueConstraint("id"),
    sa.Index(None, "kind", "first"),
    comment="Inventory reports as they were made; content: CSV, compressed by zlib.",
)  # fmt: skip

moved_actors = table(
    "moved_actors",
    uuid("site_id", key=True), day("day", key=True), text("actor", key=True), text("reason", key=True),
    *_measures(),
    comment="By who did it; every movement, also those between a site's own places.",
)  # fmt: skip
