"""What a predecessor had written reaches its successor byte for byte, whatever the bytes are."""

import pytest

from sync_protocol import bootstrap
from sync_protocol.errors import Malformed
from sync_protocol.limits import RECORD_BYTES_MAX
from sync_protocol.records import Fact, decode, encode

ORIGIN = "01a1fcc5-f651-7101-8512-e520c8fc5825"
STORED = (
    b'["m",1,1000,"shelf","sold","sale",0]',
    b'["note",{"text":"' + b'\\"' * 8_000 + b'"}]',
    b"x" * RECORD_BYTES_MAX,
    b"\xff\xfe no text",
    "é".encode() * (RECORD_BYTES_MAX // 2),
)


def sent() -> list[Fact]:
    """All of STORED as a snapshot's lines carry them."""
    facts = [fact for i, encoded in enumerate(STORED) for fact in bootstrap.former(ORIGIN, i + 1, encoded, b"h" * 32)]
    read = [decode(encode(fact)) for fact in facts]
    return [record for record in read if isinstance(record, Fact)]


def test_a_record_near_the_limit_and_one_that_is_no_text_travel_in_parts() -> None:
    expected = [(ORIGIN, i + 1, encoded, b"h" * 32) for i, encoded in enumerate(STORED)]

    assert list(bootstrap.parse_formers(sent())) == expected


def test_a_record_whose_last_part_is_missing_is_malformed() -> None:
    with pytest.raises(Malformed):
        list(bootstrap.parse_formers(sent()[:-1]))
