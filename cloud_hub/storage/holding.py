"""SQL of what a site holds of a product, as parts of other statements: on hand, on hold, reserved, pending.

`available` is on hand less all the others, the same in every answer because each is said
here once. Constants are written out, so that PostgreSQL finds the partial indexes.
"""

from typing import Any

import sqlalchemy as sa

from cloud_hub.storage.schema import commands, reservations, transfer_lines, transfers
from sync_protocol.vocabulary import OWN_LOCATIONS, Location

_OWN: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{place}'") for place in OWN_LOCATIONS]
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_PENDING: sa.ColumnElement[str] = sa.literal_column("'pending'")


def is_own(location: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The location is one of the site's own places, not a way in or out."""
    return location.in_(_OWN)


def on_hand(places: sa.FromClause) -> sa.ColumnElement[int]:
    """What lies at own places together."""
    return _sum(sa.func.sum(places.c.quantity)).label("on_hand")


def on_hold(places: sa.FromClause) -> sa.ColumnElement[int]:
    """What of it is set aside."""
    is_hold = places.c.location == sa.literal_column(f"'{Location.HOLD}'")
    return _sum(sa.func.sum(places.c.quantity).filter(is_hold)).label("hold")


def reserved(site_id: Any, product_id: Any) -> sa.ColumnElement[int]:
    """What is promised to somebody, of the product of another statement's row."""
    held = (
        sa.select(_sum(sa.func.sum(reservations.c.quantity)))
        .where(
            reservations.c.site_id == site_id,
            reservations.c.product_id == product_id,
            reservations.c.state == sa.literal_column("'held'"),
        )
        .correlate(site_id.table, product_id.table)
    )
    return held.scalar_subquery().label("reserved")


def pending(site_id: Any, product_id: Any) -> sa.ColumnElement[int]:
    """What the site's box was asked to take away or to ship, and has not answered."""
    taking = (
        sa.select(_sum(sa.func.sum(-commands.c.pending_quantity)))
        .where(
            commands.c.site_id == site_id,
            commands.c.product_id == product_id,
            commands.c.state == _PENDING,
            commands.c.pending_quantity < _ZERO,
        )
        .correlate(site_id.table, product_id.table)
    )
    return (taking.scalar_subquery() + _to_ship(site_id, product_id)).label("pending")


def _to_ship(site_id: Any, product_id: Any) -> sa.ScalarSelect[int]:
    line, command = transfer_lines.c, commands.c
    of_transfer = sa.and_(transfers.c.from_site == line.from_site, transfers.c.transfer_id == line.transfer_id)
    return (
        sa.select(_sum(sa.func.sum(line.requested)))
        .join_from(transfer_lines, transfers, of_transfer)
        .join(commands, sa.and_(command.site_id == transfers.c.from_site, command.id == transfers.c.command_id))
        .where(
            line.from_site == site_id,
            line.product_id == product_id,
            transfers.c.step == sa.literal_column("'draft'"),
            command.state == _PENDING,
        )
        .correlate(site_id.table, product_id.table)
        .scalar_subquery()
    )


def _sum(quantity: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(quantity, _ZERO).cast(sa.BigInteger)
