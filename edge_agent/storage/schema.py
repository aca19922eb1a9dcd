"""Every table of the store's database, in SQLAlchemy Core; the only place that knows columns.

ddl.py makes them in an empty file; an older one is brought here by migrations/ (a test compares the two). The tables
that a snapshot replaces are indexed by named indexes, not by constraints: those can be built after the rows are
there, which is one sort each instead of a search per row. A table without rowid names its key's columns
first: else SQLite's own check (3.40) takes what stands before them for NULL, and the file for damaged.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

REVISION = "0008"
"""Head of migrations/versions."""
KNOWN_REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")

metadata = MetaData()


def _table(name: str, *parts: Column[int] | Column[str] | Column[bytes] | object, rowid: bool = True) -> Table:
    return Table(name, metadata, *parts, sqlite_with_rowid=rowid, sqlite_strict=True)  # type: ignore[arg-type]


def _int(name: str, *, null: bool = False, default: int | None = None, key: bool = False) -> Column[int]:
    server_default = None if default is None else text(str(default))
    return Column(name, Integer, nullable=null, server_default=server_default, primary_key=key)


def _text(name: str, *, null: bool = False, default: str | None = None, key: bool = False) -> Column[str]:
    server_default = None if default is None else text(f"'{default}'")
    return Column(name, Text, nullable=null, server_default=server_default, primary_key=key)


def _blob(name: str, *, null: bool = False, key: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null, primary_key=key)


identity = _table(
    "identity",
    _int("one", key=True, default=1), CheckConstraint("one = 1", name="identity_is_one_row"),
    _text("site_id"), _text("site_name", default=""), _text("device_id"), _text("origin_id"),
    _int("boot", default=0), _int("acked", default=0), _int("safe_mark", default=0),
    _int("first_retained", default=1), _int("hub_epoch", default=0), _text("certificate", default=""),
    _text("hub_key", default=""), _text("feed_origin", null=True), _int("feed_cursor", default=0),
    _blob("feed_hash", null=True), _int("feed_safe", default=0), _int("clock_offset", null=True),
    _int("hlc_ms", default=0), _int("hlc_counter", default=0),
)  # fmt: skip

ledger = _table(
    "ledger",
    _int("sequence", key=True), _text("kind"), _blob("encoded"), _blob("chain_hash"),
    _int("item_ref", null=True), _text("product_id", null=True), _int("quantity", null=True),
    _text("from_location", null=True), _text("to_location", null=True), _text("reason", null=True),
    _int("occurred_at", null=True), _text("document", null=True), _text("lot", null=True),
    _text("expiry", null=True), _text("actor", null=True), _text("key", null=True),
    _text("command_id", null=True),
    Index("ledger_product", "product_id", "sequence", sqlite_where=text("product_id IS NOT NULL")),
)  # fmt: skip

former_records = _table(
    "former_records",
    _text("origin_id"), _int("sequence"), _blob("chain_hash"), _blob("encoded"),
    PrimaryKeyConstraint("origin_id", "sequence", "chain_hash"), rowid=False,
)  # fmt: skip

items = _table("items", _int("ref", key=True), _text("facts"), UniqueConstraint("facts"))

levels = _table(
    "levels", _text("product_id"), _text("location"), _int("quantity"),
    PrimaryKeyConstraint("product_id", "location"), rowid=False,
)  # fmt: skip

checkpoints = _table("checkpoints", _int("position", key=True), _blob("chain_hash"), _int("made_at"))
checkpoint_levels = _table(
    "checkpoint_levels", _text("product_id"), _text("location"), _int("quantity"),
    PrimaryKeyConstraint("product_id", "location"), rowid=False,
)  # fmt: skip

keys = _table(
    "keys", _text("key"), _blob("body_hash"), _int("sequence"), _text("answer", null=True),
    PrimaryKeyConstraint("key"), rowid=False,
)  # fmt: skip


def _products(name: str) -> Table:
    return _table(
        name,
        _int("number", key=True), _text("product_id"), _text("sku"), _text("name"),
        _text("category", default=""), _text("unit", default="each"), _int("price", null=True),
        _int("cost", null=True), _text("currency", default="EUR"), _text("lifecycle", default="active"),
        _int("reorder_point", null=True), _int("critical_level", null=True),
        _text("negative_policy", null=True), _text("metadata", default="{}"),
        _int("version_epoch", default=0), _int("version_number", default=0),
    )  # fmt: skip


def _barcodes(name: str) -> Table:
    return _table(name, _text("code"), _text("product_id"), _int("pack_quantity", default=1000))


products, staging_products = _products("products"), _products("staging_products")
barcodes, staging_barcodes = _barcodes("barcodes"), _barcodes("staging_barcodes")
CATALOGUE_INDEXES = (
    Index("products_product_id", products.c.product_id, unique=True),
    Index("products_sku", products.c.sku, products.c.product_id),
    Index("barcodes_code", barcodes.c.code, unique=True),
    Index("barcodes_product_id", barcodes.c.product_id, barcodes.c.code),
)

policy = _table(
    "policy",
    _int("one", key=True, default=1), CheckConstraint("one = 1", name="policy_is_one_row"),
    _int("version_epoch", default=0), _int("version_number", default=0),
    _int("reorder_point", default=0), _int("critical_level", default=0), _text("settings", default="{}"),
)  # fmt: skip

sites = _table(
    "sites", _text("site_id", key=True), _text("code"), _text("name"),
    _int("version_epoch", default=0), _int("version_number", default=0), rowid=False,
)  # fmt: skip

proposals = _table(
    "proposals",
    _text("proposal_id", key=True), _text("entity"), _text("entity_id"), _text("product_id"),
    _text("fields"), _int("position"), _int("made_at"), rowid=False,
)  # fmt: skip
told_products = _table("told_products", _text("product_id", key=True), _blob("change"), rowid=False)

reservations = _table(
    "reservations",
    _text("reservation_id", key=True), _text("product_id"), _int("quantity"), _text("document", null=True),
    _text("command_id"), rowid=False,
)  # fmt: skip
Index("reservations_product", reservations.c.product_id)

stocktakes = _table(
    "stocktakes",
    _text("stocktake_id", key=True), _text("name", default=""), _text("state"), _int("is_blind", default=0),
    _int("opened_at"), _int("closed_at", null=True), _text("actor", null=True), _text("kind", default="full"),
    rowid=False,
)  # fmt: skip

count_lines = _table(
    "count_lines",
    _text("line_id", key=True), _text("stocktake_id"), _text("product_id"), _text("location"),
    _int("counted"), _int("expected"), _int("variance"), _int("after"), _int("until"),
    _int("begins"), _int("ends"), _text("status"), _int("position"), _text("device", null=True),
    _int("counter", null=True), _int("occurred_at"), _text("actor", null=True), rowid=False,
)  # fmt: skip
Index("count_lines_product", count_lines.c.product_id, count_lines.c.location)
Index("count_lines_device", count_lines.c.device, count_lines.c.counter)
Index("count_lines_stocktake", count_lines.c.stocktake_id)

count_events = _table(
    "count_events",
    _text("device"), _int("counter"), _text("location"), _text("product_id"), _int("delta"),
    _int("begins"), _int("ends"), _int("position"), _int("occurred_at"),
    PrimaryKeyConstraint("device", "counter", "location"), rowid=False,
)  # fmt: skip
Index("count_events_product", count_events.c.product_id, count_events.c.location)

exchanges = _table(
    "exchanges", _text("device"), _int("position"), _int("boot"), _int("ticks_ms"),
    PrimaryKeyConstraint("device", "position"), rowid=False,
)  # fmt: skip
timeline = _table(
    "timeline", _int("boot"), _int("ticks_ms"), _int("position"), _int("clock_ms"),
    PrimaryKeyConstraint("boot", "ticks_ms"), rowid=False,
)  # fmt: skip

alerts = _table(
    "alerts",
    _text("alert_id", key=True), _text("rule"), _text("product_id", null=True), _text("state"),
    _text("severity"), _int("available", null=True), _int("opened_at_position"), _int("opened_at"),
    _int("changed_at"), _text("actor", null=True), _text("detail", default=""), rowid=False,
)  # fmt: skip
Index("alerts_open", alerts.c.rule, alerts.c.product_id, unique=True, sqlite_where=text("state <> 'resolved'"))
Index("alerts_history", alerts.c.product_id, alerts.c.opened_at)

tasks = _table(
    "tasks",
    _text("task_id", key=True), _text("rule"), _text("product_id", null=True), _text("state"),
    _text("detail", default=""), _int("opened_at"), _int("done_at", null=True), _text("cause", null=True), rowid=False,
)  # fmt: skip
Index("tasks_open", tasks.c.rule, tasks.c.product_id, sqlite_where=text("state = 'open'"))

transfers = _table(
    "transfers",
    _text("transfer_id", key=True), _text("from_site"), _text("to_site"), _text("state"),
    _int("opened_at"), _int("changed_at"), rowid=False,
)  # fmt: skip
transfer_lines = _table(
    "transfer_lines",
    _text("transfer_id"), _text("product_id"), _int("dispatched", default=0), _int("received", default=0),
    PrimaryKeyConstraint("transfer_id", "product_id"), rowid=False,
)  # fmt: skip

purchase_orders = _table(
    "purchase_orders",
    _text("order_id", key=True), _text("number"), _text("state"), _text("vendor"), _text("expected_on", null=True),
    _text("lines"), _int("epoch"), _int("version"), rowid=False,
)  # fmt: skip
"""Goods that are expected; `lines` is JSON of [product, ordered, received]."""

print_jobs = _table(
    "print_jobs",
    _int("number", key=True), _text("job_id"), _text("printer"), _text("template"), _text("lines"),
    _text("state"), _int("total"), _int("sent", default=0), _int("sending", default=0),
    _int("is_repeat", default=0), _int("doubled", default=0), _int("attempts", default=0),
    _text("problem", default=""), _text("detail", default=""), _text("actor", null=True), _int("made_at"),
    _int("changed_at"),
)  # fmt: skip
"""Labels to print; `lines` is JSON of what each is of. `sent` were handed over for certain, `sending` may be out."""
Index("print_jobs_id", print_jobs.c.job_id, unique=True)
Index(
    "print_jobs_open", print_jobs.c.printer, print_jobs.c.number,
    sqlite_where=text("state IN ('waiting', 'printing')"),
)  # fmt: skip

people = _table(
    "people",
    _text("person_id", key=True), _text("username", null=True), _text("email", null=True), _text("full_name"),
    _text("role"), _text("permissions"), _text("password_hash", null=True), _text("pin_hash", null=True),
    _int("pin_set_at", default=0), _text("badge_hash", null=True), _int("is_active"), _int("version_epoch"),
    _int("version_number"), rowid=False,
)  # fmt: skip
"""Who may work here, as head office says; `permissions` is a JSON list."""
Index("people_badge", people.c.badge_hash)
sessions = _table(
    "sessions",
    _text("session_id", key=True), _blob("token_hash"), _text("person_id"), _text("device"), _int("started_at"),
    _int("used_at"), _int("expires_at"), UniqueConstraint("token_hash"), rowid=False,
)  # fmt: skip
Index("sessions_person", sessions.c.person_id)
approvals = _table(
    "approvals",
    _blob("token_hash", key=True), _text("approval_id"), _text("approved_by"), _text("operation"),
    _int("expires_at"), rowid=False,
)  # fmt: skip
tries = _table("tries", _text("subject", key=True), _int("failed"), _int("last_at"), rowid=False)
"""Log-ins that were tried and did not succeed since."""
screens = _table("screens", _text("scanner", key=True), _blob("token_hash"), _int("paired_at"), rowid=False)
"""The one screen that a scanner of this box belongs to: a badge read there is for it."""

commands = _table(
    "commands",
    _text("command_id", key=True), _text("key"), _text("kind"), _text("body"), _text("status", null=True),
    _int("position", null=True), _text("code", default=""), _text("detail", default=""),
    _int("received_at"), rowid=False,
)  # fmt: skip
Index("commands_key", commands.c.key)

feed_batches = _table(
    "feed_batches", _text("feed_origin"), _int("first"), _int("last"), _blob("sealed"),
    PrimaryKeyConstraint("feed_origin", "first"), rowid=False,
)  # fmt: skip
unknown_changes = _table(
    "unknown_changes", _int("number", key=True), _text("kind"), _blob("encoded"), _int("received_at")
)
branch_adopted = _table("branch_adopted", _blob("chain_hash", key=True), _int("position"), rowid=False)
rejected = _table("rejected", _int("position", key=True), _int("told_at"))
scans = _table(
    "scans",
    _int("number", key=True), _int("occurred_at"), _text("device", null=True), _text("mode"), _blob("raw"),
    _int("position", null=True), _text("outcome"),
)  # fmt: skip

lots = _table(
    "lots",
    _text("product_id"), _text("location"), _text("lot"), _text("expiry"), _int("quantity"),
    PrimaryKeyConstraint("product_id", "location", "lot", "expiry"), rowid=False,
)  # fmt: skip
"""What the levels of products with known lots consist of; empty words where nobody knows."""
Index("lots_expiry", lots.c.expiry, lots.c.product_id, sqlite_where=text("expiry <> ''"))

receipts = _table(
    "receipts",
    _text("receipt_id", key=True), _text("order_number", null=True), _text("document", null=True),
    _text("note", null=True), _text("actor", null=True), _int("occurred_at"), _int("position"), rowid=False,
)  # fmt: skip
receipt_lines = _table(
    "receipt_lines",
    _text("receipt_id"), _int("line"), _text("product_id"), _int("good"), _int("damaged"),
    _int("expected", null=True), _text("location"), _text("lot", null=True), _text("expiry", null=True),
    _text("reason", null=True), _text("note", null=True), PrimaryKeyConstraint("receipt_id", "line"), rowid=False,
)  # fmt: skip

count_zones = _table(
    "count_zones",
    _text("stocktake_id"), _text("zone"), _text("state"), _text("actor", null=True), _int("changed_at"),
    PrimaryKeyConstraint("stocktake_id", "zone"), rowid=False,
)  # fmt: skip
zone_lines = _table(
    "zone_lines",
    _text("line_id", key=True), _text("stocktake_id"), _text("zone"), _text("product_id"), _text("location"),
    _int("counted"), _int("after"), _int("until"), _int("begins"), _int("ends"), _int("seen"),
    _text("device", null=True), _int("counter", null=True), _int("occurred_at"), _text("actor", null=True),
    _text("state"), rowid=False,
)  # fmt: skip
"""What was counted in a part of a place: nothing is posted of it before all parts are counted."""
Index("zone_lines_product", zone_lines.c.stocktake_id, zone_lines.c.product_id, zone_lines.c.location)
Index("zone_lines_device", zone_lines.c.device, zone_lines.c.counter)
stocktake_products = _table(
    "stocktake_products", _text("stocktake_id"), _text("product_id"),
    PrimaryKeyConstraint("stocktake_id", "product_id"), rowid=False,
)  # fmt: skip
"""What a cycle count is of; a stocktake without any is of everything."""

count_plan = _table(
    "count_plan", _text("product_id", key=True), _text("rank"), _int("value"), _int("made_at"), rowid=False,
)  # fmt: skip
"""How much of the sales a product is (A, B, C); one that is not here is C."""
store_days = _table("store_days", _int("position", key=True), _text("day"), _int("noted_at"))
"""Records above this position were written on that day of the store, up to the next one."""

stock_elsewhere = _table(
    "stock_elsewhere", _text("product_id", key=True), _text("told"), _int("asked_at"), rowid=False,
)  # fmt: skip
"""What head office said last of other sites' stock, as it said it: a copy for the time that the line is down."""
Index("stock_elsewhere_age", stock_elsewhere.c.asked_at)
plans = _table(
    "plans",
    _text("plan_id", key=True), _text("state"), _text("actions"), _text("done"), _text("actor"), _int("made_at"),
    _int("changed_at"), rowid=False,
)  # fmt: skip
"""What somebody wants to have done at once; `actions` and `done` are JSON lists, one entry per action."""
Index("plans_age", plans.c.made_at)
