"""SQL of transfers: both ends, how far they are, and what was asked for, shipped and received.

A row comes from head office (a draft) or from whichever ledger tells of the transfer first.
The goods are folded per ledger, in the transaction that accepts their movements.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.transfers import RANK, Goods, Line, Step
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import equals, newest_first, of_sites, page
from cloud_hub.storage.schema import sites, transfer_goods, transfer_lines, transfers
from sync_protocol import facts

_TRANSFERS, _LINES, _GOODS = transfers.c, transfer_lines.c, transfer_goods.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Goods on their way from one site to another, about to leave, or arrived."""

    id: str
    from_site: str
    to_site: str
    step: str
    is_dispatched: bool
    is_open: bool
    note: str
    reason: str
    fault: str | None
    created_by: str | None
    command_id: str | None
    created_at: int
    updated_at: int
    lines: tuple[Line, ...]

    @property
    def in_transit(self) -> list[tuple[str, int]]:
        """By product, what is still on the way."""
        return [(line.product_id, line.in_transit) for line in self.lines]


class TransferFilter(NamedTuple):
    """Which transfers a list wants; None: all. `sites` are of either end."""

    sites: list[str] | None
    from_site: str | None = None
    to_site: str | None = None
    step: str | None = None
    is_open: bool | None = None


def _in_transit() -> sa.ColumnElement[int]:
    return sa.func.sum(_GOODS.entered - _GOODS.taken - _GOODS.lost)


