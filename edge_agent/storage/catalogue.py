"""The replica of head office's catalogue: products, barcodes, other sites, policy; and search.

Nothing of it is held in memory: a scan is two point reads. Rows carry head office's version
`(hub_epoch, number)`; an older one never overwrites a newer one. What the store edited
itself is laid over them by services/proposing.py.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, column, delete, select, table, text, update
from sqlalchemy.dialects.sqlite import insert

from edge_agent.storage.schema import barcodes, policy, products, sites
from edge_agent.storage.statement import Statement


class Product(NamedTuple):
    """One product as this store sees it; thresholds are None where a wider rule holds."""

    product_id: str
    sku: str
    name: str
    category: str = ""
    unit: str = "each"
    price: int | None = None
    cost: int | None = None
    currency: str = "EUR"
    lifecycle: str = "active"
    reorder_point: int | None = None
    critical_level: int | None = None
    negative_policy: str | None = None
    metadata: str = "{}"
    """JSON text."""
    version_epoch: int = 0
    version_number: int = 0

    @property
    def version(self) -> tuple[int, int]:
        return self.version_epoch, self.version_number


class Found(NamedTuple):
    """What a code stands for."""

    product: Product
    pack_quantity: int


class Policy(NamedTuple):
    """The site's defaults."""

    reorder_point: int
    critical_level: int
    settings: str
    """JSON text."""


class Site(NamedTuple):
    """Another site of the chain."""

    site_id: str
    code: str
    name: str


_FIELDS = Product._fields
_COLUMNS = [products.c[name] for name in _FIELDS]
_BY_ID = Statement(select(*_COLUMNS).where(products.c.product_id == bindparam("product_id")))
_BY_SKU = Statement(select(*_COLUMNS).where(products.c.sku == bindparam("sku")).limit(1))
_BY_CODE = Statement(
    select(barcodes.c.pack_quantity, *_COLUMNS)
    .join_from(barcodes, products, products.c.product_id == barcodes.c.product_id)
    .where(barcodes.c.code == bindparam("code"))
)
_INSERTED = insert(products).values({name: bindparam(name) for name in _FIELDS})
_SAVE = Statement(
    _INSERTED.on_conflict_do_update(
        index_elements=["product_id"],
        set_={name: _INSERTED.excluded[name] for name in _FIELDS if name != "product_id"},
    )
)
_VERSION = Statement(
    select(products.c.version_epoch, products.c.version_number).where(products.c.product_id == bindparam("product_id"))
)
_ARCHIVE = Statement(
    update(products)
    .where(products.c.product_id == bindparam("of_product"))
    .values(lifecycle="archived", version_epoch=bindparam("epoch"), version_number=bindparam("number"))
)
_CODES = Statement(
    select(barcodes.c.code, barcodes.c.pack_quantity)
    .where(barcodes.c.product_id == bindparam("product_id"))
    .order_by(barcodes.c.code)
)
_DROP_CODES = Statement(delete(barcodes).where(barcodes.c.product_id == bindparam("product_id")))
_LINKED = insert(barcodes).values({c.name: bindparam(c.name) for c in barcodes.columns})
_LINK = Statement(
    _LINKED.on_conflict_do_update(
        index_elements=["code"],
        set_={"product_id": _LINKED.excluded.product_id, "pack_quantity": _LINKED.excluded.pack_quantity},
    )
)
_PAGE = Statement(
    select(products.c.number, *_COLUMNS)
    .where(products.c.number > bindparam("after"), products.c.lifecycle != "archived")
    .order_by(products.c.number)
    .limit(bindparam("most"))
)
_FTS = table("products_fts", column("rowid"))
_SEARCH = Statement(
    select(products.c.number, *_COLUMNS)
    .join_from(_FTS, products, products.c.number == _FTS.c.rowid)
    .where(text("products_fts MATCH :words"), _FTS.c.rowid > bindparam("after"), products.c.lifecycle != "archived")
    .order_by(_FTS.c.rowid)
    .limit(bindparam("most"))
)
"""Row by row in the index's own order: a page of a letter that half of the catalogue has stops when it is full."""
_POLICY = Statement(select(policy.c.reorder_point, policy.c.critical_level, policy.c.settings))
_SAVE_POLICY = Statement(
    update(policy)
    .where(
        (policy.c.version_epoch < bindparam("epoch"))
        | ((policy.c.version_epoch == bindparam("epoch")) & (policy.c.version_number <= bindparam("number")))
    )
    .values(
        version_epoch=bindparam("epoch"), version_number=bindparam("number"),
        reorder_point=bindparam("new_reorder_point"), critical_level=bindparam("new_critical_level"),
        settings=bindparam("new_settings"),
    )
)  # fmt: skip
_SET_SETTINGS = Statement(update(policy).values(settings=bindparam("new_settings")))
_SITE = insert(sites).values({c.name: bindparam(c.name) for c in sites.columns})
_SAVE_SITE = Statement(
    _SITE.on_conflict_do_update(
        index_elements=["site_id"],
        set_={c.name: _SITE.excluded[c.name] for c in sites.columns if c.name != "site_id"},
        where=(sites.c.version_epoch < _SITE.excluded.version_epoch)
        | (
            (sites.c.version_epoch == _SITE.excluded.version_epoch)
            & (sites.c.version_number <= _SITE.excluded.version_number)
        ),
    )
)
_SITES = Statement(select(sites.c.site_id, sites.c.code, sites.c.name).order_by(sites.c.code))
_FIND_SITE = Statement(
    select(sites.c.site_id, sites.c.code, sites.c.name).where(
        (sites.c.site_id == bindparam("name")) | (sites.c.code == bindparam("name"))
    )
)


