"""What comes down the feed, applied: each change in the transaction that moves the cursor.

Rows carry versions, so applying one twice, or an older one late, changes nothing. A change
of a kind that this version does not know is kept with its bytes and tried again after an
upgrade; one that is malformed is kept too and raises a task, and the feed goes on.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

import orjson

from edge_agent.services import alerting, executing, people, proposing, tasks
from edge_agent.storage import catalogue, commands, identity, proposals, purchase_orders, transfers
from edge_agent.storage.purchase_orders import Order
from edge_agent.storage.savepoint import UNFIT, savepoint
from edge_agent.storage.transfers import Transfer
from sync_protocol import changes
from sync_protocol.errors import Malformed
from sync_protocol.records import Decoded, Fact, Item, Movement, Unknown, decode, encode


def apply_change(
    connection: sqlite3.Connection, record: Decoded, now_ms: int, *, clock_trusted: bool | None = None
) -> None:
    """Apply one feed record. Without a word about the clock, it is trusted when its offset is known."""
    change = _parsed(connection, record, now_ms)
    if change is None:
        return
    if isinstance(change, changes.Command):
        is_trusted = identity.clock_offset(connection) is not None if clock_trusted is None else clock_trusted
        executing.execute(connection, change, now_ms, is_trusted)
        return
    try:
        with savepoint(connection):
            _APPLIERS[type(change)](connection, change, now_ms)
    except UNFIT as error:
        _set_aside(connection, record, now_ms, repr(error))


def retry_unknown(connection: sqlite3.Connection, now_ms: int) -> int:
    """After an upgrade: apply what is understood by now; returns how many changes were."""
    done = 0
    for number, encoded in commands.unknown(connection):
        record = decode(encoded)
        try:
            is_known = isinstance(record, Fact) and changes.parse_change(record) is not None
        except Malformed:
            is_known = False
        if is_known:
            apply_change(connection, record, now_ms)
            commands.drop_unknown(connection, number)
            done += 1
    return done


def reapply_local_edits(connection: sqlite3.Connection, merged_up_to: int) -> int:
    """After a snapshot: what the store edited above the position that is merged into it."""
    proposals.forget(connection, merged_up_to)
    proposals.take_told(connection)
    return proposing.reapply(connection)


def merged(connection: sqlite3.Connection, mark: int, now_ms: int) -> None:
    """The hub has merged what this store edited up to here: its word holds now, heard before or after this."""
    if proposals.forget(connection, mark):
        for encoded in proposals.take_told(connection):
            apply_change(connection, decode(encoded), now_ms)


def staged_product(change: changes.Product) -> tuple[catalogue.Product, list[tuple[str, int]]]:
    """A product of a snapshot as the staging tables take it."""
    return product_row(change), [(barcode.code, barcode.pack_quantity) for barcode in change.barcodes]


def product_row(change: changes.Product) -> catalogue.Product:
    """The row of a product as it came."""
    return catalogue.Product(
        change.product_id, change.sku, change.name, change.category, change.unit, change.price, change.cost,
        change.currency, change.lifecycle, change.reorder_point, change.critical_level, change.negative_policy,
        orjson.dumps(change.metadata).decode() if change.metadata else "{}", *change.version,
    )  # fmt: skip


def _parsed(connection: sqlite3.Connection, record: Decoded, now_ms: int) -> changes.AnyChange | None:
    """The typed change; None when it was set aside instead."""
    if isinstance(record, Unknown):
        commands.keep_unknown(connection, record.kind, record.encoded, now_ms)
        return None
    if isinstance(record, Item | Movement):
        # A feed has none of these in this version.
        commands.keep_unknown(connection, "movement", encode(record), now_ms)
        return None
    try:
        change = changes.parse_change(record)
    except Malformed as error:
        _set_aside(connection, record, now_ms, error.detail)
        return None
    if change is None:
        commands.keep_unknown(connection, record.kind, encode(record), now_ms)
    return change


def _set_aside(connection: sqlite3.Connection, record: Decoded, now_ms: int, why: str) -> None:
    """Keep a change that cannot be applied and ask a person to look: the feed goes on."""
    assert isinstance(record, Fact)
    commands.keep_unknown(connection, record.kind, encode(record), now_ms)
    tasks.raise_task(connection, "malformed_change", None, now_ms, f"{record.kind}: {why}"[:500])


def _apply_product(connection: sqlite3.Connection, change: changes.Product, now_ms: int) -> None:
    known = catalogue.version_of(connection, change.product_id)
    if known is not None and known > change.version:
        return
    row, codes = staged_product(change)
    catalogue.save_product(connection, row)
    catalogue.replace_codes(connection, change.product_id, codes)
    # All of them: a code in this row may be one that the store has linked to another product.
    if proposing.reapply(connection):
        proposals.keep_told(connection, change.product_id, encode(changes.change(change)))
        row = catalogue.find_product(connection, change.product_id) or row
    alerting.reconsider(connection, row, now_ms)


def _apply_gone(connection: sqlite3.Connection, change: changes.ProductGone, _now_ms: int) -> None:
    known = catalogue.version_of(connection, change.product_id)
    if known is None or known > change.version:
        return
    proposals.drop_told(connection, change.product_id)
    catalogue.archive(connection, change.product_id, change.version)


def _apply_policy(connection: sqlite3.Connection, change: changes.Policy, _now_ms: int) -> None:
    catalogue.save_policy(connection, change.version, change.reorder_point, change.critical_level, change.settings)


def _apply_site(connection: sqlite3.Connection, change: changes.Site, _now_ms: int) -> None:
    catalogue.save_site(connection, catalogue.Site(change.site_id, change.code, change.name), change.version)


def _apply_notice(connection: sqlite3.Connection, change: changes.TransferNotice, now_ms: int) -> None:
    known = transfers.find(connection, change.transfer_id)
    if known is None:
        made = Transfer(change.transfer_id, change.from_site, change.to_site, change.step, now_ms, now_ms)
        transfers.save(connection, made)
    elif _RANK.get(change.step, 0) > _RANK.get(known.state, 0):
        transfers.save(connection, known._replace(state=change.step, changed_at=now_ms))
    for product_id, dispatched in change.lines:
        transfers.tell_line(connection, change.transfer_id, product_id, dispatched)


_RANK = {"dispatched": 1, "received": 2, "refused": 2, "closed_short": 3, "taken_back": 4}
"""A notice never takes a transfer back to an earlier step."""


def _apply_order(connection: sqlite3.Connection, change: changes.Order, _now_ms: int) -> None:
    known = purchase_orders.find(connection, change.order_id)
    before = (0, 0) if known is None else (known.epoch, known.version)
    if before > change.version:
        return
    if change.state not in _EXPECTING:
        purchase_orders.drop(connection, change.order_id)
        return
    order = Order(
        change.order_id, change.number, change.state, change.vendor, change.expected_on,
        _lines(known if before == change.version else None, change), *change.version,
    )  # fmt: skip
    purchase_orders.save(connection, order)


def _lines(known: Order | None, change: changes.Order) -> str:
    """As JSON; records of one version each bring some of an order's lines."""
    lines = {product: (product, ordered, came) for product, ordered, came in known.wanted} if known else {}
    lines |= {line[0]: line for line in change.lines}
    return orjson.dumps(list(lines.values())).decode()


_EXPECTING = frozenset(("sent", "acknowledged", "partly_received"))

_APPLIERS: dict[type, Callable[[sqlite3.Connection, Any, int], None]] = {
    changes.Product: _apply_product,
    changes.ProductGone: _apply_gone,
    changes.Policy: _apply_policy,
    changes.Site: _apply_site,
    changes.TransferNotice: _apply_notice,
    changes.Order: _apply_order,
    changes.Person: people.apply_person,
}
