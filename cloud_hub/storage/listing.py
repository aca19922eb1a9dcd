"""What lists say alike in SQL: filters that may be left out, and pages that go on after the last row read.

A filter that is NULL leaves every row in. A page is bound by `page()`: what it does not name is NULL.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from cloud_hub.storage.database import bound, bound_array

_SITES = sa.bindparam("sites", type_=ARRAY(sa.Uuid))


def optional(wanted: sa.BindParameter[Any], condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The condition, or every row when what it asks for is NULL."""
    return sa.or_(wanted.is_(None), condition)


def equals(*columns: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Each column has the value given under its name, those given NULL any."""
    return sa.and_(*(optional(bound(column), column == bound(column)) for column in columns))


def among(*columns: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Each column has one of the values given under its name and an s, where they are NULL any."""
    return sa.and_(*(_among(column, bound_array(column, f"{column.name}s")) for column in columns))


def of_sites(*columns: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """A row is of the sites that were asked for (`sites`; NULL: all) by one of these columns."""
    return optional(_SITES, sa.or_(*(column == sa.any_(_SITES) for column in columns)))


def paged(statement: sa.Select[Any], *key: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """A page of rows in the order of their key."""
    last = _last(key)
    return cut(statement.where(optional(last[0], sa.tuple_(*key) > sa.tuple_(*last))).order_by(*key))


def newest_first(statement: sa.Select[Any], *key: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """A page of rows in the order of their key backwards; the key begins with a time, or a number that only grows."""
    last = _last(key)
    backwards = (column.desc() for column in key)
    return cut(statement.where(optional(last[0], sa.tuple_(*key) < sa.tuple_(*last))).order_by(*backwards))


def page(after: tuple[Any, ...] | None, skip: int, limit: int) -> dict[str, Any]:
    """The arguments of a page after the row with this key."""
    return {_name(i): value for i, value in enumerate(after or ())} | {"skip": skip, "most": limit}


def _among(column: sa.Column[Any], wanted: sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    return optional(wanted, column == sa.any_(wanted))


def cut(statement: sa.Select[Any]) -> sa.Select[Any]:
    """At most `most` rows, after the first `skip`."""
    return statement.offset(sa.bindparam("skip", type_=sa.BigInteger)).limit(sa.bindparam("most", type_=sa.BigInteger))


def _last(key: tuple[sa.ColumnElement[Any], ...]) -> list[sa.BindParameter[Any]]:
    return [sa.bindparam(_name(i), type_=column.type) for i, column in enumerate(key)]


def _name(i: int) -> str:
    return f"last_{i}"
