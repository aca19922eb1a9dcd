"""zstd with the size known before a byte is inflated.

Every compressed thing of the protocol goes through here, so that no peer can make this
process allocate more than `most` bytes, whatever its frame header says.
"""

import threading

import zstandard

from sync_protocol.errors import Malformed, TooLarge

_LEVEL = 3
_KEPT_MAX = 32_768
"""Making a zstd context costs more than using it on so little; what a larger text takes is given back."""


class _Contexts(threading.local):
    """A context works for one thread at a time."""

    def __init__(self) -> None:
        self.deflate = zstandard.ZstdCompressor(level=_LEVEL)
        self.inflate = zstandard.ZstdDecompressor()


_KEPT = _Contexts()


def deflate(data: bytes) -> bytes:
    """One zstd frame with its content size in the header."""
    compressor = _KEPT.deflate if len(data) <= _KEPT_MAX else zstandard.ZstdCompressor(level=_LEVEL)
    return compressor.compress(data)


def inflate(data: bytes, most: int) -> bytes:
    """The content of one zstd frame. Raises TooLarge by its header alone, Malformed if it is none."""
    try:
        size = zstandard.get_frame_parameters(data).content_size
        if size > most:
            raise TooLarge(f"payload: expected at most {most} bytes inflated, its header says {size}")
        decompressor = _KEPT.inflate if size <= _KEPT_MAX else zstandard.ZstdDecompressor()
        return decompressor.decompress(data, max_output_size=most, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Malformed(f"payload: is not one zstd frame: {error}") from error