def find_product(connection: sqlite3.Connection, product_id: str) -> Product | None:
    """The product with this id."""
    found = _BY_ID.row(connection, product_id=product_id)
    return None if found is None else Product(*found)


def find_by_sku(connection: sqlite3.Connection, sku: str) -> Product | None:
    """The product with this SKU."""
    found = _BY_SKU.row(connection, sku=sku)
    return None if found is None else Product(*found)


def find_by_code(connection: sqlite3.Connection, code: str) -> Found | None:
    """What a GTIN-14 or an internal code stands for."""
    found = _BY_CODE.row(connection, code=code)
    return None if found is None else Found(Product(*found[1:]), found[0])


def version_of(connection: sqlite3.Connection, product_id: str) -> tuple[int, int] | None:
    """The version of the row here, None when there is none."""
    found = _VERSION.row(connection, product_id=product_id)
    return None if found is None else (found[0], found[1])


def save_product(connection: sqlite3.Connection, product: Product) -> None:
    """Write a row whatever its version; callers compare versions first."""
    _SAVE.run(connection, **product._asdict())


def archive(connection: sqlite3.Connection, product_id: str, version: tuple[int, int]) -> None:
    """Head office's tombstone: the row stays for history."""
    _ARCHIVE.run(connection, of_product=product_id, epoch=version[0], number=version[1])


def codes_of(connection: sqlite3.Connection, product_id: str) -> list[tuple[str, int]]:
    """(code, pack quantity) of a product."""
    return _CODES.run(connection, product_id=product_id).fetchall()


def replace_codes(connection: sqlite3.Connection, product_id: str, codes: Iterable[tuple[str, int]]) -> None:
    """These are all of a product's codes; one that was another product's is its now."""
    _DROP_CODES.run(connection, product_id=product_id)
    for code, pack_quantity in codes:
        link(connection, code, product_id, pack_quantity)


def link(connection: sqlite3.Connection, code: str, product_id: str, pack_quantity: int) -> None:
    """This code stands for so many units of this product."""
    _LINK.run(connection, code=code, product_id=product_id, pack_quantity=pack_quantity)


def list_products(
    connection: sqlite3.Connection, *, q: str = "", after: int = 0, limit: int = 100
) -> list[tuple[int, Product]]:
    """A page of (row number, product); `q` matches the beginnings of words of name, SKU and category."""
    words = " ".join(f'"{word}"*' for word in q.replace('"', " ").split())
    if q and not words:
        return []
    statement, values = (_SEARCH, {"words": words}) if words else (_PAGE, {})
    rows: Iterable[tuple[Any, ...]] = statement.run(connection, after=after, most=limit, **values)
    return [(row[0], Product(*row[1:])) for row in rows]


def get_policy(connection: sqlite3.Connection) -> Policy:
    """The site's defaults; zeros before head office said anything."""
    found = _POLICY.row(connection)
    return Policy(*found) if found else Policy(0, 0, "{}")


def settings(connection: sqlite3.Connection) -> dict[str, Any]:
    """The policy's settings as values."""
    found: dict[str, Any] = orjson.loads(get_policy(connection).settings)
    return found


def save_policy(
    connection: sqlite3.Connection, version: tuple[int, int], reorder_point: int, critical_level: int,
    settings: dict[str, Any],
) -> None:  # fmt: skip
    """Take a policy unless a newer one is here."""
    _SAVE_POLICY.run(
        connection, epoch=version[0], number=version[1], new_reorder_point=reorder_point,
        new_critical_level=critical_level, new_settings=orjson.dumps(settings).decode(),
    )  # fmt: skip


def set_settings(connection: sqlite3.Connection, settings: dict[str, Any]) -> None:
    """Change the settings without a new version of the policy."""
    _SET_SETTINGS.run(connection, new_settings=orjson.dumps(settings).decode())


def save_site(connection: sqlite3.Connection, site: Site, version: tuple[int, int]) -> None:
    """Take another site's row unless a newer one is here."""
    _SAVE_SITE.run(connection, **site._asdict(), version_epoch=version[0], version_number=version[1])


def list_sites(connection: sqlite3.Connection) -> list[Site]:
    """The other sites of the chain."""
    return [Site(*row) for row in _SITES.run(connection)]


def find_site(connection: sqlite3.Connection, name: str) -> Site | None:
    """A site by its id or code."""
    found = _FIND_SITE.row(connection, name=name)
    return None if found is None else Site(*found)
