"""The one MetaData, and the few column forms that all tables share.

Ids are native UUIDs (written as text or UUID, read as UUID). Quantities are integer
thousandths in BIGINT. Moments are milliseconds of UTC in BIGINT, except in `movements`
and its partitions, where reports need timestamps. Keys of large tables begin with the site.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

DERIVED = {"is_derived": True}
"""`info` of a table that PostgreSQL itself makes of another one."""
EVERYWHERE = UUID(int=0)
"""The site of what belongs to the whole chain, where a key needs one."""


def table(name: str, *columns: Any, **options: Any) -> sa.Table:
    """A table of the hub."""
    return sa.Table(name, metadata, *columns, **options)


def uuid(name: str, *, key: bool = False, null: bool = False) -> sa.Column[UUID]:
    """A UUID column."""
    return sa.Column(name, sa.Uuid, primary_key=key, nullable=null and not key)


def text(name: str, *, key: bool = False, null: bool = False, default: str | None = None) -> sa.Column[str]:
    """A text column without a length of its own; lengths are checked at the border."""
    return sa.Column(name, sa.Text, primary_key=key, nullable=null and not key, server_default=default)


def number(name: str, *, key: bool = False, null: bool = False, default: int | None = None) -> sa.Column[int]:
    """A 64-bit integer column: a position, a quantity in thousandths, or milliseconds of UTC."""
    server_default = None if default is None else sa.text(str(default))
    return sa.Column(
        name,
        sa.BigInteger,
        primary_key=key,
        nullable=null and not key,
        server_default=server_default,
        autoincrement=False,
    )


def blob(name: str, *, key: bool = False, null: bool = False) -> sa.Column[bytes]:
    """Bytes as they came."""
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=null and not key)


def flag(name: str, *, default: bool = False) -> sa.Column[bool]:
    """A boolean."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text(str(default).lower()))


def document(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[Any]:
    """A JSON document."""
    server_default = None if default is None else sa.text(f"'{default}'::jsonb")
    return sa.Column(name, JSONB, nullable=null, server_default=server_default)


def money(name: str, *, null: bool = True) -> sa.Column[Any]:
    """An amount in its currency's major unit."""
    return sa.Column(name, sa.Numeric, nullable=null)


def day(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    """A calendar day."""
    return sa.Column(name, sa.Date, primary_key=key, nullable=null and not key)


def moment(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    """A timestamp (in the ledger only)."""
    return sa.Column(name, sa.DateTime(timezone=True), primary_key=key, nullable=null and not key)
