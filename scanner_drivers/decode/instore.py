"""In-store codes: numbers a store gives itself, often with a price or weight inside.

GS1 leaves 02 and 20-29 to national and store rules, which a store writes as templates
(`sync_protocol/instore_rules.py`). Without a rule nothing is guessed: the number as printed
is the identity, flagged `instore_unknown`.
"""

from scanner_drivers.decode.decoded import Decoded, rescale
from sync_protocol.gtin import check_digit
from sync_protocol.instore_rules import InstoreRule

_THOUSANDTHS = 3

# GenSpecs, price and weight verification: each digit is weighted through these tables.
_TWO_MINUS = "0246891357"
_THREE = "0369258147"
_FIVE_MINUS = "0594837261"
_FIVE_PLUS = "0516273849"


def is_instore(gtin13: str) -> bool:
    """Whether GS1 leaves this GTIN-13 to the store (UPC number system 2 is prefix 02)."""
    return gtin13[0] == "2" or gtin13[:2] == "02"


def decode_instore(gtin13: str, symbology: str, rules: tuple[InstoreRule, ...], minor_digits: int) -> Decoded | None:
    """The article and its value by the first rule that fits; None when it is no in-store code."""
    for rule in rules:
        if gtin13.startswith(rule.prefix):
            return _apply(rule, gtin13, symbology, minor_digits)
    if is_instore(gtin13):
        return Decoded(symbology, gtin=gtin13.zfill(14), flags=frozenset(("instore_unknown",)))
    return None


def price_check_digit(value: str) -> str:
    """The verifier digit of a 4- or 5-digit price or weight (GenSpecs 7.9.2 to 7.9.4)."""
    if len(value) == 4:
        tables = (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS)
        return str(_weighted(value, tables) * 3 % 10)
    tables5 = (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS)
    return str(_FIVE_MINUS.index(str(-_weighted(value, tables5) % 10)))


def _weighted(value: str, tables: tuple[str, ...]) -> int:
    return sum(int(table[int(digit)]) for digit, table in zip(value, tables, strict=True))


def _apply(rule: InstoreRule, gtin13: str, symbology: str, minor_digits: int) -> Decoded:
    body = gtin13[len(rule.prefix) : 12]
    sku, value, check = (_pick(rule.pattern, body, letter) for letter in "PVC")
    # The article's own number is the printed one with value and verifier zeroed.
    zeroed = "".join("0" if p in "VCX" else d for p, d in zip(rule.pattern, body, strict=True))
    base = rule.prefix + zeroed
    gtin = (base + check_digit(base)).zfill(14)
    found = Decoded(symbology, gtin=gtin, sku=sku)
    if check and check != price_check_digit(value):
        return found._replace(flags=frozenset(("invalid_price_check",)))
    if rule.kind == "item":
        return found
    digits = minor_digits if rule.kind == "price" else _THOUSANDTHS
    amount, exact = rescale(int(value), digits - rule.decimals)
    found = found._replace(flags=frozenset(() if exact else ("rounded",)))
    if rule.kind == "price":
        return found._replace(price_minor=amount)
    if rule.kind == "weight":
        return found._replace(quantity=amount, weight_unit=rule.unit)
    return found._replace(quantity=amount)


def _pick(pattern: str, body: str, letter: str) -> str:
    return "".join(digit for place, digit in zip(pattern, body, strict=True) if place == letter)
