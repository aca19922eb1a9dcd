"""F32: refresh tokens say what the hub sealed and nothing else; which one may come when."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from cloud_hub.domain import refreshing
from cloud_hub.domain.refreshing import FORGIVEN_MS, Token, Verdict, judge
from cloud_hub.errors import Unauthenticated

KEY = b"k" * 32
TOKEN = Token("01a1fcc5-f651-7101-8512-e520c8fc5825", 7)
TEXT = refreshing.make(TOKEN, KEY)
NOW = 1_790_000_000_000


def test_a_token_of_ours_says_its_sign_in_and_its_number() -> None:
    assert refreshing.read(TEXT, KEY) == TOKEN
    assert refreshing.make(TOKEN, KEY) == TEXT


def flipped(at: int) -> str:
    data = bytearray(urlsafe_b64decode(TEXT.removeprefix(refreshing.PREFIX) + "="))
    data[at] ^= 1
    return refreshing.PREFIX + urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize("at", range(56))
def test_no_bit_of_a_token_can_be_changed(at: int) -> None:
    with pytest.raises(Unauthenticated):
        refreshing.read(flipped(at), KEY)


FORGED = {
    "of another hub": refreshing.make(TOKEN, b"x" * 32),
    "cut": TEXT[:-1],
    "longer": TEXT + "A",
    "nothing": "",
    "the prefix only": refreshing.PREFIX,
    "without the prefix": TEXT.removeprefix(refreshing.PREFIX),
    "no base64": TEXT[:-3] + "***",
    "not ASCII": TEXT[:-1] + "é",
    "a megabyte": "A" * 1_000_000,
    "an access token": "eyJhbGciOiJFZERTQSJ9.e30.AAAA",
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_no_token_of_ours_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        refreshing.read(FORGED[name], KEY)


@pytest.mark.parametrize(
    ("serial", "late_ms", "verdict"),
    [
        (5, 0, Verdict.RENEW),
        (5, 10**9, Verdict.RENEW),
        (4, 0, Verdict.REPEAT),
        (4, FORGIVEN_MS, Verdict.REPEAT),
        (4, FORGIVEN_MS + 1, Verdict.REUSED),
        (4, -60_000, Verdict.REPEAT),
        (3, 0, Verdict.REUSED),
        (1, 10**9, Verdict.REUSED),
        (9, 0, Verdict.RENEW),
    ],
    ids=["newest", "newest, late", "lost answer", "just forgiven", "too late", "another process's clock is ahead",
         "older", "oldest", "a restored hub forgot it"],
)  # fmt: skip
def test_one_lost_answer_is_forgiven_and_a_used_token_is_theft(serial: int, late_ms: int, verdict: Verdict) -> None:
    assert judge(serial, newest=5, renewed_at_ms=NOW, now_ms=NOW + late_ms) is verdict
