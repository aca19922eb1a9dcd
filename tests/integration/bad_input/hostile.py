"""Payloads that nobody honest sends, made of what an honest store was heard to say."""

import json
import random
import struct
from collections.abc import Iterator
from uuid import UUID

import zstandard

from sync_protocol import messages
from sync_protocol.batch import COLUMNS, MAGIC, RAW, WIRE_VERSION, Sign, parse
from sync_protocol.limits import PAYLOAD_BYTES_MAX

_HEADER = struct.Struct(">BBB16sQI32s32s")
_VERSION_AT = 1 + 8 + 1
"""NUL, lease, magic, then the version."""


def noise(choose: random.Random, count: int) -> Iterator[bytes]:
    """Random bytes, half of them behind the beginning of something real."""
    for number in range(count):
        start = (b"", b"\0", b'{"type":"hello",', b"[")[number % 4]
        yield start + choose.randbytes(choose.randrange(4_000))


def broken(choose: random.Random, payloads: list[bytes], count: int) -> Iterator[bytes]:
    """Cut short, with a bit turned over, or with something behind the end."""
    for number in range(count):
        payload = payloads[number % len(payloads)]
        at = choose.randrange(1, len(payload))
        if number % 3 == 0:
            yield payload[:at]
        elif number % 3 == 1:
            # Not in the lease: then it is what an earlier session left behind.
            at = max(at, 9)
            yield payload[:at] + bytes([payload[at] ^ (1 << choose.randrange(8))]) + payload[at + 1 :]
        else:
            yield payload + choose.randbytes(at)


def of_a_future_version(frame: bytes) -> bytes:
    """The same batch with the next version's number."""
    return frame[:_VERSION_AT] + bytes([WIRE_VERSION + 1]) + frame[_VERSION_AT + 1 :]


def hello_of_a_future_version(hello: bytes) -> bytes:
    """A store that speaks nothing that this hub does."""
    return json.dumps({**json.loads(hello), "session": "f" * 16, "version_min": 90, "version_max": 99}).encode()


def bombs(frame: bytes, sign: Sign) -> Iterator[bytes]:
    """The batch after this one, whose payload is megabytes of zeros, in each encoding; signed by whoever signs."""
    lease, sealed = messages.unframe(frame)
    real = parse(sealed)
    sized = zstandard.ZstdCompressor().compress(bytes(PAYLOAD_BYTES_MAX + 1))
    maker = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    unsized = maker.compress(bytes(300_000_000)) + maker.flush()
    for payload, encoding in ((sized, COLUMNS), (unsized, COLUMNS), (sized, RAW), (unsized, RAW)):
        origin = UUID(real.origin_id).bytes
        first = real.first + real.count
        header = _HEADER.pack(MAGIC, WIRE_VERSION, encoding, origin, first, 1, real.last_hash, bytes(32))
        yield messages.frame(lease, header + payload + sign(header + payload))
