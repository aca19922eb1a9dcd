"""SQL of all reference data of one site, as its feed would have told it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, array

from cloud_hub.storage import policies
from cloud_hub.storage.database import Connection, Query, Row, bound
from cloud_hub.storage.schema import (
    barcodes,
    products,
    site_products,
    sites,
)
from sync_protocol import changes as wire
from sync_protocol.quantity import minor_digits
from sync_protocol.records import Fact, encode

_codes = (
    sa.select(
        barcodes.c.product_id,
        sa.func.jsonb_agg(
            sa.func.jsonb_build_object(
                sa.literal_column("'code'"),
                barcodes.c.code,
                sa.literal_column("'pack_quantity'"),
                barcodes.c.pack_quantity,
            ),
            type_=JSONB,
        ).label("codes"),
    )
    .group_by(barcodes.c.product_id)
    .subquery("codes")
)
_own = site_products.alias("own")
# The columns are the fields of wire.Product, under their names.
_PRODUCTS = Query(
    sa.select(
        sa.cast(products.c.id, sa.Text).label("product_id"),
        array([products.c.version_epoch, products.c.version]).label("version"),
        products.c.sku,
        products.c.name,
        products.c.category,
        products.c.unit,
        sa.func.coalesce(_own.c.price, products.c.price).label("price"),
        products.c.cost,
        products.c.currency,
        products.c.lifecycle,
        products.c.metadata,
        sa.func.coalesce(_codes.c.codes, sa.literal_column("'[]'::jsonb"), type_=JSONB).label("barcodes"),
        sa.func.coalesce(_own.c.reorder_point, products.c.reorder_point).label("reorder_point"),
        sa.func.coalesce(_own.c.critical_level, products.c.critical_level).label("critical_level"),
        sa.func.coalesce(_own.c.negative_policy, products.c.negative_policy).label("negative_policy"),
    )
    .select_from(
        products.outerjoin(_codes, _codes.c.product_id == products.c.id).outerjoin(
            _own, sa.and_(_own.c.product_id == products.c.id, _own.c.site_id == bound(_own.c.site_id))
        )
    )
    .where(
        products.c.lifecycle != "archived",
        products.c.deleted_at.is_(None),
        sa.func.coalesce(_own.c.is_stocked, sa.true()),
    )
    .order_by(products.c.version_epoch, products.c.version, products.c.id)
)


def _fingerprint(made_of: sa.Table, key: str, *only: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    """Another number whenever a row was written: `xmin` is the transaction that wrote it, whoever that was."""
    writer: sa.ColumnElement[int] = sa.literal_column(f"{made_of.name}.xmin::text::bigint")
    name = sa.cast(made_of.c[key], sa.Text)
    return sa.select(sa.func.sum(sa.func.hashtextextended(name, writer))).where(*only).scalar_subquery()


_FINGERPRINT = Query(
    sa.select(
        _fingerprint(products, "id"),
        _fingerprint(barcodes, "code"),
        _fingerprint(site_products, "product_id", site_products.c.site_id == bound(site_products.c.site_id)),
    )
)
_SITES = Query(sa.select(sites).where(sites.c.archived_at.is_(None)).order_by(sites.c.id))


async def product_lines(connection: Connection, site_id: str) -> list[bytes]:
    """Every product that the site stocks and nobody archived, merged with the site's own row, as encoded feed records.

    In the order of their versions: neighbours of one import compress best, and what changes moves
    to the end, so the chunks before it stay what they were.
    """
    lines: list[bytes] = []
    async for rows in _PRODUCTS.pages(connection, site_id=site_id):
        lines += map(_line, rows)
    return lines


async def product_fingerprint(connection: Connection, site_id: str) -> tuple[object, ...]:
    """Equal for two sites, or two moments, only when `product_lines` would give the same."""
    row = await _FINGERPRINT.fetchrow(connection, site_id=site_id)
    assert row is not None
    return tuple(row)


async def sites_and_policy(connection: Connection, site_id: str) -> list[wire.Site | wire.Policy]:
    """The chain's sites, and the thresholds and settings that hold at this one."""
    rows = await _SITES.fetch(connection)
    told: list[wire.Site | wire.Policy] = [
        wire.Site(
            site_id=str(row["id"]), code=row["code"], name=row["name"], version=(row["version_epoch"], row["version"])
        )
        for row in rows
    ]
    return [*told, *(policy for _, policy in await policies.list_told(connection, [site_id]))]


def _line(row: Row) -> bytes:
    """The bytes of `encode(change(wire.Product(...)))`, made without a model: a chain has many products."""
    body: dict[str, Any] = {name: value for name, value in row.items() if value is not None}
    for name in ("price", "cost"):
        if name in body:
            body[name] = int(body[name].scaleb(minor_digits(row["currency"])))
    # A copy: what was encoded keeps the room of the encoder's buffer, 4 KB a line, 200 MB for 50,000 products.
    return bytes(bytearray(encode(Fact("product", body))))
