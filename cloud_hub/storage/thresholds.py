"""SQL of thresholds: at or below which quantity a product is low, or critical, at a site.

The one order of falling back, for every list and the hot path: site×product → product →
category → site → chain → 0. Statements join what `joined` adds to products and sites.
"""

from typing import Any, Literal

import sqlalchemy as sa

from cloud_hub.storage.schema import EVERYWHERE, categories, policies, products, site_products, sites

Name = Literal["reorder_point", "critical_level"]
SOURCES = ("site_product", "product", "category", "site", "chain")
"""Where a threshold may come from, first wins."""
_chain = policies.alias("chain")
_EVERYWHERE: sa.ColumnElement[Any] = sa.literal_column(f"'{EVERYWHERE}'::uuid")


def joined(of: sa.FromClause) -> sa.Join:
    """`of` holds products and sites; with it comes whatever says a threshold for them."""
    own = sa.and_(site_products.c.site_id == sites.c.id, site_products.c.product_id == products.c.id)
    return (
        of.outerjoin(site_products, own)
        .outerjoin(categories, categories.c.name == products.c.category)
        .outerjoin(_chain, _chain.c.site_id == _EVERYWHERE)
    )


def threshold(name: Name) -> sa.ColumnElement[int]:
    """What holds for the product at the site."""
    return sa.func.coalesce(*_told(name), sa.literal_column("0")).label(name)


def source(name: Name) -> sa.ColumnElement[str]:
    """Who says so: one of SOURCES, or 'none'."""
    cases: list[Any] = [
        (told.is_not(None), sa.literal_column(f"'{who}'")) for told, who in zip(_told(name), SOURCES, strict=True)
    ]
    return sa.case(*cases, else_=sa.literal_column("'none'")).label(f"{name}_from")


def _told(name: Name) -> list[sa.ColumnElement[int]]:
    return [site_products.c[name], products.c[name], categories.c[name], sites.c[name], _chain.c[name]]
