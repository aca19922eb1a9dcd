"""PINs and badges: what is a good one, and what stands in databases instead of it."""

import pytest

from sync_protocol import credentials

KEY = bytes(range(32))
ANNA, BERT = "0190f000-0000-7000-8000-00000000000a", "0190f000-0000-7000-8000-00000000000b"


@pytest.mark.parametrize(
    "pin",
    ["123", "123456789", "12a4", "１２３４", "", "1111", "1122", "1234", "9876", "7890", "8901", "123123", "12341234",
     "2580", "1984", "2026"],
)  # fmt: skip
def test_a_pin_that_is_too_short_or_easily_guessed_is_refused_with_what_was_expected(pin: str) -> None:
    assert (credentials.why_bad_pin(pin) or "").startswith("expected")


@pytest.mark.parametrize("pin", ["4071", "90214", "830174", "19842026"])
def test_any_other_pin_will_do(pin: str) -> None:
    assert credentials.why_bad_pin(pin) is None


@pytest.mark.parametrize("badge", ["12345", "x" * 65, "tab\tbed", "Käse-123", " 123456", "123456 "])
def test_a_badge_that_a_scanner_would_not_give_back_as_it_is_is_refused(badge: str) -> None:
    assert (credentials.why_bad_badge(badge) or "").startswith("expected")


def test_a_printed_badge_will_do() -> None:
    assert credentials.why_bad_badge("EMP-00017") is None


def test_the_same_pin_of_two_people_and_of_two_chains_has_different_secrets() -> None:
    secrets = {
        credentials.pin_secret(key, person, "4071") for key in (KEY, bytes(32)) for person in (ANNA, BERT)
    }  # fmt: skip
    assert len(secrets) == 4


def test_a_badge_is_found_by_its_hash_and_only_with_the_key() -> None:
    assert credentials.badge_hash(KEY, "EMP-00017") == credentials.badge_hash(KEY, "EMP-00017")
    assert credentials.badge_hash(KEY, "EMP-00017") != credentials.badge_hash(bytes(32), "EMP-00017")


def test_two_keyboards_write_the_same_password() -> None:
    assert credentials.normal("caf\u00e9 au lait") == credentials.normal("cafe\u0301 au lait")
