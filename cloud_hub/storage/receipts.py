"""SQL of receipts: what came to a site, line by line, and what its order still lacked then."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import purchase_orders, receipt_lines, receipts, sites


class ReceiptLine(NamedTuple):
    """Units of one product (and lot), in thousandths; `damaged` ones went to hold."""

    product_id: str
    quantity: int
    damaged: int
    expected: int | None
    """What the order still lacked; 0: it was not ordered; None: there is no order."""
    location: str
    lot: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A delivery that somebody took in."""

    id: str
    site_id: str
    order_id: str | None
    order_number: str | None
    vendor_id: str | None
    document: str
    note: str
    actor: str
    received_at: int
    body_hash: bytes
    lines: tuple[ReceiptLine, ...]


class ReceiptFilter(NamedTuple):
    """Which receipts a list wants; None: all."""

    sites: list[str] | None
    order_id: str | None = None
    vendor_id: str | None = None


_RECEIPTS = receipts.c
_LINES = receipt_lines.c
_SITES = sa.bindparam("sites", type_=ARRAY(sa.Uuid))
_NAMES = (
    "site_id", "id", "key", "body_hash", "order_id", "vendor_id", "document", "note", "actor", "received_at",
)  # fmt: skip
_CLAIM = Query(
    insert(receipts)
    .values(given(receipts, *_NAMES))
    .on_conflict_do_nothing(index_elements=[_RECEIPTS.site_id, _RECEIPTS.key])
    .returning(_RECEIPTS.id)
)
_INSERT_LINE = Query(
    receipt_lines.insert().values(given(receipt_lines, "site_id", "receipt_id", "line", *ReceiptLine._fields))
)
_SELECT = sa.select(receipts, purchase_orders.c.number.label("order_number")).outerjoin_from(
    receipts,
    purchase_orders,
    sa.and_(purchase_orders.c.site_id == _RECEIPTS.site_id, purchase_orders.c.id == _RECEIPTS.order_id),
)
_FIND = Query(_SELECT.join(sites, sites.c.id == _RECEIPTS.site_id).where(_RECEIPTS.id == bound(_RECEIPTS.id)))
"""By site, as every key of a large table begins with it."""
_BY_KEY = Query(_SELECT.where(_RECEIPTS.site_id == bound(_RECEIPTS.site_id), _RECEIPTS.key == bound(_RECEIPTS.key)))
_LIST = Query(
    newest_first(
        _SELECT.where(of_sites(_RECEIPTS.site_id), equals(_RECEIPTS.order_id, _RECEIPTS.vendor_id)),
        _RECEIPTS.received_at,
        _RECEIPTS.id,
    )
)
_COUNT = Query(
    sa.select(sa.func.count()).where(
        _LINES.site_id == bound(_LINES.site_id), _LINES.receipt_id == bound(_LINES.receipt_id)
    )
)
_LINES_OF = Query(
    sa.select(receipt_lines)
    .where(_LINES.site_id == sa.any_(_SITES), _LINES.receipt_id == sa.any_(bound_array(_LINES.receipt_id, "receipts")))
    .order_by(_LINES.receipt_id, _LINES.line)
)


async def claim(connection: Connection, fields: Mapping[str, Any]) -> bool:
    """Add a receipt without lines; False when its key has made one at the site (which is committed by now)."""
    return await _CLAIM.fetchval(connection, **fields) is not None


async def insert_lines(
    connection: Connection, site_id: str, receipt_id: str, lines: Sequence[ReceiptLine], *, first: int = 0
) -> None:
    await _INSERT_LINE.each(
        connection,
        [
            {"site_id": site_id, "receipt_id": receipt_id, "line": number, **line._asdict()}
            for number, line in enumerate(lines, first)
        ],
    )


async def add_lines(connection: Connection, site_id: str, receipt_id: str, lines: Sequence[ReceiptLine]) -> None:
    """Lines behind those that are there."""
    known: int = await _COUNT.fetchval(connection, site_id=site_id, receipt_id=receipt_id)
    await insert_lines(connection, site_id, receipt_id, lines, first=known)


async def find(connection: Connection, receipt_id: str) -> Receipt | None:
    row = await _FIND.fetchrow(connection, id=receipt_id)
    return None if row is None else (await _made(connection, [row]))[0]


async def find_by_key(connection: Connection, site_id: str, key: str) -> Receipt | None:
    row = await _BY_KEY.fetchrow(connection, site_id=site_id, key=key)
    return None if row is None else (await _made(connection, [row]))[0]


async def list_newest(
    connection: Connection, wanted: ReceiptFilter, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Receipt]:
    """Receipts, newest first."""
    return await _made(connection, await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit)))


async def _made(connection: Connection, rows: Sequence[Row]) -> list[Receipt]:
    lines: dict[Any, list[ReceiptLine]] = defaultdict(list)
    where = {"sites": list({row["site_id"] for row in rows}), "receipts": [row["id"] for row in rows]}
    for row in await _LINES_OF.fetch(connection, **where) if rows else ():
        lines[row["receipt_id"]].append(
            ReceiptLine(
                str(row["product_id"]), row["quantity"], row["damaged"], row["expected"], row["location"], row["lot"]
            )
        )
    return [
        Receipt(
            id=str(row["id"]),
            site_id=str(row["site_id"]),
            order_id=_text(row["order_id"]),
            vendor_id=_text(row["vendor_id"]),
            **{name: row[name] for name in ("order_number", "document", "note", "actor", "received_at", "body_hash")},
            lines=tuple(lines[row["id"]]),
        )
        for row in rows
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