_SITES = bound_array(sites.c.id, "sites")
_ID = _TRANSFERS.transfer_id == bound(_TRANSFERS.transfer_id)
_ONE = sa.select(transfers).join(sites, sites.c.id == _TRANSFERS.from_site).where(_ID)
"""By site, as every key of a large table begins with it."""
_FIND = Query(_ONE)
_LOCK = Query(_ONE.with_for_update(of=transfers))
_LIST = Query(
    newest_first(
        sa.select(transfers).where(
            of_sites(_TRANSFERS.from_site, _TRANSFERS.to_site),
            equals(_TRANSFERS.from_site, _TRANSFERS.to_site, _TRANSFERS.step, _TRANSFERS.is_open),
        ),
        _TRANSFERS.created_at,
        _TRANSFERS.transfer_id,
    )
)
_OF_TRANSFERS = bound_array(_TRANSFERS.transfer_id, "ids")
_LINES_OF = Query(
    sa.select(transfer_lines).where(_LINES.from_site == sa.any_(_SITES), _LINES.transfer_id == sa.any_(_OF_TRANSFERS))
)
_GOODS_OF = Query(
    sa.select(transfer_goods).where(_GOODS.site_id == sa.any_(_SITES), _GOODS.transfer_id == sa.any_(_OF_TRANSFERS))
)
_DRAFT_NAMES = (
    "from_site", "transfer_id", "to_site", "step", "is_dispatched", "note", "created_by", "created_at", "updated_at",
)  # fmt: skip
_INSERT = Query(transfers.insert().values(given(transfers, *_DRAFT_NAMES)))
_INSERT_LINE = Query(
    transfer_lines.insert().values(given(transfer_lines, "from_site", "transfer_id", "product_id", "requested"))
)
_rank = sa.case(*((sa.literal_column(f"'{step}'"), rank) for step, rank in RANK.items()), value=_TRANSFERS.step)
_told = insert(transfers).values(
    given(
        transfers, "from_site", "transfer_id", "to_site", "step", "is_dispatched", "reason", "fault", "created_at",
        "updated_at",
    )
)  # fmt: skip
_TELL = Query(
    _told.on_conflict_do_update(
        index_elements=[_TRANSFERS.from_site, _TRANSFERS.transfer_id],
        set_={
            # A receipt may be seen before its dispatch: the later step stays.
            "step": sa.case(
                (sa.bindparam("rank", type_=sa.BigInteger) >= _rank, _told.excluded.step), else_=_TRANSFERS.step
            ),
            "is_dispatched": sa.or_(_TRANSFERS.is_dispatched, _told.excluded.is_dispatched),
            "reason": sa.func.coalesce(sa.func.nullif(_told.excluded.reason, ""), _TRANSFERS.reason),
            "fault": sa.func.coalesce(_told.excluded.fault, _TRANSFERS.fault),
            "updated_at": _told.excluded.updated_at,
        },
    )
)
_EXPLAIN = Query(
    transfers.update()
    .where(_TRANSFERS.from_site == bound(_TRANSFERS.from_site), _ID)
    .values(given(transfers, "step", "command_id", "is_open", "updated_at"))
)
_more = insert(transfer_goods).values(given(transfer_goods, "site_id", "transfer_id", "product_id", *Goods._fields))
_ADD_GOODS = Query(
    _more.on_conflict_do_update(
        index_elements=[_GOODS.site_id, _GOODS.transfer_id, _GOODS.product_id],
        set_={name: _GOODS[name] + _more.excluded[name] for name in Goods._fields},
    )
)
_SETTLE = Query(
    transfers.update()
    .where(
        _TRANSFERS.transfer_id == sa.any_(_OF_TRANSFERS),
        _TRANSFERS.from_site.in_(sa.select(sites.c.id)),
    )
    .values(
        is_open=sa.or_(
            sa.not_(_TRANSFERS.is_dispatched),
            sa.exists(
                sa.select(sa.literal_column("1"))
                .where(
                    _GOODS.site_id.in_((_TRANSFERS.from_site, _TRANSFERS.to_site)),
                    _GOODS.transfer_id == _TRANSFERS.transfer_id,
                )
                .group_by(_GOODS.product_id)
                .having(_in_transit() != 0)
                .correlate(transfers)
            ),
        )
    )
    .returning(transfers)
)
_COMING = Query(
    sa.select(_TRANSFERS.to_site, _GOODS.product_id, _in_transit().cast(sa.BigInteger).label("quantity"))
    .join_from(
        transfers,
        transfer_goods,
        sa.and_(
            _GOODS.site_id.in_((_TRANSFERS.from_site, _TRANSFERS.to_site)),
            _GOODS.transfer_id == _TRANSFERS.transfer_id,
        ),
    )
    .where(
        _TRANSFERS.is_open,
        _TRANSFERS.to_site == sa.any_(_SITES),
        _GOODS.product_id == sa.any_(bound_array(_GOODS.product_id, "products")),
    )
    .group_by(_TRANSFERS.to_site, _GOODS.product_id)
)


async def find(connection: Connection, transfer_id: str) -> Transfer | None:
    return await _one(connection, await _FIND.fetchrow(connection, transfer_id=transfer_id))


async def lock(connection: Connection, transfer_id: str) -> Transfer | None:
    """The transfer, which nobody else changes until this transaction ends."""
    return await _one(connection, await _LOCK.fetchrow(connection, transfer_id=transfer_id))


async def list_newest(
    connection: Connection, wanted: TransferFilter, before: tuple[int, str] | None, skip: int, limit: int
) -> list[Transfer]:
    """Transfers, newest first."""
    return await _made(connection, await _LIST.fetch(connection, **wanted._asdict(), **page(before, skip, limit)))


async def insert_draft(
    connection: Connection, fields: Mapping[str, Any], lines: Iterable[tuple[str, int]], now_ms: int
) -> None:
    """What head office asks for; nothing has moved yet."""
    await _INSERT.execute(
        connection, **fields, step=str(Step.DRAFT), is_dispatched=False, created_at=now_ms, updated_at=now_ms
    )
    where = {"from_site": fields["from_site"], "transfer_id": fields["transfer_id"]}
    await _INSERT_LINE.each(
        connection, [{**where, "product_id": product, "requested": quantity} for product, quantity in lines]
    )


