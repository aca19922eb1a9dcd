"""F16–F20 and webhooks: the pure rules of who is told what and when, and whom a webhook may call."""

from base64 import b64decode
from datetime import UTC, date, datetime
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

import pytest

from cloud_hub.domain import webhooks
from cloud_hub.domain.alert_settings import GATHER_MS, is_wanted, merged, tell_at_ms
from cloud_hub.domain.alert_types import AlertType, rules_of, type_of
from cloud_hub.domain.watching import BoxSeen, Lot, Verdict, judge_box, judge_lots
from cloud_hub.domain.wording import Line, mail, sentence

MINUTE_MS = 60_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("own", "now", "then"),
    [
        ({}, "2026-11-21T10:00:00", "2026-11-21T10:01:00"),
        ({"quiet_from": "22:00", "quiet_until": "07:00"}, "2026-11-21T23:00:00", "2026-11-22T07:00:00"),
        ({"quiet_from": "22:00", "quiet_until": "07:00"}, "2026-11-21T06:00:00", "2026-11-21T07:00:00"),
        ({"quiet_from": "22:00", "quiet_until": "07:00"}, "2026-11-21T12:00:00", "2026-11-21T12:01:00"),
        ({"quiet_from": "22:00", "quiet_until": "07:00", "timezone": "Europe/Berlin"}, "2026-11-21T21:30:00",
         "2026-11-22T06:00:00"),
        ({"quiet_from": "22:00", "quiet_until": "07:00", "timezone": "Europe/Berlin"}, "2026-03-28T23:00:00",
         "2026-03-29T05:00:00"),
        ({"digest": "daily", "digest_at": "08:00"}, "2026-11-21T10:00:00", "2026-11-22T08:00:00"),
        ({"digest": "hourly"}, "2026-11-21T10:20:00", "2026-11-21T11:00:00"),
        ({"digest": "daily", "digest_at": "05:00", "quiet_from": "22:00", "quiet_until": "07:00"},
         "2026-11-21T10:00:00", "2026-11-22T07:00:00"),
    ],
)  # fmt: skip
def test_people_are_told_after_a_minute_or_when_their_quiet_hours_or_digest_say(
    own: dict[str, Any], now: str, then: str
) -> None:
    assert tell_at_ms(merged(own), ms(now)) == ms(then)
    assert tell_at_ms(merged(own), ms(now)) >= ms(now) + GATHER_MS


def test_nobody_hears_of_what_they_muted_or_find_too_small() -> None:
    assert is_wanted(merged(), "low_stock", "info")
    assert not is_wanted(merged({"min_severity": "warning"}), "low_stock", "info")
    assert not is_wanted(merged({"low_stock_enabled": False}), "out_of_stock", "critical")
    assert is_wanted(merged({"low_stock_enabled": False}), "device_offline", "warning")
    assert not is_wanted(merged({"muted_types": ["expiry"]}), "expiry", "critical")
    assert not is_wanted(merged({"email_enabled": False}), "expiry", "critical")


def test_each_type_finds_its_alerts() -> None:
    for severity, kind in (("info", "low_stock"), ("warning", "critical"), ("critical", "out_of_stock")):
        assert type_of("low_stock", severity) == kind
        if kind != "low_stock":
            assert rules_of(kind) == (["low_stock"], severity)
    assert rules_of("low_stock") == (["low_stock"], None)
    assert (type_of("clock", "warning"), rules_of("clock_skew")) == ("clock_skew", (["clock", "clock_skew"], None))
    assert type_of("of a later version", "info") == "of a later version"


def a_box(**seen: Any) -> BoxSeen:
    fields = {"is_heard": True, "is_connected": True, "last_seen_ms": 0, "oldest_unsent_ms": None, **seen}
    return BoxSeen("site", "device", "till", **fields)


@pytest.mark.parametrize(
    ("seen", "minutes", "offline", "lag"),
    [
        ({}, 600, Verdict.CLEAR, Verdict.CLEAR),
        ({"is_connected": False}, 14, Verdict.KEEP, Verdict.KEEP),
        ({"is_connected": False}, 15, Verdict.RAISE, Verdict.KEEP),
        ({"is_connected": False, "is_heard": False}, 600, Verdict.KEEP, Verdict.KEEP),
        ({"oldest_unsent_ms": 0}, 60, Verdict.CLEAR, Verdict.RAISE),
        ({"oldest_unsent_ms": 0}, 40, Verdict.CLEAR, Verdict.KEEP),
        ({"oldest_unsent_ms": 0}, 30, Verdict.CLEAR, Verdict.CLEAR),
    ],
)
def test_a_box_is_judged_by_what_the_hub_can_know_of_it(
    seen: dict[str, Any], minutes: int, offline: Verdict, lag: Verdict
) -> None:
    found = {each.rule: each.verdict for each in judge_box(a_box(**seen), merged(), minutes * MINUTE_MS)}
    assert found == {AlertType.DEVICE_OFFLINE: offline, AlertType.SYNC_LAG: lag}


def test_of_lots_that_end_those_are_told_that_must_still_be_here() -> None:
    lots = [Lot("A", date(2026, 11, 20), 5), Lot("B", date(2026, 11, 25), 5), Lot("C", date(2027, 1, 1), 5)]
    today = date(2026, 11, 21)
    assert [each.detail for each in judge_lots("s", "p", lots, 15, merged(), today)] == [
        "lot B expires on 2026-11-25", "lot A expired on 2026-11-20",
    ]  # fmt: skip
    assert [each.severity for each in judge_lots("s", "p", lots, 15, merged(), today)] == ["warning", "critical"]
    assert [each.detail[:5] for each in judge_lots("s", "p", lots, 6, merged(), today)] == ["lot B"]
    assert judge_lots("s", "p", lots, 5, merged(), today) == []


def test_a_mail_says_the_worst_first_and_no_control_characters() -> None:
    lines = [
        Line("low_stock", "info", "Berlin", "Milk", "5", ""),
        Line("out_of_stock", "critical", "Bonn", "Bread\r\nBcc: x@y", "0", ""),
    ]
    subject, text = mail(lines, "https://hub.example")
    assert subject == "2 alerts, first: Bonn: Bread  Bcc: x@y is out of stock, 0 left"
    assert "- Berlin: Milk is low, 5 left" in text
    assert sentence(Line("of a later version", "info", "S", None, None, "more")) == "S: of a later version (more)"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::",
     "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "192.168.1.1"],
)  # fmt: skip
def test_no_address_inside_may_be_called_however_it_is_written(address: str) -> None:
    assert not webhooks.may_call(ip_address(address), ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_may_be_called_and_inner_ones_that_the_operator_allows(address: str) -> None:
    assert webhooks.may_call(ip_address(address), ())
    assert webhooks.may_call(ip_address("10.1.2.3"), ("10.1.0.0/16",))
    assert not webhooks.may_call(ip_address("10.2.2.3"), ("10.1.0.0/16",))


def test_a_signature_is_that_of_the_standard() -> None:
    """The example that the libraries of Standard Webhooks are tested with."""
    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = webhooks.signatures([key, b"old"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made.split(" ")[0] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert webhooks.secret(b"k" * 32, "a", 1) != webhooks.secret(b"k" * 32, "a", 2)


def test_pauses_grow_to_an_hour() -> None:
    pauses = [webhooks.wait_ms(attempts) for attempts in range(1, 12)]
    assert (pauses[0], pauses[-1]) == (5_000, 3_600_000)
    assert all(one <= other for one, other in pairwise(pauses))
