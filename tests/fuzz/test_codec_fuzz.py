"""Random, mutated, truncated and bomb inputs: a ProtocolError or a value, never anything else.

FUZZ_INPUTS says how many (2,000 by default; a nightly run takes millions). Every input is
made from its number, so a failure names the number that reproduces it.
"""

import gc
import os
import time
import tracemalloc
from collections.abc import Callable
from random import Random

import orjson
import pytest
import zstandard

from sync_protocol import batch, messages, snapshot, topics
from sync_protocol.columns import unpack
from sync_protocol.errors import ProtocolError
from sync_protocol.keys import read_certificate
from sync_protocol.limits import BATCH_BYTES_MAX, PAYLOAD_BYTES_MAX
from sync_protocol.receiver import receive
from sync_protocol.records import Fact, Item, decode, encode
from tests.unit.sync_protocol.build import GENESIS, KEY, ORIGIN, PRODUCT, VERIFY, ack, hello, sales, sealed

INPUTS = int(os.environ.get("FUZZ_INPUTS", "2000"))
RECORDS = [*sales(6), encode(Item(1, PRODUCT)), encode(Fact("task", {"task_id": "t"}))]
SEEDS = [
    sealed(RECORDS), sealed(RECORDS, raw=True), messages.encode(hello()), messages.encode(ack(3)),
    messages.frame("ab" * 8, sealed(RECORDS)), *RECORDS, b"[[[\"m\",1]],{\"m\":[1,1,\"a\",\"b\",\"c\",5]},[]]",
]  # fmt: skip
WORDS = [
    b"null", b"true", b"-1", b"1e400", b"NaN", b"\\ud800", b'"\\u0000"', b"[" * 600, b"9" * 40, b"{}", b"[]",
    b'["#",[],[]]', b'["+"]', b"\xff", b"\0", b'"m"', b'"i"', b"18446744073709551616",
]  # fmt: skip


def mutated(number: int) -> bytes:
    """Input number `number`: noise, or a valid input with pieces changed, cut, doubled or spliced."""
    random = Random(number)
    if random.random() < 0.1:
        return random.randbytes(random.randrange(300))
    data = bytearray(random.choice(SEEDS))
    for _ in range(random.randrange(1, 6)):
        at, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
        match random.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << random.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at:at] = random.choice(WORDS)
            case 4:
                del data[at:]
            case _:
                other = random.choice(SEEDS)
                data[at:end] = other[: random.randrange(len(other))]
    return bytes(data)


def resigned(number: int) -> bytes:
    """A mutated payload under a true signature: what a box with a stolen key could send."""
    random = Random(number)
    encoding = random.choice([batch.COLUMNS, batch.RAW])
    content = orjson.dumps([[["m", 3]], {"m": [1, ["+", 1, 2, 3], "a", "b", ["#", ["x"], [0, 0, 0]], 5]}, []])
    data = bytearray(content if encoding == batch.COLUMNS else b"".join(b"\0\0\0\x05abcde" for _ in range(3)))
    for _ in range(random.randrange(4)):
        at = random.randrange(len(data))
        data[at : at + random.randrange(3)] = random.choice([*WORDS, b"0", b"9", b",", b"]"])
    header = bytearray(sealed(sales(3))[: batch._HEADER.size])
    header[2] = encoding
    signed = bytes(header) + zstandard.ZstdCompressor().compress(bytes(data))
    return signed + KEY.sign(signed)


def judge(data: bytes) -> None:
    receive(batch.parse(data), mark=0, mark_hash=GENESIS, verify=VERIFY)


def columns(data: bytes) -> None:
    unpack(data, 3)


def opened(data: bytes) -> None:
    batch.open_batch(batch.Batch(ORIGIN, 1, 3, GENESIS, GENESIS, batch.RAW, data, b"", b""))


def chunk(data: bytes) -> None:
    snapshot.open_chunk("00" * 32, data)


def topic(data: bytes) -> None:
    topics.parse_up(data.decode("latin-1"))


def certificate(data: bytes) -> None:
    read_certificate(data.decode("latin-1"), VERIFY)


READERS: list[Callable[[bytes], object]] = [
    judge, columns, opened, chunk, topic, certificate, decode, messages.decode_up, messages.decode_down,
    messages.unframe,
]  # fmt: skip


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_mutated_input_is_read_or_refused(reader: Callable[[bytes], object]) -> None:
    for number in range(INPUTS):
        _try(reader, mutated(number), number)


def test_a_signed_payload_that_lies_is_read_or_refused() -> None:
    for number in range(INPUTS):
        _try(judge, resigned(number), number)


def test_bombs_cost_neither_time_nor_memory() -> None:
    bombs = [
        zstandard.ZstdCompressor(level=19).compress(bytes(1_000_000_000)),
        zstandard.ZstdCompressor().compress(b"[" * PAYLOAD_BYTES_MAX),
        zstandard.ZstdCompressor().compress(b'["' + b"a" * (PAYLOAD_BYTES_MAX - 4) + b'"]'),
    ]
    tracemalloc.start()
    started = time.process_time()
    for payload in bombs:
        assert len(payload) < BATCH_BYTES_MAX
        for encoding in (batch.COLUMNS, batch.RAW):
            gc.collect()
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            with pytest.raises(ProtocolError):
                batch.open_batch(batch.Batch(ORIGIN, 1, 1, GENESIS, GENESIS, encoding, payload, b"", b""))
            assert tracemalloc.get_traced_memory()[1] - before < 32_000_000
    tracemalloc.stop()
    assert time.process_time() - started < 10


def _try(reader: Callable[[bytes], object], data: bytes, number: int) -> None:
    try:
        reader(data)
    except ProtocolError:
        pass
    except Exception as error:
        raise AssertionError(f"input {number} of {reader.__name__}: {data[:200]!r}") from error
