"""HID POS: places come from the device's own descriptor, a scan is whole or says that it is not."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner_drivers import BadConfig
from scanner_drivers.framing import Frame, ReportFramer
from scanner_drivers.framing.descriptor import is_scanner, report_layout
from tests.unit.scanner_drivers.builders import FUZZ_INPUTS
from tests.unit.scanner_drivers.reports import ACCESS_IS, KEYBOARD, NEWLAND, PADDED, Device

VCARD = b"BEGIN:VCARD\r\nFN:Shelf 3\r\n" + b"NOTE:" + b"x" * 120 + b"\r\nEND:VCARD"
MS = 1_000_000


def read(device: Device, reports: list[bytes]) -> list[tuple[bytes, str]]:
    framer = ReportFramer(device.descriptor)
    return [(frame.data, frame.reason) for report in reports for frame in framer.feed(report, 5)]


def test_places_are_read_from_the_descriptor() -> None:
    """Nasty case 17: offsets differ by maker."""
    honeywell, newland = report_layout(ACCESS_IS.descriptor), report_layout(NEWLAND.descriptor)
    assert (honeywell.report_id, honeywell.size, honeywell.data, honeywell.count) == (2, 64, slice(5, 61), 1)
    assert (honeywell.symbology, honeywell.continued) == (slice(2, 5), (63, 1))
    assert (newland.size, newland.data, newland.count, newland.symbology) == (64, slice(2, 58), 1, None)


@pytest.mark.parametrize(("device", "aim"), [(ACCESS_IS, b"]Q0"), (NEWLAND, b"")])
@pytest.mark.parametrize("size", [1, 55, 56, 57, 112, 113, 500])
def test_a_code_of_any_length_comes_whole_with_its_aim_id(device: Device, aim: bytes, size: int) -> None:
    """Nasty case 17: continued reports."""
    data = random.Random(size).randbytes(size - 1) + b"."
    assert read(device, device.reports(data)) == [(aim + data, "packet")]


def test_line_ends_inside_a_code_stay_inside() -> None:
    assert read(ACCESS_IS, ACCESS_IS.reports(VCARD)) == [(b"]Q0" + VCARD, "packet")]


def test_a_suffix_that_the_scanner_still_sends_is_no_part_of_the_code() -> None:
    assert read(NEWLAND, NEWLAND.reports(b"4006381333931\r\n")) == [(b"4006381333931", "packet")]


def test_data_padded_with_nul_ends_where_the_padding_begins() -> None:
    framer = ReportFramer(PADDED)
    assert (framer.report_bytes, framer.feed(b"4006381333931".ljust(32, b"\0"), 1)) == (
        32, [Frame(b"4006381333931", "packet", 1)],
    )  # fmt: skip


def test_a_code_whose_last_part_never_comes_is_damaged() -> None:
    """Nasty case 17: the last part is missing."""
    framer = ReportFramer(ACCESS_IS.descriptor)
    first = ACCESS_IS.reports(b"y" * 100)[0]
    assert framer.feed(first, 0) == []
    assert framer.on_idle(199 * MS) == []
    assert framer.on_idle(200 * MS) == [Frame(b"]Q0" + b"y" * 56, "damaged", 0)]
    assert framer.deadline() is None


def test_another_scan_in_place_of_the_last_part_leaves_the_first_damaged_and_is_read() -> None:
    reports = [ACCESS_IS.reports(b"y" * 100)[0], *ACCESS_IS.reports(b"4006381333931", b"]E0")]
    assert read(ACCESS_IS, reports) == [(b"]Q0" + b"y" * 56, "damaged"), (b"]E04006381333931", "packet")]


@pytest.mark.parametrize("lie", [57, 200, 255])
def test_a_report_that_says_more_than_it_holds_is_damaged(lie: int) -> None:
    report = bytearray(ACCESS_IS.reports(b"4006381333931")[0])
    report[1] = lie
    assert [reason for _, reason in read(ACCESS_IS, [bytes(report)])] == ["damaged"]


def test_a_short_report_is_damaged_and_one_of_another_kind_is_left_out() -> None:
    whole = ACCESS_IS.reports(b"4006381333931")[0]
    assert [reason for _, reason in read(ACCESS_IS, [whole[:10]])] == ["damaged"]
    assert read(ACCESS_IS, [b"\x05" + whole[1:], b"\x02" + bytes(63)]) == []


def test_a_device_that_always_says_more_follows_fills_no_memory() -> None:
    framer = ReportFramer(ACCESS_IS.descriptor, max_frame=100)
    more = ACCESS_IS.reports(b"z" * 100)[0]
    for _ in range(50):
        assert framer.feed(more, 0) == []
    last = framer.feed(ACCESS_IS.reports(b"z")[0], 1)
    assert [(len(frame.data), frame.reason) for frame in last] == [(103, "overlong")]
    assert framer.dropped == 50 * 56 + 1 - 100


def test_an_unplug_in_mid_code_leaves_nothing_for_the_next_session() -> None:
    framer = ReportFramer(NEWLAND.descriptor)
    framer.feed(NEWLAND.reports(b"q" * 80)[0], 0)
    assert framer.reset() == 56
    assert framer.feed(NEWLAND.reports(b"96385074")[0], 1) == [Frame(b"96385074", "packet", 1)]


def test_what_is_no_scanner_is_refused() -> None:
    assert (is_scanner(ACCESS_IS.descriptor), is_scanner(NEWLAND.descriptor), is_scanner(KEYBOARD)) == (
        True, True, False,
    )  # fmt: skip
    for descriptor in (KEYBOARD, b"", b"\xff" * 300):
        with pytest.raises(BadConfig, match="HID POS"):
            ReportFramer(descriptor)


def test_a_report_whose_number_fits_no_byte_is_none() -> None:
    """HID 1.11, section 6.2.2.7: a report's number is one byte."""
    numbered = ACCESS_IS.descriptor.replace(b"\x85\x02", b"\x86\x02\x01")
    assert numbered != ACCESS_IS.descriptor
    with pytest.raises(BadConfig):
        ReportFramer(numbered)


@pytest.mark.timeout(0)
@settings(max_examples=max(200, FUZZ_INPUTS // 4), derandomize=True, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 60), st.lists(st.binary(max_size=70), max_size=8))
def test_any_descriptor_and_any_reports_are_survived(noise: bytes, at: int, reports: list[bytes]) -> None:
    descriptor = ACCESS_IS.descriptor[:at] + noise + ACCESS_IS.descriptor[at:]
    is_scanner(descriptor)
    try:
        framer = ReportFramer(descriptor)
    except BadConfig:
        framer = ReportFramer(ACCESS_IS.descriptor)
    for number, report in enumerate(reports):
        framer.feed(report, number)
    framer.on_idle(10**12)
    assert framer.deadline() is None
