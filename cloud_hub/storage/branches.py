"""SQL of branches: the signed records of fenced boxes, kept without effect until adopted."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, copy_rows, given
from cloud_hub.storage.schema import branch_batches, branch_records, branches, facts, movements


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """What grew on an origin after the last position that both ends agree on."""

    site_id: UUID
    branch_id: UUID
    origin_id: UUID
    device_id: UUID
    verdict: str
    fork_position: int
    fork_hash: bytes
    head: int
    head_hash: bytes
    lease: str | None
    state: str


_FIELDS = tuple(Branch.__dataclass_fields__)
_COLUMNS = [branches.c[name] for name in _FIELDS]
_ID = (branches.c.site_id == bound(branches.c.site_id), branches.c.branch_id == bound(branches.c.branch_id))
_SAME = Query(
    sa.select(*_COLUMNS)
    .where(
        branches.c.origin_id == bound(branches.c.origin_id), branches.c.device_id == bound(branches.c.device_id),
        branches.c.fork_position == bound(branches.c.fork_position), branches.c.state != "adopted",
    )
    .order_by(branches.c.created_at.desc())
    .limit(1)
)  # fmt: skip
_BY_LEASE = Query(
    sa.select(*_COLUMNS)
    .where(branches.c.origin_id == bound(branches.c.origin_id), branches.c.lease == bound(branches.c.lease))
    .with_for_update()
)
_BY_ID = Query(sa.select(*_COLUMNS).where(branches.c.branch_id == bound(branches.c.branch_id)).with_for_update())
_INSERT = Query(
    insert(branches).values({**given(branches, *_FIELDS, "created_at"), "updated_at": bound(branches.c.created_at)})
)
_LEASE = Query(branches.update().where(*_ID).values(given(branches, "lease", "head", "head_hash", "updated_at")))
_HEAD = Query(branches.update().where(*_ID).values(given(branches, "head", "head_hash", "updated_at")))
_STATE = Query(branches.update().where(*_ID).values(given(branches, "state", "decided_by", "updated_at")))
_RECORDS = Query(
    sa.select(branch_records)
    .where(
        branch_records.c.site_id == bound(branch_records.c.site_id),
        branch_records.c.branch_id == bound(branch_records.c.branch_id),
    )
    .order_by(branch_records.c.position)
)
_LINES = Query(
    sa.select(branch_records.c.position, branch_records.c.encoded, branch_records.c.chain_hash)
    .join(
        branches,
        sa.and_(branches.c.site_id == branch_records.c.site_id, branches.c.branch_id == branch_records.c.branch_id),
    )
    .where(branches.c.site_id == bound(branches.c.site_id), branches.c.origin_id == bound(branches.c.origin_id))
    .order_by(branch_records.c.position)
)
_ON_RECORD = Query(
    sa.select(branch_records.c.chain_hash, branch_records.c.position, branch_records.c.branch_id).where(
        branch_records.c.site_id == bound(branch_records.c.site_id),
        branch_records.c.chain_hash == sa.any_(sa.bindparam("hashes", type_=sa.ARRAY(sa.LargeBinary))),
    )
)
_ASKED = Query(
    branch_records.update()
    .where(
        branch_records.c.site_id == bound(branch_records.c.site_id),
        branch_records.c.chain_hash == bound(branch_records.c.chain_hash),
    )
    .values(given(branch_records, "state", "command_id"))
)
_OUTCOME = Query(
    branch_records.update()
    .where(
        branch_records.c.site_id == bound(branch_records.c.site_id),
        branch_records.c.chain_hash == bound(branch_records.c.chain_hash),
    )
    .values(given(branch_records, "state", "detail"))
)
_OF_SITE = branches.c.site_id == bound(branches.c.site_id)
_ADOPTING = Query(sa.select(sa.exists().where(_OF_SITE, branches.c.state == "adopting")))
_SETTLED = Query(
    branch_records.update()
    .where(
        branch_records.c.site_id == bound(branch_records.c.site_id),
        branch_records.c.command_id == sa.any_(bound_array(branch_records.c.command_id, "ids")),
        branch_records.c.state == "asked",
    )
    .values(state="adopted")
)
_ADOPTED = Query(
    branches.update()
    .where(
        _OF_SITE,
        branches.c.state == "adopting",
        ~sa.exists().where(
            branch_records.c.site_id == branches.c.site_id,
            branch_records.c.branch_id == branches.c.branch_id,
            branch_records.c.state == "asked",
        ),
    )
    .values(state="adopted", **given(branches, "updated_at"))
)
_ADOPTED_NAMES = Query(
    # Reads what the site has, without an index: asked at a take-over and for a branch, a few times in a hub's life.
    # A box may write any text there; what has not a hash's length is the name of no record.
    sa.union_all(
        sa.select(movements.c.adopted).where(
            movements.c.site_id == bound(movements.c.site_id), sa.func.length(movements.c.adopted) == 64
        ),
        sa.select(facts.c.body["adopted"].astext).where(
            facts.c.site_id == bound(facts.c.site_id), facts.c.kind == "adoption",
            sa.func.length(facts.c.body["adopted"].astext) == 64,
        ),
    )
)  # fmt: skip
_RECORD_COLUMNS = ("site_id", "chain_hash", "branch_id", "position", "encoded")


async def find_same(connection: Connection, origin_id: object, device_id: object, fork_position: int) -> Branch | None:
    """The branch that this fenced box has begun to hand in."""
    row = await _SAME.fetchrow(connection, origin_id=origin_id, device_id=device_id, fork_position=fork_position)
    return _made(row)


async def lock_by_lease(connection: Connection, origin_id: object, lease: str) -> Branch | None:
    """The branch that a salvage lease writes to, locked."""
    return _made(await _BY_LEASE.fetchrow(connection, origin_id=origin_id, lease=lease))


async def on_record(connection: Connection, site_id: object, hashes: list[bytes]) -> dict[bytes, tuple[int, UUID]]:
    """Of records with these chain hashes, those that lie on a branch: position and branch."""
    rows = await _ON_RECORD.fetch(connection, site_id=site_id, hashes=hashes)
    return {bytes(row["chain_hash"]): (row["position"], row["branch_id"]) for row in rows}


async def lock_by_id(connection: Connection, branch_id: object) -> Branch | None:
    """One branch, locked."""
    return _made(await _BY_ID.fetchrow(connection, branch_id=branch_id))


async def insert_branch(connection: Connection, **values: Any) -> None:
    """Begin a branch."""
    await _INSERT.execute(connection, **values)


async def save_lease(
    connection: Connection, branch: Branch, lease: str, head: int, head_hash: bytes, now_ms: int
) -> None:
    """A new salvage lease goes on from this record of the branch, or from its fork; records are unique by hash."""
    await _LEASE.execute(
        connection, site_id=branch.site_id, branch_id=branch.branch_id, lease=lease, head=head, head_hash=head_hash,
        updated_at=now_ms,
    )  # fmt: skip


async def append(
    connection: Connection,
    branch: Branch,
    first: int,
    encoded: list[bytes],
    hashes: list[bytes],
    sealed: bytes,
    now_ms: int,
) -> None:
    """Store accepted records of a locked branch and move its head."""
    known = await on_record(connection, branch.site_id, hashes)
    rows = [
        (branch.site_id, chain_hash, branch.branch_id, first + i, encoded[i])
        for i, chain_hash in enumerate(hashes)
        if chain_hash not in known
    ]
    await copy_rows(connection, branch_records, _RECORD_COLUMNS, rows)
    head = first + len(hashes) - 1
    if rows:
        names = ("site_id", "branch_id", "last_hash", "sealed")
        await copy_rows(connection, branch_batches, names, [(branch.site_id, branch.branch_id, hashes[-1], sealed)])
    await _HEAD.execute(
        connection,
        site_id=branch.site_id,
        branch_id=branch.branch_id,
        head=head,
        head_hash=hashes[-1],
        updated_at=now_ms,
    )


async def list_records(connection: Connection, branch: Branch) -> list[Row]:
    """The records of a branch, in order."""
    return await _RECORDS.fetch(connection, site_id=branch.site_id, branch_id=branch.branch_id)


async def list_lines(connection: Connection, branch: Branch) -> list[tuple[int, bytes, bytes]]:
    """(position, encoded, chain hash) of all that lies on branches of this one's origin, by position."""
    rows = await _LINES.fetch(connection, site_id=branch.site_id, origin_id=branch.origin_id)
    return [(row["position"], bytes(row["encoded"]), bytes(row["chain_hash"])) for row in rows]


