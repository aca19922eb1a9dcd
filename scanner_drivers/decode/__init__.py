"""Frame to meaning. `decode` is pure and total: any bytes give a Scan, no bytes raise.

    bytes -> text -> AIM id (aim) -> route -> retail | gs1 | digital_link | text -> Scan

The AIM id decides the route. Without one, digits of a GTIN's length are a GTIN before they
are anything else; a web address is a link; GS, or 01 with a right check digit, means GS1.
"""

from scanner_drivers.decode.aim import MARKER, Carrier, carrier_of, split_identifier
from scanner_drivers.decode.decoded import Decoded, refused
from scanner_drivers.decode.digital_link import decode_link, is_address
from scanner_drivers.decode.gs1 import GS, decode_elements
from scanner_drivers.decode.profile import StoreProfile
from scanner_drivers.decode.retail import decode_ean, decode_ean8, decode_itf, guess_digits
from scanner_drivers.decode.text import decode_text, to_text, visible
from scanner_drivers.scan import RawScan, Scan
from sync_protocol.gtin import is_digits, is_valid_gtin

__all__ = ["StoreProfile", "decode"]

_SELF_CONTAINED = {("]E0", 13), ("]E4", 8), ("]I1", 14)}
_SHOWN = 1_024


def decode(raw: RawScan, profile: StoreProfile) -> Scan:
    """What the frame means in this store."""
    text, guessed = to_text(raw.raw, profile.code_page)
    aim, data = split_identifier(text)
    found = _identify(raw, aim, data, profile)
    flags = found.flags | {"encoding_guess"} if guessed else found.flags
    return Scan(
        raw.raw, aim, found.symbology, visible(data[:_SHOWN]), found.gtin, found.sku, found.lot, found.expiry,
        found.serial, found.quantity, found.weight_unit, found.price_minor, flags,
        raw.device, raw.session, raw.sequence, raw.received_ns,
    )  # fmt: skip


def _identify(raw: RawScan, aim: str | None, data: str, profile: StoreProfile) -> Decoded:
    carrier = carrier_of(aim)
    if raw.reason == "overlong" or raw.reason == "damaged":
        return refused(carrier.symbology, raw.reason)
    if not data:
        return refused(carrier.symbology, "empty")
    if raw.reason == "unterminated" and (aim, len(data)) not in _SELF_CONTAINED:
        # The scanner should have sent a terminator: this may be the front part of a code.
        return refused(carrier.symbology, "unterminated")
    if aim is None:
        return _guess(data, profile)
    return _follow(carrier, data, profile)


def _follow(carrier: Carrier, data: str, profile: StoreProfile) -> Decoded:
    route = carrier.route
    if route == "ean" or route == "ean8":
        return _retail(carrier, data, profile)
    if route == "itf":
        return decode_itf(data, carrier.symbology)
    if route == "elements":
        link = decode_link(data, profile) if is_address(data) else None
        return link or decode_elements(data, carrier.symbology, profile)
    if route == "addon":
        return refused(carrier.symbology, "addon")
    return _text(data, carrier.symbology, profile)


def _retail(carrier: Carrier, data: str, profile: StoreProfile) -> Decoded:
    """One EAN; or one with the second, tagged part that some scanners append for an add-on."""
    main, *others = MARKER.split(data)
    read = decode_ean8 if carrier.route == "ean8" else decode_ean
    found = read(main, profile)
    if not others:
        return found
    if all(part.startswith(("E1", "E2", "C181")) for part in others):
        return found._replace(flags=found.flags | {"addon"})
    return refused(carrier.symbology, "suspect_concat")


def _guess(data: str, profile: StoreProfile) -> Decoded:
    if is_digits(data):
        digits = guess_digits(data, profile)
        if digits:
            return digits
    if GS in data or (data.startswith("01") and len(data) >= 16 and is_valid_gtin(data[2:16])):
        return decode_elements(data, "gs1", profile)
    return _text(data, "unknown", profile)


def _text(data: str, symbology: str, profile: StoreProfile) -> Decoded:
    found = decode_text(data, symbology)
    if not is_address(data):
        return found
    return decode_link(data, profile) or found._replace(flags=found.flags | {"url"})
