"""Batches: provable, bounded before anything is built, raw where columns do not give back the bytes."""

from collections.abc import Callable

import orjson
import pytest
import zstandard

from sync_protocol import batch, chain
from sync_protocol.columns import pack, unpack
from sync_protocol.errors import BrokenChain, Malformed, ProtocolError, TooLarge, UnsupportedVersion
from sync_protocol.limits import BATCH_BYTES_MAX, BATCH_RECORDS_MAX, PAYLOAD_BYTES_MAX
from sync_protocol.records import Fact, Item, Unknown, decode, encode
from tests.unit.sync_protocol.build import GENESIS, KEY, ORIGIN, PRODUCT, movement, sales, sealed

MIXED = [
    encode(Item(1, PRODUCT)),
    *sales(5),
    encode(Fact("task", {"task_id": "t", "rule": "r"})),
    b'["hologram",1,[2]]',
    *sales(5, seed=2),
    encode(Item(2, PRODUCT, "04012345678901", 6000, "each", 199, 120, "EUR")),
]
WIDER = b'["m",1,1000,"shelf","customer","sale",1,null,null,null,null,null,null,null,null,null,"later"]'


def opened(encoded: list[bytes], *, raw: bool = False) -> batch.Opened:
    return batch.open_batch(batch.parse(sealed(encoded, raw=raw)))


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("encoded", [MIXED, sales(1), sales(2_000), [WIDER], [*sales(3), WIDER, *sales(3)]])
def test_what_was_sealed_opens_to_the_same_bytes_records_and_hashes(encoded: list[bytes], raw: bool) -> None:
    rows, hashes = opened(encoded, raw=raw)
    assert [text for text, _ in rows] == encoded
    assert [record for _, record in rows] == [decode(text) for text in encoded]
    assert hashes == chain.extend_each(GENESIS, encoded)


def test_a_backlog_costs_a_few_bytes_a_movement() -> None:
    assert len(sealed(sales(1_000))) < 20_000


def test_a_later_versions_wider_movement_does_not_cost_the_others_their_columns() -> None:
    data = batch.parse(sealed([*sales(50), WIDER]))
    assert data.encoding == batch.COLUMNS
    record = batch.open_batch(data).rows[-1][1]
    assert record == movement(occurred_at=1)


@pytest.mark.parametrize(
    "odd",
    [
        b'["task",{"a":1,"a":2}]', b'["task",{"b":1,"a":2}]', b'["task", {"a":1}]', b'["task",{"a":1.50}]',
        b'["task",{"a":1e2}]', b'["m",1,1000,"shelf","customer","sale",1,null]', b"junk", b"",
        b'["m",1,1000,["shelf"],"customer","sale",1]', b'["task",{"a":"\\u0041"}]',
    ],
)  # fmt: skip
def test_stored_bytes_that_columns_do_not_give_back_travel_raw(odd: bytes) -> None:
    encoded = [*sales(3), odd, *sales(3, seed=2)]
    data = batch.parse(sealed(encoded))
    assert data.encoding == batch.RAW
    assert [text for text, _ in batch.open_batch(data).rows] == encoded


def test_an_unreadable_raw_frame_does_not_stop_those_behind_it() -> None:
    rows, _ = opened([*sales(2), b"\xff\x00", *sales(2, seed=2)], raw=True)
    assert rows[2][1] == Unknown(batch.UNREADABLE, b"\xff\x00")
    assert not isinstance(rows[3][1], Unknown)


def test_true_and_one_are_not_the_same_value_in_a_column() -> None:
    encoded = [b'["i",1,"p",null,1000,"each",1]', b'["i",1,"p",null,1000,"each",true]']
    assert batch.parse(sealed(encoded)).encoding == batch.RAW


def test_deltas_that_overflow_travel_raw() -> None:
    encoded = [encode(movement(occurred_at=at)) for at in (2**63 - 1, -(2**63) + 1)]
    assert [text for text, _ in opened(encoded).rows] == encoded


@pytest.mark.parametrize("size", [0, BATCH_RECORDS_MAX + 1])
def test_a_batch_holds_one_to_the_limit_of_records(size: int) -> None:
    with pytest.raises(TooLarge):
        sealed([b'["a",{}]'] * size)