async def list_adopted(connection: Connection, site_id: object) -> set[str]:
    """The chain hashes of all branch records that the site's ledger says to have adopted, with whatever effect."""
    return {row[0] for row in await _ADOPTED_NAMES.fetch(connection, site_id=site_id)}


async def save_state(connection: Connection, branch: Branch, state: str, by: str, now_ms: int) -> None:
    """Stored, awaiting approval, adopting or adopted."""
    await _STATE.execute(
        connection, site_id=branch.site_id, branch_id=branch.branch_id, state=state, decided_by=by, updated_at=now_ms
    )


async def save_asked(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Which command adopts which record."""
    await _ASKED.each(connection, rows)


async def settle(connection: Connection, site_id: UUID, command_ids: list[str], now_ms: int) -> None:
    """Adoptions have got their outcome; a branch whose last one that was is adopted."""
    if await _ADOPTING.fetchval(connection, site_id=site_id):
        await _SETTLED.execute(connection, site_id=site_id, ids=command_ids)
        await _ADOPTED.execute(connection, site_id=site_id, updated_at=now_ms)


async def save_outcomes(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """What the site's writer did with adopted records."""
    await _OUTCOME.each(connection, rows)


def _made(row: Row | None) -> Branch | None:
    if row is None:
        return None
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return Branch(**values)
