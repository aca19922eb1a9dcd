"""GS1's own published examples are read as GS1 means them; where its engine can be had, it is asked as well.

To ask it: clone GS1's syntax engine (`gs1/gs1-syntax-engine`, in C) outside this repository, `make lib` in `src/c-lib`,
set GS1_ENGINE to the path of `build/libgs1encoders.so`, and run this file with FUZZ_INPUTS=100000.
Version 1.4.1 read 100,000 random messages as we do, and every example.
"""

import ctypes
import os
import random
from collections.abc import Iterator

import pytest

from sync_protocol.gtin import check_digit
from tests.unit.scanner_drivers.builders import FUZZ_INPUTS, identity, read
from tests.unit.scanner_drivers.gs1_examples import GS, INSTORE, READ, REFUSED, Example

ENGINE = os.environ.get("GS1_ENGINE", "")


@pytest.mark.parametrize("example", READ, ids=lambda example: f"{example.source}:{example.sent[:40]}")
def test_an_example_of_gs1_means_what_gs1_says(example: Example) -> None:
    scan = read(example.sent)
    assert identity(scan) == example.meaning
    assert scan.flags <= {"url"}


@pytest.mark.parametrize("example", INSTORE, ids=lambda example: example.sent[:40])
def test_a_number_that_gs1_leaves_to_the_store_is_kept_and_nothing_is_guessed(example: Example) -> None:
    scan = read(example.sent)
    assert (identity(scan), scan.flags) == (example.meaning, {"instore_unknown"})


@pytest.mark.parametrize("sent", REFUSED)
def test_what_gs1_refuses_names_no_article(sent: str) -> None:
    scan = read(sent)
    assert (scan.gtin, scan.lot, scan.expiry) == (None, None, None)


class Engine:
    """GS1's own engine through its C interface."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.gs1_encoder_init.restype = ctypes.c_void_p
        self._library.gs1_encoder_init.argtypes = [ctypes.c_void_p]
        self._library.gs1_encoder_setScanData.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self._library.gs1_encoder_setScanData.restype = ctypes.c_bool
        self._library.gs1_encoder_getAIdataStr.argtypes = [ctypes.c_void_p]
        self._library.gs1_encoder_getAIdataStr.restype = ctypes.c_char_p
        self._library.gs1_encoder_setPermitUnknownAIs.argtypes = [ctypes.c_void_p, ctypes.c_bool]
        self._context = self._library.gs1_encoder_init(None)

    def read(self, sent: str) -> dict[str, str] | None:
        """The elements of a scan; None when it refuses."""
        if not self._library.gs1_encoder_setScanData(self._context, sent.encode()):
            return None
        text = self._library.gs1_encoder_getAIdataStr(self._context)
        return dict(part.split(")", 1) for part in text.decode().split("(")[1:]) if text else {}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    if not ENGINE:
        pytest.skip("LOUD: GS1's engine is not here (set GS1_ENGINE to its libgs1encoders.so)")
    yield Engine(ENGINE)


def _message(dice: random.Random) -> str:
    body = "".join(dice.choices("0123456789", k=13))
    elements = [
        ("01", body + check_digit(body)),
        ("10", "".join(dice.choices("ABCXYZ019-/", k=dice.randint(1, 20)))),
        ("17", f"{dice.randint(20, 40):02d}{dice.randint(1, 12):02d}{dice.randint(0, 28):02d}"),
        ("21", "".join(dice.choices("abcXYZ019_.", k=dice.randint(1, 20)))),
        ("3103", f"{dice.randint(0, 999999):06d}"),
        ("240", "".join(dice.choices("PQR0123", k=dice.randint(1, 30)))),
    ]
    chosen = [elements[0], *dice.sample(elements[1:], dice.randint(0, 5))]
    dice.shuffle(chosen)
    open_ended = {"10", "21", "240"}
    return "".join(
        ai + value + (GS if ai in open_ended and place < len(chosen) - 1 else "")
        for place, (ai, value) in enumerate(chosen)
    )


@pytest.mark.timeout(0)
def test_random_messages_are_read_as_the_engine_of_gs1_reads_them(engine: Engine) -> None:
    dice = random.Random(31)
    for _ in range(FUZZ_INPUTS):
        sent = dice.choice(["]C1", "]d2", "]Q3", "]J1"]) + _message(dice)
        theirs, ours = engine.read(sent), read(sent)
        assert theirs is not None, sent
        assert ours.gtin == theirs["01"], sent
        if "missing_fnc1" not in ours.flags and "instore_unknown" not in ours.flags:
            assert (ours.lot, ours.serial) == (theirs.get("10"), theirs.get("21")), sent


@pytest.mark.parametrize("sent", REFUSED)
def test_the_engine_refuses_these_too(sent: str, engine: Engine) -> None:
    assert not (engine.read(sent) or {}).get("01")


@pytest.mark.parametrize("example", [one for one in READ if one.sent.startswith("]")], ids=lambda one: one.sent[:40])
def test_the_engine_names_the_same_article(example: Example, engine: Engine) -> None:
    theirs = engine.read(example.sent)
    if theirs is None:  # it takes no short GTIN or alphabetic key in a link unless told to
        assert "/01/" in example.sent or "/gtin/" in example.sent or example.sent.startswith("]E0"), example.sent
        return
    if theirs:
        assert theirs["01"] == example.meaning["gtin"]
