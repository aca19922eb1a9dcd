"""What a store knows that a barcode does not say: its in-store codes, currency, scanner habits.

Owns the store-wide answers that decoding needs; it must not know devices or the catalogue.
Invariant: a profile that exists is valid; mistakes are reported, all at once, when it is made.
"""

import codecs
from dataclasses import dataclass
from typing import Literal

from scanner_drivers.errors import BadConfig
from sync_protocol.errors import Malformed
from sync_protocol.instore_rules import InstoreRule, parse_rule

EightDigits = Literal["ambiguous", "ean8", "upce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProfile:
    """Settings of one store.

    instore_rules    templates of the store's own 02 and 20-29 codes; the first match wins
    eight_digits     what 8 digits without AIM id mean when EAN-8 and UPC-E both fit
    gs_substitutes   characters that a scanner sends in place of GS; none is legal inside a GS1 value
    gs_trusted       this store's scanners are known to send GS, so a lot without one is whole
    code_page        of 8-bit text that is not UTF-8
    currency         ISO 4217 number ("978"), to accept prices that name their currency
    minor_digits     decimals of the store's currency
    year             the current year: two-digit years lie within 50 years of it
    """

    instore_rules: tuple[str, ...] = ()
    eight_digits: EightDigits = "ambiguous"
    gs_substitutes: str = "|^~"
    gs_trusted: bool = False
    code_page: str = "cp1252"
    currency: str | None = None
    minor_digits: int = 2
    year: int = 2026

    def __post_init__(self) -> None:
        mistakes = [message for rule in self.instore_rules if (message := _mistake_in(rule))]
        if self.eight_digits not in ("ambiguous", "ean8", "upce"):
            mistakes.append(f"eight_digits: expected ambiguous, ean8 or upce, got {self.eight_digits!r}")
        if any(character.isalnum() for character in self.gs_substitutes):
            mistakes.append(f"gs_substitutes: expected no letter or digit, got {self.gs_substitutes!r}")
        if self.currency is not None and not (len(self.currency) == 3 and self.currency.isdecimal()):
            mistakes.append(f"currency: expected 3 digits such as '978', got {self.currency!r}")
        try:
            codecs.lookup(self.code_page)
        except LookupError:
            mistakes.append(f"code_page: expected a known one such as 'cp1252', got {self.code_page!r}")
        if mistakes:
            raise BadConfig("; ".join(mistakes))

    @property
    def rules(self) -> tuple[InstoreRule, ...]:
        """The in-store rules, parsed (each template once per process)."""
        return tuple(map(parse_rule, self.instore_rules))


def _mistake_in(template: str) -> str | None:
    try:
        parse_rule(template)
    except Malformed as error:
        return f"in-store rule {template!r}: {error}"
    return None
