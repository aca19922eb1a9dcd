"""SQL of money in ledgers: what a quantity costs at the price that its item froze, in whole minor units."""

from typing import Any

import sqlalchemy as sa


def amount(quantity: sa.ColumnElement[Any], price: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A line's amount, rounded as a till does; exact however large. NULL without a price."""
    return sa.func.round(sa.cast(quantity, sa.Numeric) * price / sa.literal_column("1000"))
