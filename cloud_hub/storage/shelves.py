"""SQL of shelves: the products that a site is to have, whether any lie there or not.

Those that it ever held, or that were put into its assortment; not what is archived or was taken
out of the assortment: nobody misses that. So what is out of stock means the same everywhere.
"""

from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.schema import products, site_products

_ITS = products.alias("its_product")
"""Not the products of the statement around it."""
ASSORTMENT = sa.select(
    site_products.c.site_id, site_products.c.product_id, sa.literal_column("0").label("quantity")
).where(site_products.c.is_stocked)
"""A place for each product of the assortment, to be added up with what lies there."""


def is_missed(of_site: sa.ColumnElement[bool], product_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a product of another statement's row is to be there; `of_site` says of site_products which site."""
    is_delisted = sa.exists().where(of_site, site_products.c.product_id == product_id, ~site_products.c.is_stocked)
    is_archived = sa.exists().where(_ITS.c.id == product_id, _ITS.c.lifecycle == sa.literal_column("'archived'"))
    return sa.and_(~is_delisted, ~is_archived)