async def update(connection: Connection, known: Transfer, now_ms: int, **fields: Any) -> None:
    """Change what head office says of a locked transfer."""
    names = ("step", "command_id", "is_open")
    values = {name: fields.get(name, getattr(known, name)) for name in names}
    await _EXPLAIN.execute(connection, from_site=known.from_site, transfer_id=known.id, updated_at=now_ms, **values)


async def tell(connection: Connection, told: facts.Transfer, now_ms: int) -> None:
    """A ledger told of a step."""
    await _TELL.execute(
        connection, transfer_id=told.transfer_id, from_site=told.from_site, to_site=told.to_site, step=told.step,
        is_dispatched=Step(told.step) is Step.DISPATCHED, reason=told.reason or "", fault=told.fault, created_at=now_ms,
        updated_at=now_ms, rank=RANK[Step(told.step)],
    )  # fmt: skip


async def add_goods(connection: Connection, site_id: UUID, goods: Mapping[tuple[str, str], Goods]) -> None:
    """Add what a ledger moved, by (transfer, product)."""
    await _ADD_GOODS.each(
        connection,
        [
            {"site_id": site_id, "transfer_id": transfer_id, "product_id": product_id, **more._asdict()}
            for (transfer_id, product_id), more in sorted(goods.items())
        ],
    )


async def settle(connection: Connection, transfer_ids: Iterable[str]) -> list[Transfer]:
    """Judge anew which of these are still open; those that are known, with their lines."""
    return await _made(connection, await _SETTLE.fetch(connection, ids=sorted(set(transfer_ids))))


async def list_coming(
    connection: Connection, site_ids: Sequence[str], product_ids: Sequence[str]
) -> dict[tuple[str, str], int]:
    """What is in transit to sites, by (site, product)."""
    rows = await _COMING.fetch(connection, sites=site_ids, products=product_ids)
    return {(str(row["to_site"]), str(row["product_id"])): row["quantity"] for row in rows}


async def _one(connection: Connection, row: Row | None) -> Transfer | None:
    return None if row is None else (await _made(connection, [row]))[0]


async def _made(connection: Connection, rows: Sequence[Row]) -> list[Transfer]:
    if not rows:
        return []
    where = {"sites": list({row[end] for row in rows for end in ("from_site", "to_site")}),
             "ids": [row["transfer_id"] for row in rows]}  # fmt: skip
    requested: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in await _LINES_OF.fetch(connection, **where):
        requested[row["transfer_id"]][row["product_id"]] = row["requested"]
    told: dict[tuple[UUID, UUID], dict[UUID, Goods]] = defaultdict(dict)
    for row in await _GOODS_OF.fetch(connection, **where):
        told[row["transfer_id"], row["site_id"]][row["product_id"]] = Goods(row["entered"], row["taken"], row["lost"])
    return [
        _transfer(row, requested[row["transfer_id"]], told[row["transfer_id"], row["from_site"]],
                  told[row["transfer_id"], row["to_site"]])
        for row in rows
    ]  # fmt: skip


def _transfer(
    row: Row, requested: Mapping[UUID, int], source: Mapping[UUID, Goods], target: Mapping[UUID, Goods]
) -> Transfer:
    nothing = Goods()
    lines = []
    for product in sorted({*requested, *source, *target}):
        sent, came = source.get(product, nothing), target.get(product, nothing)
        lines.append(
            Line(str(product), requested.get(product, 0), sent.entered, sent.taken, came.taken, sent.lost + came.lost)
        )
    names = ("step", "is_dispatched", "is_open", "note", "reason", "fault", "created_by", "created_at", "updated_at")
    return Transfer(
        id=str(row["transfer_id"]), from_site=str(row["from_site"]), to_site=str(row["to_site"]),
        command_id=None if row["command_id"] is None else str(row["command_id"]), lines=tuple(lines),
        **{name: row[name] for name in names},
    )  # fmt: skip
