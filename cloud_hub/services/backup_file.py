"""The form of a backup: frames in one zstd stream, with a digest at the end.

    frame = length (4 bytes, big endian) + that many bytes; a frame of length 0 ends a table
    first frame: the manifest (JSON); then per table a JSON frame {table, columns}, its COPY
    stream in frames, and an empty frame; last: a JSON frame {"sha256": of all frames before}

A file that is cut off or changed anywhere is refused before a row of it is believed.
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import orjson
import zstandard

from cloud_hub.crashpoints import crashpoint
from cloud_hub.errors import Invalid

FORMAT = "backstock-backup-1"
FRAME_BYTES_MAX = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Writer:
    """Writes a backup beside its final name and moves it there when it is whole and on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_suffix(path.suffix + ".part")
        self._digest = hashlib.sha256()
        self.bytes = 0
        """Size of the file, once it is written."""

    def __enter__(self) -> Self:
        descriptor = os.open(self._part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._stream = zstandard.ZstdCompressor(level=3).stream_writer(self._file, closefd=False)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stream.close()  # type: ignore[no-untyped-call]
        if kind is None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self.bytes = self._file.tell()
        self._file.close()
        if kind is None:
            crashpoint("backup.before_rename")
            self._part.replace(self.path)
            _sync_folder(self.path.parent)
        else:
            self._part.unlink(missing_ok=True)

    def frame(self, data: bytes) -> None:
        """One frame."""
        framed = _LENGTH.pack(len(data)) + data
        self._digest.update(framed)
        self._stream.write(framed)

    def document(self, value: Any) -> None:
        """One JSON frame."""
        self.frame(orjson.dumps(value))

    def finish(self) -> bytes:
        """The last frame; the digest of all before it."""
        digest = self._digest.digest()
        self.document({"sha256": digest.hex()})
        return digest


class Reader:
    """Reads frames in order and keeps the digest of what it read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._stream = zstandard.ZstdDecompressor().stream_reader(self._file, read_across_frames=False)
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()  # type: ignore[no-untyped-call]
        self._file.close()

    def frame(self) -> bytes:
        """The next frame. Raises Invalid (`backup_damaged`) when the file ends or lies."""
        head = self._read(4)
        (length,) = _LENGTH.unpack(head)
        if length > FRAME_BYTES_MAX:
            raise Invalid("backup_damaged", f"expected a frame of at most {FRAME_BYTES_MAX} bytes, got {length}")
        data = self._read(length)
        self._digest.update(head + data)
        return data

    def document(self) -> dict[str, Any]:
        """The next frame as a JSON object; the closing one is checked against the digest."""
        before = self._digest.digest()
        try:
            value = orjson.loads(self.frame())
        except orjson.JSONDecodeError as error:
            raise Invalid("backup_damaged", "expected a JSON frame") from error
        if not isinstance(value, dict):
            raise Invalid("backup_damaged", "expected a JSON object")
        if "sha256" in value and value["sha256"] != before.hex():
            raise Invalid("backup_damaged", "the file's digest does not match its content")
        return value

    def chunks(self) -> Iterator[bytes]:
        """The frames of a table up to its end."""
        while chunk := self.frame():
            yield chunk

    def _read(self, length: int) -> bytes:
        try:
            data = bytes(self._stream.read(length)) if length else b""
            while len(data) < length:
                more = self._stream.read(length - len(data))
                if not more:
                    raise Invalid("backup_damaged", "the file is cut off")
                data += more
        except zstandard.ZstdError as error:
            raise Invalid("backup_damaged", f"expected a zstd stream: {error}") from error
        return data


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
