"""SQL of what holds where nothing narrower is said: the chain's defaults, and what boxes are told.

A box gets one policy: its site's thresholds (else the chain's), the chain's settings under
the site's own, what alert settings say to boxes, its time zone, and the thresholds of categories. All of
them share one number that only grows, taken before the change is appended, so that a box
never keeps an older one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.domain.alert_settings import BOXES_OBEY, CHAIN, of_site
from cloud_hub.domain.store_rules import merged
from cloud_hub.errors import Conflict
from cloud_hub.storage import alert_settings
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import optional
from cloud_hub.storage.schema import EVERYWHERE, categories, counters, policies, sites
from cloud_hub.storage.versions import EPOCH, Versioned
from sync_protocol import changes as wire
from sync_protocol.errors import TooLarge
from sync_protocol.records import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults(Versioned):
    """The chain's thresholds; None: none."""

    reorder_point: int | None = None
    critical_level: int | None = None
    version: tuple[int, int] = (0, 0)


_OF_SITES = bound_array(sites.c.id, "ids")
_CHAIN = policies.c.site_id == sa.literal_column(f"'{EVERYWHERE}'::uuid")
_FIND = Query(sa.select(policies).where(_CHAIN))
_given = insert(policies).values(
    given(policies, "site_id", "reorder_point", "critical_level")
    | {"version_epoch": EPOCH, "version": sa.literal_column("1")}
)
_SAVE = Query(
    _given.on_conflict_do_update(
        index_elements=[policies.c.site_id],
        set_={
            "reorder_point": _given.excluded.reorder_point,
            "critical_level": _given.excluded.critical_level,
            "version_epoch": _given.excluded.version_epoch,
            "version": policies.c.version + 1,
        },
    )
)
_CHAIN_SETTINGS = Query(sa.select(policies.c.settings).where(_CHAIN))
_SITE_SETTINGS = Query(sa.select(sites.c.settings).where(sites.c.id == bound(sites.c.id, "of")))
_told_settings = insert(policies).values(
    given(policies, "site_id", "settings") | {"version_epoch": EPOCH, "version": sa.literal_column("1")}
)
_SAVE_CHAIN_SETTINGS = Query(
    _told_settings.on_conflict_do_update(
        index_elements=[policies.c.site_id], set_={"settings": _told_settings.excluded.settings}
    )
)
_SAVE_SITE_SETTINGS = Query(
    sites.update().where(sites.c.id == bound(sites.c.id, "of")).values(given(sites, "settings"))
)
_LOCK = Query(sa.select(counters.c.value).where(counters.c.name == "policies").with_for_update())
_NUMBER = sa.select(counters.c.value).where(counters.c.name == "policies").scalar_subquery()
_NEXT = Query(counters.update().where(counters.c.name == "policies").values(value=counters.c.value + 1))
_SITES = Query(
    sa.select(
        sites.c.id, sites.c.reorder_point, sites.c.critical_level, sites.c.settings, sites.c.timezone,
        EPOCH.label("epoch"), _NUMBER.label("number"),
    )
    .where(sites.c.archived_at.is_(None), optional(_OF_SITES, sites.c.id == sa.any_(_OF_SITES)))
    .order_by(sites.c.id)
)  # fmt: skip
_CATEGORIES = Query(
    sa.select(categories.c.name, categories.c.reorder_point, categories.c.critical_level)
    .where(sa.or_(categories.c.reorder_point.is_not(None), categories.c.critical_level.is_not(None)))
    .order_by(categories.c.name)
)


async def find_settings(connection: Connection, site_id: str | None) -> dict[str, Any]:
    """What the chain (None) or a site says beside thresholds, as its boxes are told."""
    query, named = (_CHAIN_SETTINGS, {}) if site_id is None else (_SITE_SETTINGS, {"of": site_id})
    return await query.fetchval(connection, **named) or {}


async def save_settings(connection: Connection, site_id: str | None, settings: dict[str, Any]) -> None:
    """Replace them; whoever calls tells the boxes."""
    if site_id is None:
        await _SAVE_CHAIN_SETTINGS.execute(connection, site_id=EVERYWHERE, settings=settings)
    else:
        await _SAVE_SITE_SETTINGS.execute(connection, of=site_id, settings=settings)


async def find_defaults(connection: Connection) -> Defaults:
    """The chain's."""
    row = await _FIND.fetchrow(connection)
    if row is None:
        return Defaults()
    return Defaults(
        reorder_point=row["reorder_point"], critical_level=row["critical_level"],
        version=(row["version_epoch"], row["version"]),
    )  # fmt: skip


async def lock(connection: Connection) -> None:
    """Policies change one at a time."""
    await _LOCK.fetchval(connection)


async def save_defaults(connection: Connection, reorder_point: int | None, critical_level: int | None) -> None:
    """Change the chain's."""
    await _SAVE.execute(connection, site_id=EVERYWHERE, reorder_point=reorder_point, critical_level=critical_level)


async def next_told(connection: Connection, site_ids: Sequence[str] | None = None) -> list[Change]:
    """What to append for these sites (None: all), under the next number. Raises Conflict when it is too much."""
    await _NEXT.execute(connection)
    told = [(site_id, wire.change(policy)) for site_id, policy in await list_told(connection, site_ids)]
    try:
        for _, fact in told:
            encode(fact)
    except TooLarge as error:
        detail = f"expected fewer categories with thresholds of their own: a box cannot be told of so many ({error})"
        raise Conflict("too_many_thresholds", detail) from error
    return [*told]


async def list_told(connection: Connection, site_ids: Sequence[str] | None) -> list[tuple[str, wire.Policy]]:
    """What holds at each of these sites (None: all), as its box is told."""
    chain = await _FIND.fetchrow(connection)
    of_categories = {row["name"]: _said(row) for row in await _CATEGORIES.fetch(connection)}
    rows = await _SITES.fetch(connection, ids=None if site_ids is None else list(site_ids))
    said = await alert_settings.find_all(connection, [CHAIN, *(of_site(str(row["id"])) for row in rows)])
    return [
        (str(row["id"]), _policy(row, chain, of_categories, {**said[CHAIN], **said[of_site(str(row["id"]))]}))
        for row in rows
    ]


def _policy(
    site: Row, chain: Row | None, of_categories: dict[str, dict[str, int]], of_alerts: dict[str, Any]
) -> wire.Policy:
    settings = merged(chain["settings"] if chain else {}, site["settings"])
    settings |= {name: of_alerts[name] for name in BOXES_OBEY if name in of_alerts}
    if site["timezone"] != "UTC":
        settings["timezone"] = site["timezone"]
    if of_categories:
        settings["categories"] = of_categories
    return wire.Policy(
        version=(site["epoch"], site["number"]), settings=settings,
        reorder_point=_first(site["reorder_point"], chain and chain["reorder_point"]),
        critical_level=_first(site["critical_level"], chain and chain["critical_level"]),
    )  # fmt: skip


def _said(row: Row) -> dict[str, int]:
    return {name: row[name] for name in ("reorder_point", "critical_level") if row[name] is not None}


def _first(*values: int | None) -> int:
    return next((value for value in values if value is not None), 0)
