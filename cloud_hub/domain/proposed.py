"""The fields of a store's proposal, checked and in the hub's own units.

Money comes as minor units and is kept as a decimal; what does not fit its field is left
out and named. Pure.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sync_protocol import facts
from sync_protocol.limits import QUANTITY_MAX, TEXT_CHARS_MAX
from sync_protocol.quantity import format_money

LIFECYCLES = ("provisional", "active", "archived")
POLICIES = ("block", "warn", "allow")


class Checked(NamedTuple):
    """Fields of a product as the hub holds them, barcodes with packs, and what did not fit."""

    fields: dict[str, Any]
    barcodes: list[tuple[str, int]]
    bad: list[str]


def check_proposal(proposal: facts.Proposal, currency: str) -> Checked:
    """What it wants of a product, or of the one code that it is about."""
    if proposal.entity == "product":
        return check_product(proposal.fields, currency)
    code = check_barcode({**proposal.fields, "code": proposal.entity_id})
    return Checked({}, [] if code is None else [code], [])


def check_product(fields: Mapping[str, Any], currency: str) -> Checked:
    """The readable fields of a product proposal; `currency` is the product's when it names none."""
    good: dict[str, Any] = {}
    bad: list[str] = []
    named = fields.get("currency")
    money = str(named) if _is_currency(named) else currency
    for name, value in fields.items():
        fits = _FITS.get(name)
        if name == "barcodes":
            continue
        if fits is None or not fits(value):
            bad.append(name)
        elif name in ("price", "cost") and value is not None:
            good[name] = Decimal(format_money(value, money))
        else:
            good[name] = value
    codes = [code for each in _list(fields.get("barcodes")) if (code := check_barcode(each)) is not None]
    return Checked(good, codes, bad)


def check_barcode(fields: Any) -> tuple[str, int] | None:
    """Code and pack of one barcode, None when it cannot be one."""
    if not isinstance(fields, Mapping):
        return None
    code, pack = fields.get("code"), fields.get("pack_quantity", 1000)
    if not (type(code) is str and 0 < len(code) <= 90 and type(pack) is int and 0 < pack <= QUANTITY_MAX):
        return None
    return code, pack


def _list(value: Any) -> list[Any]:
    return value[:100] if isinstance(value, list) else []


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) <= TEXT_CHARS_MAX


def _is_name(value: Any) -> bool:
    return _is_text(value) and value != ""


def _is_currency(value: Any) -> bool:
    return type(value) is str and len(value) == 3 and value.isascii() and value.isupper()


def _is_amount(value: Any) -> bool:
    return value is None or (type(value) is int and 0 <= value <= QUANTITY_MAX)


def _is_threshold(value: Any) -> bool:
    return value is None or (type(value) is int and abs(value) <= QUANTITY_MAX)


_FITS: dict[str, Callable[[Any], bool]] = {
    "sku": _is_name,
    "name": _is_name,
    "category": _is_text,
    "unit": _is_name,
    "price": _is_amount,
    "cost": _is_amount,
    "currency": _is_currency,
    "lifecycle": lambda value: value in LIFECYCLES,
    "reorder_point": _is_threshold,
    "critical_level": _is_threshold,
    "negative_policy": lambda value: value is None or value in POLICIES,
    "metadata": lambda value: isinstance(value, dict),
}
