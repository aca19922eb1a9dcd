"""Scanner URLs: what is not known is an error, and every error is told at once."""

import pytest

from scanner_drivers import BadConfig, parse_scanner_url
from scanner_drivers.url import KeysAddress, ReplayAddress, ReportsAddress, SerialAddress, TcpAddress


def test_a_serial_url_says_port_line_settings_and_framing() -> None:
    url = parse_scanner_url("serial:///dev/ttyACM0?baud=115200&parity=E&bits=7&stop=2&rtscts=1&suffix=stx&idle=80")
    assert url.address == SerialAddress(path="/dev/ttyACM0", baud=115200, parity="E", bits=7, stop=2, rtscts=True)
    assert (url.framing.mode, url.framing.idle_ns) == ("stx_etx", 80_000_000)


def test_defaults_are_what_most_scanners_are_set_to() -> None:
    url = parse_scanner_url("serial:///dev/ttyUSB0")
    assert url.address == SerialAddress(path="/dev/ttyUSB0", baud=9600, parity="N", bits=8, stop=1)
    assert (url.framing.mode, url.framing.idle_ns, url.dedupe_ns) == ("line", 50_000_000, 0)
    assert parse_scanner_url("tcp://h:1").framing.idle_ns == 150_000_000


def test_tcp_and_replay_urls() -> None:
    listening = parse_scanner_url("tcp://127.0.0.1:2001?role=listen&clients=2&ignore=NoRead,HB")
    assert listening.address == TcpAddress(host="127.0.0.1", port=2001, listen=True, clients=2)
    assert listening.ignore == {b"NoRead", b"HB"}
    replay = parse_scanner_url("replay:///tmp/my%20file.jsonl?speed=0")
    assert replay.address == ReplayAddress(path="/tmp/my file.jsonl", speed=0)


def test_wedges_hid_pos_zebra_and_bluetooth_have_urls_of_the_same_house() -> None:
    wedge = parse_scanner_url("evdev:///dev/input/by-id/usb-Honeywell-event-kbd?layout=de&grab=0&suffix=tab")
    assert wedge.address == KeysAddress(path="/dev/input/by-id/usb-Honeywell-event-kbd", layout="de", grab=False)
    assert (wedge.framing.mode, wedge.framing.idle_ns) == ("tab", 100_000_000)
    assert parse_scanner_url("hidpos:///dev/hidraw0?max=500").address == ReportsAddress(path="/dev/hidraw0")
    zebra = parse_scanner_url("serial:///dev/ttyACM0?protocol=ssi").address
    assert zebra == SerialAddress(path="/dev/ttyACM0", protocol="ssi")
    radio = parse_scanner_url("bluetooth:///dev/rfcomm0?protocol=ssi")
    assert radio.address == SerialAddress(path="/dev/rfcomm0", protocol="ssi", sleeps=True)
    assert radio.framing.idle_ns == 150_000_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/dev/ttyACM0",
        "file:///etc/passwd",
        "loop://",
        "spy:///dev/ttyACM0",
        "serial://dev/ttyACM0",
        "serial:///",
        "tcp://host",
        "tcp://:5",
        "tcp://host:99999",
        "tcp://host:5/path",
        "tcp://user:pw@host:5",
        "replay://",
        "serial://[",
        "serial:///dev/x?baud=9601",
        "serial:///dev/x?baud=٩٦٠٠",
        "serial:///dev/x?baud=",
        "serial:///dev/x?role=listen",
        "serial:///dev/x?baud=9600&baud=9600",
        "serial:///dev/x?Baud=9600",
        "tcp://host:5?idle=-1",
        "evdev:///dev/input/event0?layout=klingon",
        "evdev:///dev/input/event0?baud=9600",
        "hidpos:///dev/hidraw0?suffix=cr",
        "hidpos://hidraw0",
        "bluetooth:///dev/rfcomm0?baud=9600",
        "bluetooth://AA:BB:CC:DD:EE:FF",
        "serial:///dev/ttyACM0?protocol=ssi&bits=7",
        "serial:///dev/ttyACM0?protocol=snapi",
    ],
)
def test_a_url_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(BadConfig):
        parse_scanner_url(text)


def test_all_mistakes_of_a_url_are_told_at_once() -> None:
    with pytest.raises(BadConfig) as caught:
        parse_scanner_url("serial://host/dev/x?baud=1&parity=Q&color=red&idle=x")
    assert all(word in str(caught.value) for word in ("three slashes", "baud", "parity", "color", "idle"))
