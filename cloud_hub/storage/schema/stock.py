"""Stock beyond one site's shelves: goods on their way between sites, and units promised to somebody.

`transfer_goods` is what each ledger says of a transfer, folded with its movements; what was
asked for before anything moved is in `transfer_lines`. A reservation moves nothing.
"""

import sqlalchemy as sa

from cloud_hub.storage.schema.base import flag, number, table, text, uuid

transfers = table(
    "transfers",
    uuid("from_site", key=True), uuid("transfer_id", key=True), uuid("to_site"), text("step"),
    flag("is_dispatched"), number("created_at"), number("updated_at"), flag("is_open", default=True),
    text("note", default=""), text("reason", default=""), text("fault", null=True), text("created_by", null=True),
    uuid("command_id", null=True),
    sa.Index(None, "to_site", "step"),
    sa.Index("ix_transfers_open", "to_site", postgresql_where=sa.text("is_open")),
    comment="is_open: something is still to be shipped, received or written off."
    " command_id: the source's box was asked.",
)  # fmt: skip

transfer_lines = table(
    "transfer_lines",
    uuid("from_site", key=True), uuid("transfer_id", key=True), uuid("product_id", key=True), number("requested"),
    sa.Index(None, "from_site", "product_id"),
    comment="What head office asked for.",
)  # fmt: skip

transfer_goods = table(
    "transfer_goods",
    uuid("site_id", key=True), uuid("transfer_id", key=True), uuid("product_id", key=True),
    number("entered", default=0), number("taken", default=0), number("lost", default=0),
    comment="What this site's ledger moved into the transfer's transit, out of it to a place of its own, to shrinkage.",
)  # fmt: skip

reservations = table(
    "reservations",
    uuid("site_id", key=True), uuid("id", key=True), uuid("product_id"), number("quantity"), text("state"),
    text("document", default=""), text("note", default=""), text("created_by"), number("created_at"),
    number("expires_at", null=True), text("ending", null=True), number("ended_at", null=True),
    uuid("command_id", null=True), uuid("release_id", null=True),
    sa.Index("ix_reservations_open", "site_id", "product_id",
             postgresql_where=sa.text("state IN ('pending', 'held')")),
    sa.CheckConstraint("state IN ('pending', 'held', 'released', 'expired', 'refused')", name="state"),
    comment="At a store its box decides: command_id reserved there, release_id gives back (ending: why).",
)  # fmt: skip
