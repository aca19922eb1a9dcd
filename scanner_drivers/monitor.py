"""What a person sees who sets up a scanner: each byte by name, each scan with its meaning, and advice.

A `Monitor` is a tap that turns what it hears into plain dictionaries for a terminal or a page;
`Recent` keeps the last bytes of a device. Both show control characters by name, since nothing
that a barcode holds may act on a screen.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from scanner_drivers.advice import Advisor
from scanner_drivers.decode import StoreProfile, decode
from scanner_drivers.framing import Frame, Recipe
from scanner_drivers.scan import RawScan, Scan

_NAMES = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip
_SHOWN = {code: f"<{name}>" for code, name in enumerate(_NAMES)} | {0x7F: "<DEL>"}
RECENT_BYTES = 256


def named(data: bytes) -> str:
    """ASCII with control characters and other bytes by name: `]E04006381333931<CR>`, `<0xE9>`."""
    return "".join(_SHOWN.get(byte) or (chr(byte) if byte < 0x80 else f"<0x{byte:02X}>") for byte in data)


class Monitor:
    """A `Tap`; `tell` gets the kind of each event and what it says."""

    def __init__(self, tell: Callable[[str, dict[str, Any]], None], profile: StoreProfile | None = None) -> None:
        self._tell = tell
        self._profile = profile or StoreProfile()
        self._advisors: dict[int, Advisor] = {}

    def opened(self, session: int, _t_ns: int, recipe: Recipe, /) -> None:
        self._advisors[session] = Advisor(str(recipe["kind"]))
        self._tell("opened", {"session": session, "kind": recipe["kind"]})

    def received(self, session: int, _t_ns: int, data: bytes, readable: bytes, /) -> None:
        self._advisors[session].heard(readable)
        shown = {"session": session, "hex": data.hex(" "), "ascii": named(readable)}
        self._tell("bytes", shown | {"advice": self._advice(session)})

    def framed(self, session: int, frame: Frame, /) -> None:
        raw = RawScan(
            raw=frame.data, device="", session=session, sequence=0, received_ns=frame.received_ns, reason=frame.reason
        )
        scan = decode(raw, self._profile)
        self._advisors[session].framed(frame, scan)
        shown = {"session": session, "hex": frame.data.hex(" "), "ascii": named(frame.data), "ended_by": frame.reason}
        self._tell("frame", shown | _meaning(scan) | {"advice": self._advice(session)})

    def _advice(self, session: int) -> list[dict[str, str]]:
        return [advice._asdict() for advice in self._advisors[session].advice()]


class Recent:
    """A `Tap` that keeps the last bytes of a device, as a person can read them, and when they came."""

    def __init__(self) -> None:
        self._bytes: deque[int] = deque(maxlen=RECENT_BYTES)
        self.received_ns: int | None = None

    @property
    def data(self) -> bytes:
        return bytes(self._bytes)

    def forget(self) -> None:
        """They were nothing to be shown."""
        self._bytes.clear()
        self.received_ns = None

    def opened(self, session: int, t_ns: int, recipe: Recipe, /) -> None:
        """What came before an unplug is still of use to who looks for the fault."""

    def received(self, _session: int, t_ns: int, _data: bytes, readable: bytes, /) -> None:
        self._bytes.extend(readable)
        self.received_ns = t_ns

    def framed(self, session: int, frame: Frame, /) -> None:
        """Its bytes are here already."""


def _meaning(scan: Scan) -> dict[str, Any]:
    return {
        "aim": scan.aim, "symbology": scan.symbology, "gtin": scan.gtin, "sku": scan.sku, "lot": scan.lot,
        "expiry": scan.expiry, "serial": scan.serial, "flags": sorted(scan.flags),
    }  # fmt: skip
