"""What the symbol of a label says: which carrier, its data, and the digits that stand under it.

Owns the choice of the carrier and the order of the elements; it draws nothing. The lot stands
before the expiry, although shorter codes would have it last: so there is always a separator
behind it, and every scanner's reading shows for certain where the lot ends.
"""

from datetime import date
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from edge_agent.errors import Invalid
from scanner_drivers.decode.gs1 import GS, fits
from sync_protocol.gtin import is_valid_gtin

LINK_BASE = "https://id.gs1.org"
"""GS1's own resolver; a chain that has one sets `label_link`."""
CODE_CHARS_MAX = 40
EXPIRY_FIRST, EXPIRY_LAST = "2000-01-01", "2070-12-31"
"""Two digits of a year are read as one of these for decades to come."""


class Carrier(StrEnum):
    """A kind of symbol."""

    EAN13 = "ean13"
    EAN8 = "ean8"
    CODE128 = "code128"
    GS1_128 = "gs1_128"
    DATAMATRIX = "gs1_datamatrix"
    QR = "qr"

    @property
    def is_matrix(self) -> bool:
        return self in (Carrier.DATAMATRIX, Carrier.QR)

    @property
    def is_gs1(self) -> bool:
        """Whether its data is an element string."""
        return self in (Carrier.GS1_128, Carrier.DATAMATRIX)


class Article(NamedTuple):
    """What is on the label's goods: a GTIN-14 or a code of the shop's own, and of which lot they are."""

    code: str
    lot: str | None = None
    expiry: str | None = None
    """YYYY-MM-DD."""

    @property
    def is_gtin(self) -> bool:
        return len(self.code) == 14 and is_valid_gtin(self.code)


class Symbol(NamedTuple):
    """A carrier and its data: digits, text, an address, or elements with GS behind what has no fixed length."""

    carrier: Carrier
    data: str
    text: str = ""
    """For people, under the symbol."""


def retail_carrier(article: Article) -> Carrier:
    """What a till reads without being told anything: the GTIN's own carrier, Code 128 for the shop's own codes."""
    if not article.is_gtin:
        return Carrier.CODE128
    if article.code.startswith("000000"):
        return Carrier.EAN8
    return Carrier.EAN13 if article.code.startswith("0") else Carrier.GS1_128


def symbol_of(article: Article, carrier: Carrier, link_base: str = LINK_BASE) -> Symbol:
    """The symbol. Raises Invalid when this carrier cannot say it."""
    _check(article, carrier)
    if carrier is Carrier.CODE128:
        return Symbol(carrier, article.code, article.code)
    if carrier is Carrier.QR:
        return Symbol(carrier, _link(article, link_base))
    if carrier.is_gs1:
        found = _elements(article)
        return Symbol(carrier, GS.join(found), "".join(f"({ai}){value}" for ai, value in _pairs(article)))
    digits = article.code[1:] if carrier is Carrier.EAN13 else article.code[6:]
    return Symbol(carrier, digits, digits)


def _check(article: Article, carrier: Carrier) -> None:
    if carrier is Carrier.CODE128:
        if not (article.code.isascii() and article.code.isprintable() and 0 < len(article.code) <= CODE_CHARS_MAX):
            raise Invalid("code_not_printable", f"expected a code of 1 to {CODE_CHARS_MAX} ASCII characters, "
                          f"got {article.code[:60]!r}", pointer="/code")  # fmt: skip
        return
    if not article.is_gtin:
        raise Invalid("no_gtin", f"expected a product with a GTIN for {carrier}, got the code {article.code[:60]!r}",
                      pointer="/code", expected="link a GTIN to the product, or take code128")  # fmt: skip
    if carrier in (Carrier.EAN13, Carrier.EAN8) and retail_carrier(article) is not carrier:
        raise Invalid("gtin_length", f"expected a GTIN that {carrier} can say, got {article.code}", pointer="/symbol",
                      expected=str(retail_carrier(article)))  # fmt: skip
    if article.lot is not None and not fits("10", article.lot):
        raise Invalid("lot", f"expected 1 to 20 letters, digits or signs of GS1's set, got {article.lot[:40]!r}",
                      pointer="/lot")  # fmt: skip
    if article.expiry is not None and not _is_day(article.expiry):
        raise Invalid("expiry", f"expected a day from {EXPIRY_FIRST} to {EXPIRY_LAST}, got {article.expiry[:20]!r}",
                      pointer="/expiry")  # fmt: skip


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text and EXPIRY_FIRST <= text <= EXPIRY_LAST
    except ValueError:
        return False


def _pairs(article: Article) -> list[tuple[str, str]]:
    lot = [("10", article.lot)] if article.lot is not None else []
    return [("01", article.code), *lot, *_expiry(article)]


def _expiry(article: Article) -> list[tuple[str, str]]:
    return [("17", article.expiry.replace("-", "")[2:])] if article.expiry is not None else []


def _elements(article: Article) -> list[str]:
    """The message, to be joined with GS: a new part begins behind each value without a fixed length."""
    pairs = _pairs(article)
    parts = [""]
    for number, (ai, value) in enumerate(pairs):
        parts[-1] += ai + value
        if ai == "10" and number + 1 < len(pairs):
            parts.append("")
    return parts


def _link(article: Article, base: str) -> str:
    lot = f"/10/{quote(article.lot, safe='')}" if article.lot is not None else ""
    query = "".join(f"?{ai}={value}" for ai, value in _expiry(article))
    return f"{base.rstrip('/')}/01/{article.code}{lot}{query}"
