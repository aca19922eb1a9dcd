"""One batch on the wire: consecutive records of one origin, provable on their own.

    "B" version encoding | origin (16) | first (8) | count (4) | previous hash (32)
    | last hash (32) | payload ... | Ed25519 signature (64) of all that precedes it

`seal` makes the bytes, `open_batch` checks them against what the receiver knows. The
payload is zstd over columns (columns.py) or, when columns do not give back the stored
bytes, zstd over length-framed raw records. A sealed batch holds no lease and no session,
so it can be kept, handed back after a restore, and verified by anyone with the key.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sync_protocol import chain
from sync_protocol.columns import Row, pack, unpack
from sync_protocol.compression import deflate, inflate
from sync_protocol.errors import BrokenChain, Malformed, ProtocolError, TooLarge, UnsupportedVersion
from sync_protocol.limits import (
    BATCH_BYTES_MAX,
    BATCH_RECORDS_MAX,
    PAYLOAD_BYTES_MAX,
    RECORD_BYTES_MAX,
)
from sync_protocol.records import Decoded, Unknown, decode

MAGIC = ord("B")
WIRE_VERSION = 1
COLUMNS = 1
RAW = 2
UNREADABLE = "?"
"""Kind of the Unknown that stands for a frame whose bytes are no record: it goes to
quarantine. No record can have this kind."""

_HEADER = struct.Struct(">BBB16sQI32s32s")
_ORIGIN_BYTES = 16
_SIGNATURE_BYTES = 64
_LENGTH = struct.Struct(">I")
_RAW_BYTES_MAX = BATCH_BYTES_MAX - 4_096
"""Leaves room for header, signature and what zstd adds to bytes that it cannot compress."""

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes], None]
"""(signature, signed bytes) -> None, or raises BadSignature."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The header of a batch, read but not yet believed."""

    origin_id: str
    first: int
    count: int
    previous_hash: bytes
    last_hash: bytes
    encoding: int
    payload: bytes
    signed: bytes
    signature: bytes

    @property
    def last(self) -> int:
        """The position of its last record."""
        return self.first + self.count - 1


class Opened(NamedTuple):
    """The records of a batch that was believed, with the chain hash at each position."""

    rows: list[Row]
    hashes: list[bytes]


def seal(
    origin_id: str, first: int, previous_hash: bytes, encoded: list[bytes], sign: Sign, *, raw: bool = False
) -> bytes:
    """A signed batch of stored records that begin at position `first`."""
    if not 0 < len(encoded) <= BATCH_RECORDS_MAX:
        raise TooLarge(f"batch: expected 1 to {BATCH_RECORDS_MAX} records, got {len(encoded)}")
    encoding, payload = (RAW, _frames(encoded)) if raw else _smallest(encoded)
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise TooLarge(f"batch: expected at most {PAYLOAD_BYTES_MAX} bytes before compression, got {len(payload)}")
    last_hash = chain.extend_each(previous_hash, encoded)[-1]
    header = _HEADER.pack(
        MAGIC, WIRE_VERSION, encoding, _packed(origin_id), first, len(encoded), previous_hash, last_hash
    )
    signed = header + deflate(payload)
    if len(signed) + _SIGNATURE_BYTES > BATCH_BYTES_MAX:
        raise TooLarge(f"batch: expected at most {BATCH_BYTES_MAX} bytes, got {len(signed) + _SIGNATURE_BYTES}")
    return signed + sign(signed)


def fit(encoded: list[bytes]) -> list[bytes]:
    """The longest beginning that fits one batch however badly it compresses; at least one record."""
    size = 0
    for number, text in enumerate(encoded):
        size += _LENGTH.size + len(text)
        if number and (size > _RAW_BYTES_MAX or number >= BATCH_RECORDS_MAX):
            return encoded[:number]
    return encoded


