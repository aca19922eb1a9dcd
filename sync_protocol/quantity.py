"""Quantities and money at the border: decimal text outside, integers inside.

A quantity is an integer number of thousandths of the product's base unit; money is
an integer number of the currency's minor units. JSON numbers are accepted on input
(they arrive as int or Decimal, never as float); strings are returned.

>>> parse_quantity("1.5"), format_quantity(1500), format_quantity(-2000)
(1500, '1.5', '-2')
>>> parse_money("1.99", "EUR"), format_money(199, "EUR"), format_money(5, "JPY")
(199, '1.99', '5')
"""

from decimal import Decimal

from sync_protocol.errors import Malformed
from sync_protocol.limits import QUANTITY_MAX

_MINOR_DIGITS = {
    **dict.fromkeys(("JPY", "KRW", "ISK", "CLP", "VND", "XAF", "XOF", "UGX", "PYG"), 0),
    **dict.fromkeys(("BHD", "KWD", "OMR", "JOD", "TND", "IQD", "LYD"), 3),
}

_CHARS_MAX = 27
"""Longer texts would be rounded by decimal arithmetic, or cost more than they can be worth."""


def parse_quantity(value: str | int | Decimal) -> int:
    """Thousandths of a decimal text or number. Raises Malformed beyond 3 decimals or the limit."""
    return _scaled(value, 3, "quantity")


def format_quantity(thousandths: int) -> str:
    """The shortest decimal text: no exponent, no trailing zeros."""
    whole, rest = divmod(thousandths, 1000)
    return _unscaled(thousandths, 3).rstrip("0") if rest else str(whole)


def bounded(thousandths: int) -> int:
    """What a record can say of a sum that may be beyond it."""
    return max(-QUANTITY_MAX, min(QUANTITY_MAX, thousandths))


def parse_money(value: str | int | Decimal, currency: str) -> int:
    """Minor units of an amount. Raises Malformed when the currency has fewer decimals."""
    return _scaled(value, minor_digits(currency), f"amount in {currency}")


def format_money(minor: int, currency: str) -> str:
    """The amount with all of the currency's decimals."""
    return _unscaled(minor, minor_digits(currency))


def minor_digits(currency: str) -> int:
    """Decimals of an ISO 4217 currency; two where the standard gives no other number."""
    return _MINOR_DIGITS.get(currency, 2)


def _scaled(value: str | int | Decimal, digits: int, what: str) -> int:
    if isinstance(value, bool | float):
        raise Malformed(f"{what}: expected a decimal string or integer, got {value!r}")
    if isinstance(value, int) and abs(value) > QUANTITY_MAX:
        raise Malformed(f"{what}: expected at most {QUANTITY_MAX} in its smallest unit")
    try:
        given = Decimal(value)
        if len(str(value)) > _CHARS_MAX or given.adjusted() > _CHARS_MAX:
            raise ValueError
        number = given.scaleb(digits)
        whole = int(number)
    except (ArithmeticError, ValueError) as error:
        raise Malformed(f"{what}: expected a decimal number, got {str(value)[:40]!r}") from error
    if number != whole:
        raise Malformed(f"{what}: expected at most {digits} decimals, got {str(value)[:40]!r}")
    if abs(whole) > QUANTITY_MAX:
        raise Malformed(f"{what}: expected at most {QUANTITY_MAX} in its smallest unit")
    return whole


def _unscaled(value: int, digits: int) -> str:
    if digits == 0:
        return str(value)
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"
