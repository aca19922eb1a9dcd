"""SQL that compares the rollups with the ledgers, as far as these are counted: each query lists what is wrong."""

import sqlalchemy as sa

from cloud_hub.storage import folding
from cloud_hub.storage.database import Connection, Query, Row
from cloud_hub.storage.schema import movements, rollup_cursors, rollup_late

_MOST = 50
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_counted = movements.join(
    rollup_cursors,
    sa.and_(
        rollup_cursors.c.site_id == movements.c.site_id, rollup_cursors.c.origin_id == movements.c.origin_id,
        movements.c.sequence <= rollup_cursors.c.position,
    ),
)  # fmt: skip
_is_late = (
    sa.select(rollup_late.c.sequence)
    .where(
        rollup_late.c.site_id == movements.c.site_id, rollup_late.c.origin_id == movements.c.origin_id,
        rollup_late.c.sequence == movements.c.sequence,
    )
    .exists()
)  # fmt: skip


def _wrong(table: sa.Table, source: sa.Select[object]) -> Query:
    """Rows whose measures are not what the ledger adds up to, on either side."""
    folded, keys = source.subquery("folded"), folding.keys(table)
    same = sa.and_(*(table.c[name] == folded.c[name] for name in keys))
    of = sa.func.concat_ws(
        sa.literal_column("', '"), *(sa.func.coalesce(sa.cast(table.c[name], sa.Text), sa.cast(folded.c[name], sa.Text))
                                     for name in keys)
    )  # fmt: skip
    counted = [sa.func.coalesce(table.c[name], _ZERO) for name in folding.MEASURES]
    told = [sa.func.coalesce(folded.c[name], _ZERO) for name in folding.MEASURES]
    return Query(
        sa.select(
            of.label("of"), sa.func.concat_ws(sa.literal_column("' '"), *counted).label("counted"),
            sa.func.concat_ws(sa.literal_column("' '"), *told).label("folded"),
        )
        .select_from(table.outerjoin(folded, same, full=True))
        .where(sa.or_(*(mine != its for mine, its in zip(counted, told, strict=True))))
        .limit(_MOST)
    )  # fmt: skip


_CHECKS = {
    table.name: _wrong(table, source) for table, source in folding.cells(folding.rows(_counted, ~_is_late)).items()
}


async def wrong_rollups(connection: Connection) -> list[tuple[str, Row]]:
    """Rows of rollups that are not what their movements add up to, with their tables."""
    return [(name, row) for name, query in _CHECKS.items() for row in await query.fetch(connection)]
