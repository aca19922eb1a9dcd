"""A site's reference data in one piece: chunks named by their own hash, and their manifest.

A chunk is the zstd of canonical records, one a line. Where a chunk ends depends on its
records only, so two snapshots share the chunks between their changes and an interrupted
download goes on with what is missing. Nothing of a chunk is believed before its hash fits,
nothing of a manifest before the hub's signature does.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Annotated, Literal, NamedTuple
from zlib import crc32

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sync_protocol.compression import deflate, inflate
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.fields import Count, Hash, Id
from sync_protocol.limits import (
    PAYLOAD_BYTES_MAX,
    RECORD_BYTES_MAX,
    SNAPSHOT_CHUNK_BYTES,
    SNAPSHOT_CHUNK_BYTES_MAX,
)
from sync_protocol.messages import FeedCursor

_RAW_MIN = 2 * SNAPSHOT_CHUNK_BYTES
_RAW_MAX = SNAPSHOT_CHUNK_BYTES_MAX - 2 * RECORD_BYTES_MAX
"""Even records that do not compress give a chunk below SNAPSHOT_CHUNK_BYTES_MAX."""
_CUT_MASK = 0x1FF


class Chunk(NamedTuple):
    """What a server keeps under its hash."""

    hash: str
    data: bytes
    records: int


class ChunkRef(BaseModel):
    """A chunk as the manifest names it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    hash: Hash
    bytes: Annotated[int, Field(gt=0, le=SNAPSHOT_CHUNK_BYTES_MAX)]
    records: Annotated[int, Field(gt=0)]


class Uplink(BaseModel):
    """Up to where the site's own records are merged into the snapshot."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    origin_id: Id
    position: Count


class Manifest(BaseModel):
    """One database snapshot: what it holds and the two positions it stands at."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    site_id: Id
    kind: Literal["catalogue", "successor"]
    """A successor's snapshot also carries levels, keys and the predecessor's retained batches."""
    feed: FeedCursor
    uplink: Uplink | None = None
    chunks: list[ChunkRef]
    products: Count
    signature: str = ""
    """hex Ed25519 of `signed_bytes` by the hub's key."""


def chunk(lines: Iterable[bytes]) -> Iterator[Chunk]:
    """Cut canonical records into chunks."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) > RECORD_BYTES_MAX:
            raise TooLarge(f"snapshot: expected records of at most {RECORD_BYTES_MAX} bytes, got {len(line)}")
        held.append(line)
        size += len(line) + 1
        if size >= _RAW_MAX or (size >= _RAW_MIN and crc32(line) & _CUT_MASK == 0):
            yield _chunk(held)
            held, size = [], 0
    if held:
        yield _chunk(held)


def open_chunk(name: str, data: bytes) -> list[bytes]:
    """The records of a chunk. Raises Malformed when it is not the one of this name, TooLarge."""
    if len(data) > SNAPSHOT_CHUNK_BYTES_MAX:
        raise TooLarge(f"chunk: expected at most {SNAPSHOT_CHUNK_BYTES_MAX} bytes, got {len(data)}")
    if sha256(data).hexdigest() != name:
        raise Malformed(f"chunk: its bytes do not have the hash {name[:64]}")
    lines = inflate(data, PAYLOAD_BYTES_MAX).split(b"\n")
    if any(not 0 < len(line) <= RECORD_BYTES_MAX for line in lines):
        raise Malformed(f"chunk: expected lines of 1 to {RECORD_BYTES_MAX} bytes")
    return lines


def signed_bytes(manifest: Manifest) -> bytes:
    """What the hub signs: the manifest's canonical JSON without the signature."""
    fields = manifest.model_dump(mode="json", exclude={"signature"}, exclude_none=True)
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def sign_manifest(manifest: Manifest, sign: Callable[[bytes], bytes]) -> Manifest:
    """The manifest with the hub's signature."""
    return manifest.model_copy(update={"signature": sign(signed_bytes(manifest)).hex()})


def read_manifest(data: bytes, verify: Callable[[bytes, bytes], None]) -> Manifest:
    """A manifest that the hub signed. Raises Malformed or BadSignature."""
    try:
        manifest = Manifest.model_validate_json(data)
        signature = bytes.fromhex(manifest.signature)
    except (ValidationError, ValueError) as error:
        raise Malformed(f"manifest: {str(error)[:200]}") from error
    verify(signature, signed_bytes(manifest))
    return manifest


def _chunk(lines: list[bytes]) -> Chunk:
    data = deflate(b"\n".join(lines))
    return Chunk(sha256(data).hexdigest(), data, len(lines))
