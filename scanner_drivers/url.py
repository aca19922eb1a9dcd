"""Scanner URLs: one line of configuration for one device.

    serial:///dev/ttyACM0?baud=9600&parity=N&suffix=auto     bluetooth:///dev/rfcomm0?protocol=ssi
    evdev:///dev/input/by-id/usb-…-event-kbd?layout=de       hidpos:///dev/hidraw0
    tcp://10.0.0.7:2001?role=connect        tcp://0.0.0.0:2001?role=listen&clients=2
    replay:///var/lib/backstock/monday.jsonl?speed=1

Owns which schemes and keys exist; everything else is an error, and all errors of a URL are
told at once. It opens nothing. Keys of every scheme: max (bytes), dedupe (ms), ignore (texts
such as NoRead, comma-separated); of all but hidpos: suffix (auto, cr, lf, crlf, tab, stx,
none) and idle (ms).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from scanner_drivers.errors import BadConfig
from scanner_drivers.framing import LAYOUTS, MAX_FRAME, Framing, Mode

_SUFFIX_MODES: dict[str, Mode] = {
    "auto": "line", "cr": "line", "lf": "line", "crlf": "line", "tab": "tab", "stx": "stx_etx", "none": "gap",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress:
    path: str
    baud: int = 9600
    parity: str = "N"
    bits: int = 8
    stop: int = 1
    rtscts: bool = False
    protocol: Literal["plain", "ssi"] = "plain"
    sleeps: bool = False
    """A Bluetooth scanner that goes away to save its battery: no fault, and slow to come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAddress:
    path: str
    layout: str = "us"
    grab: bool = True
    """Nobody else gets the keys: a scan never lands in whatever field has the focus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsAddress:
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    host: str
    port: int
    listen: bool = False
    clients: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayAddress:
    path: str
    speed: float = 1
    """1 as recorded, 2 twice as fast, 0 without waiting."""


Address = SerialAddress | KeysAddress | ReportsAddress | TcpAddress | ReplayAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerUrl:
    text: str
    address: Address
    framing: Framing
    dedupe_ns: int
    ignore: frozenset[bytes]


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):
            raise ValueError(f"a number from {low} to {high}")
        return int(text)

    return parse


def _choice(values: Mapping[str, Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return values[text]

    return parse


def _texts(text: str) -> frozenset[bytes]:
    return frozenset(part.encode() for part in text.split(",") if part)


_SWITCH = _choice({"0": False, "1": True})
Keys = dict[str, Callable[[str], Any]]
_OF_ALL: Keys = {"max": _number(16, 65_536), "dedupe": _number(0, 1_000), "ignore": _texts}
_OF_TEXT: Keys = _OF_ALL | {"suffix": _choice(_SUFFIX_MODES), "idle": _number(5, 10_000)}
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
_PROTOCOL = _choice({"plain": "plain", "ssi": "ssi"})
_KEYS: dict[str, Keys] = {
    "serial": _OF_TEXT | {
        "baud": _choice({str(baud): baud for baud in _BAUDS}),
        "parity": _choice({"N": "N", "E": "E", "O": "O"}),
        "bits": _choice({"7": 7, "8": 8}),
        "stop": _choice({"1": 1, "2": 2}),
        "rtscts": _SWITCH,
        "protocol": _PROTOCOL,
    },
    "bluetooth": _OF_TEXT | {"protocol": _PROTOCOL},
    "evdev": _OF_TEXT | {"layout": _choice({name: name for name in LAYOUTS}), "grab": _SWITCH},
    "hidpos": _OF_ALL,
    "tcp": _OF_TEXT | {"role": _choice({"connect": False, "listen": True}), "clients": _number(1, 64)},
    "replay": _OF_TEXT | {"speed": _number(0, 1000)},
}  # fmt: skip
_OF_PATH: dict[str, Callable[..., Address]] = {
    "serial": SerialAddress, "bluetooth": partial(SerialAddress, sleeps=True), "evdev": KeysAddress,
    "hidpos": ReportsAddress, "replay": ReplayAddress,
}  # fmt: skip
_IDLE_MS = {"bluetooth": 150, "tcp": 150, "evdev": 100}  # radio and network hold bytes back, keys come one by one
_IDLE_MS_DEFAULT = 50


def parse_scanner_url(text: str) -> ScannerUrl:
    """The URL's meaning. Raises BadConfig that names every mistake in it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadConfig(f"scanner URL {text!r}: {error}") from error
    if parts.scheme not in _KEYS:
        raise BadConfig(f"scanner URL {text!r}: expected one of {', '.join(f'{name}://' for name in _KEYS)}")
    problems = _problems(parts, port)
    values = _values(parts, problems)
    if problems:
        raise BadConfig(f"scanner URL {text!r}: " + "; ".join(problems))
    framing = Framing(
        mode=values.pop("suffix", "line"),
        idle_ns=values.pop("idle", _IDLE_MS.get(parts.scheme, _IDLE_MS_DEFAULT)) * 1_000_000,
        max_frame=values.pop("max", MAX_FRAME),
    )
    return ScannerUrl(
        text=text,
        dedupe_ns=values.pop("dedupe", 0) * 1_000_000,
        ignore=values.pop("ignore", frozenset()),
        framing=framing,
        address=_address(parts, port, values),
    )


def _problems(parts: SplitResult, port: int | None) -> list[str]:
    problems = []
    if parts.username is not None or parts.fragment:
        problems.append("expected no user and no #fragment")
    if parts.scheme == "tcp":
        if not parts.hostname or port is None:
            problems.append("expected a host and a port")
        if parts.path not in ("", "/"):
            problems.append(f"expected no path, got {parts.path!r}")
    elif parts.netloc or not parts.path.startswith("/") or parts.path == "/":
        problems.append(f"expected three slashes and an absolute path ({parts.scheme}:///…)")
    return problems


def _values(parts: SplitResult, problems: list[str]) -> dict[str, Any]:
    known = _KEYS[parts.scheme]
    values: dict[str, Any] = {}
    for key, text in parse_qsl(parts.query, keep_blank_values=True):
        if key not in known:
            problems.append(f"unknown key {key!r} (known: {', '.join(sorted(known))})")
        elif key in values:
            problems.append(f"{key} is given twice")
        else:
            try:
                values[key] = known[key](text)
            except ValueError as error:
                problems.append(f"{key}: expected {error}, got {text!r}")
    if values.get("protocol") == "ssi" and values.get("bits") == 7:
        problems.append("bits: expected 8 with protocol=ssi")
    return values


def _address(parts: SplitResult, port: int | None, values: dict[str, Any]) -> Address:
    if parts.scheme == "tcp":
        listen = values.pop("role", False)
        return TcpAddress(host=cast("str", parts.hostname), port=cast("int", port), listen=listen, **values)
    return _OF_PATH[parts.scheme](path=unquote(parts.path), **values)