@pytest.mark.parametrize("origin_id", ["", "12", f"{ORIGIN}00"])
def test_a_batch_of_no_origin_is_not_sealed(origin_id: str) -> None:
    with pytest.raises(ValueError, match="expected an origin of 16 bytes"):
        batch.seal(origin_id, 1, GENESIS, sales(1), KEY.sign)


def test_fit_takes_what_surely_fits_however_badly_it_compresses() -> None:
    noise = [encode(Fact("task", {"a": KEY.sign(bytes([n % 256, n // 256])).hex() * 100})) for n in range(100)]
    fitting = batch.fit(noise)
    assert 0 < len(fitting) < len(noise)
    assert len(sealed(fitting, raw=True)) <= BATCH_BYTES_MAX
    assert batch.fit(sales(10)) == sales(10)
    assert len(batch.fit([b'["a",{}]'] * 5_000)) == BATCH_RECORDS_MAX


def forged(payload: bytes, count: int = 1, encoding: int = batch.COLUMNS) -> batch.Batch:
    """What a box with a valid key could send: any payload at all."""
    return batch.Batch(ORIGIN, 1, count, GENESIS, GENESIS, encoding, payload, b"", b"")


def compressed(content: object) -> bytes:
    return zstandard.ZstdCompressor().compress(orjson.dumps(content))


def test_a_zip_bomb_is_refused_by_its_own_header() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(PAYLOAD_BYTES_MAX + 1))
    assert len(bomb) < 2_000
    with pytest.raises(TooLarge):
        batch.open_batch(forged(bomb))


def test_a_bomb_without_a_size_in_its_header_is_refused() -> None:
    maker = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    with pytest.raises(ProtocolError):
        batch.open_batch(forged(maker.compress(bytes(100_000_000)) + maker.flush()))


def test_bytes_behind_the_frame_are_refused() -> None:
    with pytest.raises(Malformed):
        batch.open_batch(forged(compressed([[["m", 1]], {}, []]) + b"more"))


COLUMNS_OF_ONE: list[object] = [1, 1000, "shelf", "customer", "sale", 5]
HOSTILE: dict[str, tuple[int, object]] = {
    "not a list": (1, {}),
    "a run of a thousand million": (1, [[["m", 10**9], ["i", 1 - 10**9]], {"m": COLUMNS_OF_ONE}, []]),
    "a negative run": (1, [[["m", 2], ["m", -1]], {"m": COLUMNS_OF_ONE}, []]),
    "a run of true": (1, [[["m", True]], {"m": COLUMNS_OF_ONE}, []]),
    "a run of 1.0": (1, [[["m", 1.0]], {"m": COLUMNS_OF_ONE}, []]),
    "more rows than counted": (1, [[["m", 2]], {"m": COLUMNS_OF_ONE}, []]),
    "fewer rows than counted": (2, [[["m", 1]], {"m": COLUMNS_OF_ONE}, []]),
    "rows that no run names": (1, [[["m", 1]], {"m": COLUMNS_OF_ONE}, [["task", {}]]]),
    "a table that no run names": (1, [[["m", 1]], {"m": COLUMNS_OF_ONE, "i": [1, "p"]}, []]),
    "a table of others": (1, [[["", 1]], {"": [1]}, [["task", {}]]]),
    "a table of an unknown kind": (1, [[["z", 1]], {"z": [1]}, []]),
    "no table": (1, [[["m", 1]], {}, []]),
    "too few columns": (1, [[["m", 1]], {"m": [1, 1000]}, []]),
    "a thousand columns": (1, [[["m", 1]], {"m": COLUMNS_OF_ONE + [1] * 1_000}, []]),
    "an index out of range": (2, [[["m", 2]], {"m": [1, 1, ["#", ["a"], [0, 1]], "b", "c", 5]}, []]),
    "a negative index": (2, [[["m", 2]], {"m": [1, 1, ["#", ["a"], [0, -1]], "b", "c", 5]}, []]),
    "an index that is true": (2, [[["m", 2]], {"m": [1, 1, ["#", ["a", "d"], [0, True]], "b", "c", 5]}, []]),
    "deltas of text": (2, [[["m", 2]], {"m": [["+", "a", "b"], 1, "a", "b", "c", 5]}, []]),
    "deltas of lists": (2, [[["m", 2]], {"m": [["+", [1], [2]], 1, "a", "b", "c", 5]}, []]),
    "deltas that overflow": (2, [[["m", 2]], {"m": [1, 1, "a", "b", "c", ["+", 2**62, 2**62]]}, []]),
    "an unknown form": (2, [[["m", 2]], {"m": [["%", 1, 2], 1, "a", "b", "c", 5]}, []]),
    "an empty column": (1, [[["m", 1]], {"m": [[], 1, "a", "b", "c", 5]}, []]),
    "a word that is a list": (1, [[["m", 1]], {"m": [1, 1, ["#", [["a"]], [0]], "b", "c", 5]}, []]),
    "a constant of half a megabyte": (2, [[["m", 2]], {"m": [1, 1, "a" * 500_000, "b", "c", 5]}, []]),
    "words that multiply": (
        2_000, [[["m", 2_000]], {"m": [1, 1, "a" * 16_000, "b" * 16_000, "c", 5]}, []]
    ),
    "a float": (1, [[["m", 1]], {"m": [1, 1.5, "a", "b", "c", 5]}, []]),
    "nothing moved": (1, [[["m", 1]], {"m": [1, 0, "a", "b", "c", 5]}, []]),
    "to where it was": (1, [[["m", 1]], {"m": [1, 1, "a", "a", "c", 5]}, []]),
    "a row that is no list": (1, [[["", 1]], {}, [7]]),
    "an empty row": (1, [[["", 1]], {}, [[]]]),
    "a huge row": (1, [[["", 1]], {}, [["task", {"a": "x" * 20_000}]]]),
}  # fmt: skip


@pytest.mark.parametrize(("count", "content"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_columns_are_malformed_and_cost_nothing(count: int, content: object) -> None:
    with pytest.raises(Malformed):
        unpack(orjson.dumps(content), count)


def test_columns_of_a_later_version_may_be_more() -> None:
    content = [[["m", 1]], {"m": [*COLUMNS_OF_ONE, *[None] * 9, "later"]}, []]
    ((encoded, record),) = unpack(orjson.dumps(content), 1)
    assert encoded.endswith(b',"later"]')
    assert record == movement(occurred_at=5)


def test_columns_that_lead_to_another_hash_break_the_chain() -> None:
    with pytest.raises(BrokenChain):
        batch.open_batch(forged(compressed([[["m", 1]], {"m": COLUMNS_OF_ONE}, []])))


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x05abc", b"\x00\x02\x00\x00" + bytes(131_072)],
)
def test_raw_frames_that_lie_about_their_length_are_malformed(payload: bytes) -> None:
    with pytest.raises(Malformed):
        batch.open_batch(forged(zstandard.ZstdCompressor().compress(payload), encoding=batch.RAW))


def test_raw_frames_behind_the_last_record_are_malformed() -> None:
    payload = b"\x00\x00\x00\x01a\x00\x00\x00\x01b"
    with pytest.raises(Malformed):
        batch.open_batch(forged(zstandard.ZstdCompressor().compress(payload), encoding=batch.RAW))


def patched(offset: int, value: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data[:offset] + value + data[offset + len(value) :]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (patched(0, b"X"), Malformed), (patched(1, b"\x02"), UnsupportedVersion), (patched(2, b"\x09"), Malformed),
        (patched(19, bytes(8)), Malformed), (patched(27, bytes(4)), Malformed),
        (patched(27, b"\xff\xff\xff\xff"), Malformed), (patched(19, b"\xff" * 8), Malformed),
        (lambda data: data[:100], Malformed), (lambda _: b"", Malformed),
        (lambda data: data + bytes(BATCH_BYTES_MAX), TooLarge),
    ],
)  # fmt: skip
def test_a_header_that_lies_is_refused_before_the_payload_is_read(
    change: Callable[[bytes], bytes], error: type[ProtocolError]
) -> None:
    with pytest.raises(error):
        batch.parse(change(sealed(sales(3))))


def test_columns_give_back_the_bytes_that_were_packed() -> None:
    assert [text for text, _ in unpack(pack(MIXED), len(MIXED))] == MIXED


def test_a_sender_never_makes_a_payload_that_no_receiver_would_inflate() -> None:
    with pytest.raises(TooLarge):
        sealed([encode(Fact("task", {"a": "x" * 16_000}))] * 200)
