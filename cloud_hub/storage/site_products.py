"""SQL of what a site says of a product itself: whether it stocks it, at which price, from when it is low.

`overlay` lays it over what the whole chain is told: a change says the chain's row, and each
site's feed takes it with the site's own values in it, as the snapshot does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from cloud_hub.storage import thresholds
from cloud_hub.storage.database import Connection, Query, Row, bound, bound_array, given
from cloud_hub.storage.listing import of_sites, page, paged
from cloud_hub.storage.schema import products, site_products, sites
from cloud_hub.storage.versions import EPOCH, Versioned
from sync_protocol.quantity import parse_money

FIELDS = ("is_stocked", "price", "reorder_point", "critical_level", "minimum", "maximum", "negative_policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProduct(Versioned):
    """A product at a site: the site's own values (None: the chain's hold), and what holds in the end."""

    site_id: str
    is_stocked: bool = True
    price: Decimal | None = None
    reorder_point: int | None = None
    critical_level: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    negative_policy: str | None = None
    holds: Mapping[str, tuple[int, str]]
    """The threshold that holds, and who says so (thresholds.SOURCES), by its name."""
    version: tuple[int, int]
    """(0, 0): the site says nothing itself."""


_NAMES: tuple[thresholds.Name, ...] = ("reorder_point", "critical_level")
_SELECT = (
    sa.select(
        sites.c.id.label("of_site"),
        *(site_products.c[name] for name in (*FIELDS, "version_epoch", "version")),
        *(thresholds.threshold(name).label(f"{name}_holds") for name in _NAMES),
        *(thresholds.source(name) for name in _NAMES),
    )
    .select_from(thresholds.joined(products.join(sites, sites.c.archived_at.is_(None))))
    .where(products.c.id == bound(products.c.id, "product_id"))
)
_FIND = Query(_SELECT.where(sites.c.id == bound(sites.c.id, "site_id")))
_LIST = Query(paged(_SELECT.where(of_sites(sites.c.id)), sites.c.id))
_given = insert(site_products).values(
    given(site_products, "site_id", "product_id", *FIELDS) | {"version_epoch": EPOCH, "version": sa.literal_column("1")}
)
_SAVE = Query(
    _given.on_conflict_do_update(
        index_elements=[site_products.c.site_id, site_products.c.product_id],
        set_={name: _given.excluded[name] for name in (*FIELDS, "version_epoch")}
        | {"version": site_products.c.version + 1},
    )
)
_OWN = (
    site_products.c.site_id == bound(site_products.c.site_id),
    site_products.c.product_id == sa.any_(bound_array(site_products.c.product_id, "ids")),
)
_DELETE = Query(site_products.delete().where(*_OWN))
_OVERLAY = Query(sa.select(site_products).where(*_OWN))
_PRICES = Query(
    sa.select(site_products.c.product_id, site_products.c.price).where(*_OWN, site_products.c.price.is_not(None))
)


async def find(connection: Connection, site_id: str, product_id: str) -> SiteProduct | None:
    """None: no such site or product."""
    row = await _FIND.fetchrow(connection, site_id=site_id, product_id=product_id)
    return None if row is None else _made(row)


async def list_sites(
    connection: Connection,
    product_id: str,
    site_ids: list[str] | None,
    after: tuple[UUID] | None,
    skip: int,
    limit: int,
) -> list[SiteProduct]:
    """The product at each of these sites (None: all), by the site's id."""
    rows = await _LIST.fetch(connection, product_id=product_id, sites=site_ids, **page(after, skip, limit))
    return [_made(row) for row in rows]


async def save(connection: Connection, site_id: str, product_id: str, values: Mapping[str, Any]) -> None:
    """What the site says of the product now."""
    await _SAVE.execute(connection, site_id=site_id, product_id=product_id, **values)


async def delete(connection: Connection, site_id: str, product_id: str) -> bool:
    """The site says nothing of it any more; False when it did not."""
    return await _DELETE.execute(connection, site_id=site_id, ids=[product_id]) > 0


async def list_prices(connection: Connection, site_id: str, product_ids: Sequence[str]) -> dict[str, Decimal]:
    """What the site itself asks for these products, where it says so."""
    rows = await _PRICES.fetch(connection, site_id=site_id, ids=product_ids)
    return {str(row["product_id"]): row["price"] for row in rows}


async def overlay(connection: Connection, site_id: object, told: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Changes (kind, body) as this site is told them: products with its own values, or gone where it stocks none."""
    ids = [body["product_id"] for kind, body in told if kind == "product"]
    if not ids:
        return list(told)
    own = {str(row["product_id"]): row for row in await _OVERLAY.fetch(connection, site_id=site_id, ids=ids)}
    return [
        _laid(kind, body, own.get(body["product_id"])) if kind == "product" else (kind, body) for kind, body in told
    ]


def _laid(kind: str, body: dict[str, Any], own: Row | None) -> tuple[str, Any]:
    if own is None:
        return kind, body
    if not own["is_stocked"]:
        return "product_gone", {"product_id": body["product_id"], "version": body["version"], "own": True}
    values = {name: own[name] for name in ("reorder_point", "critical_level", "negative_policy")}
    values["price"] = None if own["price"] is None else parse_money(own["price"], body["currency"])
    said = {name: value for name, value in values.items() if value is not None}
    return kind, body | said | ({"own": sorted(said)} if said else {})


def _made(row: Row) -> SiteProduct:
    own: Iterable[str] = FIELDS if row["version"] is not None else ()
    return SiteProduct(
        site_id=str(row["of_site"]),
        **{name: row[name] for name in own},
        holds={name: (row[f"{name}_holds"], row[f"{name}_from"]) for name in _NAMES},
        version=(row["version_epoch"] or 0, row["version"] or 0),
    )