def parse(data: bytes) -> Batch:
    """Split a batch into header and payload; nothing is decompressed. Raises ProtocolError."""
    if len(data) > BATCH_BYTES_MAX:
        raise TooLarge(f"batch: expected at most {BATCH_BYTES_MAX} bytes, got {len(data)}")
    if len(data) < _HEADER.size + _SIGNATURE_BYTES or data[0] != MAGIC:
        raise Malformed(f"batch: expected a header and a signature, got {len(data)} bytes")
    _, version, encoding, origin, first, count, previous, last = _HEADER.unpack_from(data)
    if version != WIRE_VERSION:
        raise UnsupportedVersion(f"batch: expected wire version {WIRE_VERSION}, got {version}")
    if encoding not in (COLUMNS, RAW):
        raise Malformed(f"batch: unknown encoding {encoding}")
    if not (0 < count <= BATCH_RECORDS_MAX and 0 < first < 2**62):
        raise Malformed(f"batch: expected 1 to {BATCH_RECORDS_MAX} records from 1 up, got {count} from {first}")
    return Batch(
        _spelled(origin.hex()), first, count, previous, last, encoding,
        data[_HEADER.size : -_SIGNATURE_BYTES], data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:],
    )  # fmt: skip


def open_batch(batch: Batch) -> Opened:
    """Decompress, decode and check the chain from `previous_hash` to `last_hash`.

    Raises Malformed when columns cannot be read and BrokenChain when the records do not
    lead to `last_hash`: for COLUMNS the receiver answers either with Nack(raw). In RAW
    frames the chain is checked over the bytes themselves, so a frame that is no record
    becomes an Unknown of kind UNREADABLE and does not stop those behind it.
    """
    text = inflate(batch.payload, PAYLOAD_BYTES_MAX)
    rows = unpack(text, batch.count) if batch.encoding == COLUMNS else _unframe(text, batch.count)
    hashes = chain.extend_each(batch.previous_hash, [encoded for encoded, _ in rows])
    if hashes[-1] != batch.last_hash:
        raise BrokenChain(f"batch at {batch.first}: its records do not lead to the hash it names")
    return Opened(rows, hashes)


def _packed(origin_id: str) -> bytes:
    # By hand, and spelled by hand below: two objects of UUID for each batch cost as much as compressing it.
    packed = bytes.fromhex(origin_id.replace("-", ""))
    if len(packed) != _ORIGIN_BYTES:
        raise ValueError(f"expected an origin of {_ORIGIN_BYTES} bytes, got {origin_id[:60]!r}")
    return packed


def _spelled(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _smallest(encoded: list[bytes]) -> tuple[int, bytes]:
    """Columns if they will give back exactly the stored bytes, else raw frames."""
    try:
        return COLUMNS, pack(encoded)
    except (ProtocolError, ValueError, TypeError, LookupError):
        return RAW, _frames(encoded)


def _frames(encoded: list[bytes]) -> bytes:
    return b"".join(_LENGTH.pack(len(text)) + text for text in encoded)


def _unframe(text: bytes, count: int) -> list[Row]:
    rows: list[Row] = []
    offset = 0
    for _ in range(count):
        if offset + 4 > len(text):
            raise Malformed("batch: a raw frame is cut off")
        (length,) = _LENGTH.unpack_from(text, offset)
        if length > 4 * RECORD_BYTES_MAX or offset + 4 + length > len(text):
            raise Malformed(f"batch: a raw frame of {length} bytes is too long or cut off")
        encoded = text[offset + 4 : offset + 4 + length]
        rows.append((encoded, _decode_or_unreadable(encoded)))
        offset += 4 + length
    if offset != len(text):
        raise Malformed(f"batch: {len(text) - offset} bytes behind the last raw frame")
    return rows


def _decode_or_unreadable(encoded: bytes) -> Decoded:
    try:
        return decode(encoded)
    except ProtocolError:
        return Unknown(UNREADABLE, encoded)
