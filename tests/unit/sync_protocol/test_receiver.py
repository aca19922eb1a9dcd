"""The receiver: new, duplicate, gap, need raw, or not to be believed."""

import orjson
import zstandard

from sync_protocol import batch, chain
from sync_protocol.receiver import Accepted, Disbelieved, Duplicate, Gap, NeedRaw, Outcome, receive
from tests.unit.sync_protocol.build import GENESIS, KEY, VERIFY, sales, sealed

ENCODED = sales(30)
HASHES = [GENESIS, *chain.extend_each(GENESIS, ENCODED)]


def part(first: int, last: int, *, raw: bool = False) -> bytes:
    return sealed(ENCODED[first - 1 : last], first, HASHES[first - 1], raw=raw)


def judged(data: bytes, mark: int) -> Outcome:
    return receive(batch.parse(data), mark=mark, mark_hash=HASHES[mark], verify=VERIFY)


def test_the_next_records_are_accepted_with_their_hashes() -> None:
    outcome = judged(part(11, 20), 10)
    assert isinstance(outcome, Accepted)
    assert (outcome.first, outcome.mark, outcome.rejected) == (11, 20, [])
    assert outcome.hashes == HASHES[11:21]


def test_an_overlap_is_accepted_without_what_is_there() -> None:
    outcome = judged(part(5, 20), 10)
    assert isinstance(outcome, Accepted)
    assert [text for text, _ in outcome.rows] == ENCODED[10:20]


def test_what_is_there_is_a_duplicate() -> None:
    assert judged(part(1, 10), 10) == Duplicate()
    assert judged(part(1, 5), 10) == Duplicate()


def test_a_gap_names_what_is_missing() -> None:
    assert judged(part(12, 20), 10) == Gap(11)


def test_a_flipped_bit_anywhere_is_not_believed() -> None:
    good = part(11, 20)
    for offset in (40, 70, 100, len(good) - 1):
        bad = bytearray(good)
        bad[offset] ^= 1
        assert isinstance(judged(bytes(bad), 10), Disbelieved)


def test_another_history_is_not_believed() -> None:
    other = chain.extend(GENESIS, b"other")
    alien = sealed(ENCODED[10:20], 11, other)
    outcome = judged(alien, 10)
    assert isinstance(outcome, Disbelieved)
    assert outcome.code == "chain"


def test_another_history_of_the_last_record_is_not_a_duplicate() -> None:
    alien = sealed(sales(1, seed=9), 10, HASHES[9])
    assert isinstance(judged(alien, 10), Disbelieved)


def with_payload(payload: bytes, *, encoding: int) -> bytes:
    """A batch of one record with a valid signature around any payload."""
    signed = bytearray(part(11, 11)[: batch._HEADER.size])
    signed[2] = encoding
    whole = bytes(signed) + zstandard.ZstdCompressor().compress(payload)
    return whole + KEY.sign(whole)


def test_signed_columns_that_cannot_be_read_are_wanted_raw() -> None:
    for content in (b"junk", orjson.dumps([[["m", 1]], {"m": [1, 1, "a", "b", "c", 5]}, []])):
        outcome = judged(with_payload(content, encoding=batch.COLUMNS), 10)
        assert isinstance(outcome, NeedRaw)
        assert outcome.expected == 11


def test_signed_raw_frames_that_do_not_lead_to_the_hash_are_not_believed() -> None:
    outcome = judged(with_payload(b"\x00\x00\x00\x01x", encoding=batch.RAW), 10)
    assert isinstance(outcome, Disbelieved)
    assert outcome.code == "chain"


def test_an_unreadable_record_is_rejected_and_the_mark_moves_on() -> None:
    encoded = [*sales(2), b"\x00not a record", *sales(2, seed=2)]
    outcome = receive(batch.parse(sealed(encoded)), mark=0, mark_hash=GENESIS, verify=VERIFY)
    assert isinstance(outcome, Accepted)
    assert (outcome.mark, outcome.rejected) == (5, [3])
