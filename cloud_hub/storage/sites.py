"""SQL of sites: the places that hold stock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloud_hub.errors import NotFound
from cloud_hub.storage.database import Connection, Query, Row, bound_array
from cloud_hub.storage.schema import sites
from cloud_hub.storage.versions import Versioned

_FIELDS = ("code", "name", "reorder_point", "critical_level", "timezone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Versioned):
    """A store with a box ('edge'), or a place whose ledger the hub writes ('hub')."""

    id: str
    code: str
    name: str
    kind: str
    is_default: bool
    timezone: str
    reorder_point: int | None
    """None: what is wider holds; the same for the critical level."""
    critical_level: int | None
    version: tuple[int, int]
    created_at_ms: int


_ID = sa.bindparam("id", type_=sa.Uuid)
_LIVE = sites.c.archived_at.is_(None)
_FIND = Query(sa.select(sites).where(sites.c.id == _ID, _LIVE))
_FIND_ALL = Query(sa.select(sites).where(sites.c.id == sa.any_(bound_array(sites.c.id, "ids")), _LIVE))
_LOCK = Query(sa.select(sites).where(sites.c.id == _ID, _LIVE).with_for_update())
_DEFAULT = Query(sa.select(sites).where(_LIVE).order_by(sites.c.is_default.desc(), sites.c.created_at).limit(2))
_LIST = Query(sa.select(sites).where(_LIVE).order_by(sites.c.code))
_COUNT_OF = Query(
    sa.select(sa.func.count())
    .select_from(sites)
    .where(sites.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))))
)
_zones = sa.table("pg_timezone_names", sa.column("name", sa.Text))
_ZONE = Query(sa.select(sa.exists().where(_zones.c.name == sa.bindparam("name", type_=sa.Text))))
_INSERT = Query(
    sites.insert()
    .values(
        {
            name: sa.bindparam(name, type_=sites.c[name].type)
            for name in ("id", "code", "name", "kind", "timezone", "version_epoch", "version", "created_at")
        }
        | {"is_default": ~sa.exists(sa.select(sites.c.id).where(sites.c.is_default))}
    )
    .returning(sites)
)
_UPDATE = Query(
    sites.update()
    .where(sites.c.id == _ID)
    .values(
        {name: sa.bindparam(name, type_=sites.c[name].type) for name in _FIELDS}
        | {"version_epoch": sa.bindparam("epoch", type_=sa.BigInteger), "version": sites.c.version + 1}
    )
    .returning(sites)
)


async def knows_timezone(connection: Connection, name: str) -> bool:
    """Whether the database has this zone too, which counts the site's days."""
    return bool(await _ZONE.fetchval(connection, name=name))


async def find(connection: Connection, site_id: str) -> Site | None:
    row = await _FIND.fetchrow(connection, id=site_id)
    return None if row is None else _made(row)


async def find_all(connection: Connection, site_ids: Sequence[str]) -> dict[str, Site]:
    """Those of these sites that there are, by id."""
    return {site.id: site for site in map(_made, await _FIND_ALL.fetch(connection, ids=site_ids))}


async def lock(connection: Connection, site_id: str) -> Site | None:
    row = await _LOCK.fetchrow(connection, id=site_id)
    return None if row is None else _made(row)


async def find_default(connection: Connection) -> Site | None:
    """Where a write without a site goes."""
    row = await _DEFAULT.fetchrow(connection)
    return None if row is None else _made(row)


async def list_by_code(connection: Connection) -> list[Site]:
    return [_made(row) for row in await _LIST.fetch(connection)]


async def require_all(connection: Connection, site_ids: Collection[str]) -> None:
    """Raises NotFound unless all of them exist."""
    wanted = sorted(set(site_ids))
    if wanted and await _COUNT_OF.fetchval(connection, ids=wanted) != len(wanted):
        raise NotFound("site", "expected ids of sites that exist")


async def insert(connection: Connection, site_id: str, fields: Mapping[str, Any], epoch: int, now_ms: int) -> Site:
    """Raises asyncpg.UniqueViolationError for a code that is taken."""
    row = await _INSERT.fetchrow(connection, id=site_id, version_epoch=epoch, version=1, created_at=now_ms, **fields)
    assert row is not None
    return _made(row)


async def update(connection: Connection, known: Site, fields: Mapping[str, Any], epoch: int) -> Site:
    """Change the given fields of a locked site and give it the next version."""
    values = {name: fields.get(name, getattr(known, name)) for name in _FIELDS}
    row = await _UPDATE.fetchrow(connection, id=known.id, epoch=epoch, **values)
    assert row is not None
    return _made(row)


def _made(row: Row) -> Site:
    return Site(
        id=str(row["id"]),
        code=row["code"],
        name=row["name"],
        kind=row["kind"],
        is_default=row["is_default"],
        timezone=row["timezone"],
        reorder_point=row["reorder_point"],
        critical_level=row["critical_level"],
        version=(row["version_epoch"], row["version"]),
        created_at_ms=row["created_at"],
    )
