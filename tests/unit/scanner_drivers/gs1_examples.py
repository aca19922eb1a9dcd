"""GS1's own published examples, as facts: what a scanner sends, and what it means.

Sources, by their short name here:
    link    GS1 Digital Link Standard: URI Syntax, its examples of GTINs with qualifiers and attributes
    engine  GS1 Barcode Syntax Engine 1.4 (reference implementation), examples of its scan data and link tests
    guide   GS1 DataMatrix Guideline and GS1 General Specifications, examples of element strings
Values that a shop does not use (AIs 22, 90-99, 235) are left out of what is expected.
"""

from typing import Any, NamedTuple

GS = "\x1d"


class Example(NamedTuple):
    source: str
    sent: str
    meaning: dict[str, Any]


def _link(tail: str, **meaning: Any) -> list[Example]:
    """A link of the standard, as each 2D carrier brings it, and without AIM id."""
    address = "https://id.gs1.org/01/09520123456788" + tail
    known = {"gtin": "09520123456788", **meaning}
    return [Example("link", aim + address, known) for aim in ("", "]Q1", "]d1", "]J0")]


def _elements(tail: str, **meaning: Any) -> list[Example]:
    """An element string of the engine's tests, in each carrier that brings one."""
    known = {"gtin": "12312312312333", **meaning}
    return [Example("engine", f"{aim}0112312312312333{tail}", known) for aim in ("]C1", "]d2", "]Q3", "]e0", "]J1")]


READ = [
    *_link(""),
    *_link("/22/2A"),
    *_link("/10/ABC123", lot="ABC123"),
    *_link("/21/12345", serial="12345"),
    *_link("/10/ABC1/21/12345?17=180426", lot="ABC1", serial="12345", expiry="2018-04-26"),
    *_link("?3103=000195", quantity=195, weight_unit="kg"),
    *_link("?3103=000195&3922=0299&17=201225", quantity=195, weight_unit="kg", price_minor=299, expiry="2020-12-25"),
    *_link("?17=201225&3103=000195&3922=0299", quantity=195, weight_unit="kg", price_minor=299, expiry="2020-12-25"),
    Example("link", "]Q1https://brand.example.com/01/9520123456788", {"gtin": "09520123456788"}),
    Example("link", "]Q1https://brand.example.com/some-extra/pathinfo/01/9520123456788", {"gtin": "09520123456788"}),
    Example("link", "]Q1https://example.com/01/9520123456788?3103=000195&3922=0299&17=201225", {
        "gtin": "09520123456788", "quantity": 195, "weight_unit": "kg", "price_minor": 299, "expiry": "2020-12-25"}),
    Example("engine", "]Q1HTTPS://example.com/01/12312312312333?99=TEST", {"gtin": "12312312312333"}),
    Example("engine", "]Q1HtTps://example.com/01/12312312312333?99=TEST", {"gtin": "12312312312333"}),
    Example("engine", "]d1https://example.com/01/12312312312333?99=TEST", {"gtin": "12312312312333"}),
    Example("engine", "]Q1https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ", {
        "gtin": "12312312312333", "lot": "ABC", "serial": "XYZ"}),
    Example("engine", "]Q1https://a/01/12312312312333/22/test/10/abc/21/xyz#fragment", {
        "gtin": "12312312312333", "lot": "abc", "serial": "xyz"}),
    Example("engine", "]Q1https://a/01/12312312312333/22/ABC%2d123?99=ABC&98=XYZ%2f987", {"gtin": "12312312312333"}),
    Example("engine", "]Q1https://a/01/12312312312333?&&&99=ABC&&&&&&98=XYZ&&&", {"gtin": "12312312312333"}),
    Example("engine", "]Q1https://a/01/12312312312333?singleton1&unknown1=555&99=ABC", {"gtin": "12312312312333"}),
    Example("engine", "]Q1https://a/gtin/12312312312333/ser/ABC123", {"gtin": "12312312312333", "serial": "ABC123"}),
    Example("engine", "]Q1https://a/01/416000336108", {"gtin": "00416000336108"}),
    *_elements(f"10ABC123{GS}99TESTING", lot="ABC123"),
    *_elements(f"10ABC123{GS}1199122598TESTING{GS}97XYZ", lot="ABC123"),
    *_elements(f"235XYZ{GS}10ABC", lot="ABC"),
    Example("engine", "]e00124012345678905", {"gtin": "24012345678905"}),
    Example("engine", "]e00115012345678907", {"gtin": "15012345678907"}),
    Example("engine", "]E0416000336108", {"gtin": "00416000336108"}),
    Example("guide", f"]d201034531200000111719112510ABCD1234{GS}2110", {
        "gtin": "03453120000011", "expiry": "2019-11-25", "lot": "ABCD1234", "serial": "10"}),
    Example("guide", "]C101095011015300031714070410AB-123", {
        "gtin": "09501101530003", "expiry": "2014-07-04", "lot": "AB-123"}),
    Example("guide", "]E09501101530003", {"gtin": "09501101530003"}),
]  # fmt: skip

INSTORE = [
    Example("engine", "]E02112345678900", {"gtin": "02112345678900"}),
    Example("engine", "]E402345673", {"gtin": "00000002345673"}),
    Example("engine", "]Q1https://a/01/02112345678900", {"gtin": "02112345678900"}),
]
"""Prefixes that GS1 leaves to the store: the number, and nothing guessed."""

REFUSED = [
    "]e0", "]Q3", "]d2", "]J1", "]C1", "]E0", "]E4",
    "]E012345678901234", "]E01234ABC890123", "]E02112345678901",
    "]E41234567", "]E4123456789", "]E412ABC678", "]E402345674",
    "]Q1https://a/NOPRIMARYAI", "]Q1http://a/", "]Q1https://a/01//12312312312333", "]Q1https://a/zzz/12312312312333",
    "]C101123123123123^10ABC", "]Q1https://a/01/1231231231233%003",
]  # fmt: skip
"""What the engine refuses: no article. (It also refuses the 12 digits of a UPC-A, which scanners do send.)"""
