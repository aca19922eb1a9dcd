"""Commissioning: what a scanner sends is shown byte by byte by name, and each wrong setting gets its advice."""

from typing import Any

import pytest

from scanner_drivers.framing import Framing, KeyFramer, ReportFramer, SsiFramer, TextFramer
from scanner_drivers.framing.frame import Framer
from scanner_drivers.framing.ssi import DECODE_DATA, Packet, encode
from scanner_drivers.monitor import Monitor, Recent, named
from tests.unit.scanner_drivers.keyboards import DROPPED, typed
from tests.unit.scanner_drivers.reports import ACCESS_IS

GOOD = b"]E04006381333931\r"
SECOND = 1_000_000_000


def seen(framer: Framer, *chunks: bytes) -> list[tuple[str, dict[str, Any]]]:
    """What a monitor tells of these chunks, a second apart, and of the silence behind them."""
    events: list[tuple[str, dict[str, Any]]] = []
    monitor = Monitor(lambda kind, body: events.append((kind, body)))
    monitor.opened(1, 0, framer.recipe)
    for number, chunk in enumerate(chunks, 1):
        now = number * SECOND
        frames = framer.feed(chunk, now)
        monitor.received(1, now, chunk, framer.readable(chunk))
        for frame in frames + framer.on_idle(now + SECOND // 2):
            monitor.framed(1, frame)
    return events


def advice(framer: Framer, *chunks: bytes) -> list[str]:
    return [one["code"] for one in seen(framer, *chunks)[-1][1]["advice"]]


def text() -> TextFramer:
    return TextFramer(Framing())


def test_every_byte_has_a_name() -> None:
    assert named(b"]d2\x1d01\x00\x7f\xe9~\r\n") == "]d2<GS>01<NUL><DEL><0xE9>~<CR><LF>"
    assert all(named(bytes([byte])).isprintable() and named(bytes([byte])).isascii() for byte in range(256))


def test_a_scan_is_shown_with_its_bytes_and_its_meaning() -> None:
    opened, arrived, frame = seen(text(), b"]d20104006381333931\x1d10A\x1d17271231\r")
    assert opened == ("opened", {"session": 1, "kind": "text"})
    assert arrived[0] == "bytes"
    assert arrived[1]["ascii"] == "]d20104006381333931<GS>10A<GS>17271231<CR>"
    assert arrived[1]["hex"].startswith("5d 64 32 30 31")
    assert frame[1] | {"hex": ""} == {
        "session": 1, "hex": "", "ascii": "]d20104006381333931<GS>10A<GS>17271231", "ended_by": "suffix",
        "aim": "]d2", "symbology": "gs1_datamatrix", "gtin": "04006381333931", "sku": None, "lot": "A",
        "expiry": "2027-12-31", "serial": None, "flags": [], "advice": [],
    }  # fmt: skip


def test_a_well_set_scanner_of_each_kind_but_a_wedge_gets_no_advice() -> None:
    assert advice(text(), GOOD, b"]E496385074\r", b"]C0SKU-1\r", b"]Q1https://id.gs1.org/01/04006381333931\r") == []
    assert advice(ReportFramer(ACCESS_IS.descriptor), *ACCESS_IS.reports(b"x" * 50)) == []
    assert advice(SsiFramer(), encode(Packet(DECODE_DATA, 0, 0, b"\x0b4006381333931"))) == []


@pytest.mark.parametrize(
    ("code", "chunks"),
    [
        ("aim_off", [b"4006381333931\r", b"96385074\r"]),
        ("suffix_missing", [b"]E04006381333931", b"]E04006381333931"]),
        ("stx_etx", [b"\x02]E04006381333931\x03\r"]),
        ("prefix", [b"A]E04006381333931\r"]),
        ("line_settings", [b"\xb4\xb0\xb0\xb6\xb3\xb8\xb1\xb3\xb3\xb3\xb9\xb3\xb1\x8d" * 3]),
        ("ssi", [encode(Packet(DECODE_DATA, 0, 0, b"\x0b4006381333931"))]),
        ("gs_substitute", [b"]d2010400638133393110A|17271231\r"]),
        ("gs_missing", [b"]d2010400638133393110LOT117261231\r"]),
        ("twice", [GOOD + GOOD]),
    ],
)
def test_each_wrong_setting_of_a_serial_scanner_is_recognised(code: str, chunks: list[bytes]) -> None:
    assert code in advice(text(), *chunks)


def test_a_wedge_is_advised_to_become_something_better() -> None:
    framer = KeyFramer(Framing(), "us")
    events = seen(framer, typed("]E04006381333931\r"))
    assert events[1][1]["ascii"] == "]E04006381333931<CR>", "what it typed, not its events"
    assert [one["code"] for one in events[-1][1]["advice"]] == ["wedge"]


@pytest.mark.parametrize(("scanner", "box"), [("us", "de"), ("fr", "us"), ("us", "fr"), ("de", "us")])
def test_a_wrong_keyboard_layout_is_recognised(scanner: str, box: str) -> None:
    framer = KeyFramer(Framing(), box)
    assert "other_keyboard" in advice(framer, typed("]E04006381333931\r", scanner))


def test_a_right_keyboard_layout_is_not_suspected() -> None:
    for layout in ("us", "de", "fr"):
        assert advice(KeyFramer(Framing(), layout), typed("]E04006381333931\r", layout)) == ["wedge"]


def test_dropped_keys_are_told() -> None:
    assert "damaged" in advice(KeyFramer(Framing(), "us"), typed("]E0400") + DROPPED + typed("31\r"))


def test_plain_text_where_packets_are_awaited_is_recognised() -> None:
    assert advice(SsiFramer(), b"4006381333931\r" * 3) == ["not_ssi"]


def test_the_last_bytes_are_kept_and_no_more() -> None:
    recent = Recent()
    assert (recent.data, recent.received_ns) == (b"", None)
    recent.received(1, 5, b"raw", b"a" * 300)
    recent.received(1, 7, b"raw", b"4006\r")
    assert (recent.data, recent.received_ns) == (b"a" * 251 + b"4006\r", 7)
