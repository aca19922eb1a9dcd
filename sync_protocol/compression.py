"""zstd with the size known before a byte is inflated.

Every compressed thing of the protocol goes through here, so that no peer can make this
process allocate more than `most` bytes, whatever its frame header says.

Making a zstd context costs ten times its use on a small batch (9 µs and 1), so those that
are free wait in a list: a caller takes one out, and nobody else can have it meanwhile.
"""

import zstandard

from sync_protocol.errors import Malformed, TooLarge

_LEVEL = 3
_KEPT_MAX = 32_768
"""A context grows with its text (2 MB for a large one) and is not kept after one of more bytes."""
_compressors: list[zstandard.ZstdCompressor] = []
_decompressors: list[zstandard.ZstdDecompressor] = []


def deflate(data: bytes) -> bytes:
    """One zstd frame with its content size in the header."""
    context = _free_compressor()
    frame = context.compress(data)
    if len(data) <= _KEPT_MAX:
        _compressors.append(context)
    return frame


def inflate(data: bytes, most: int) -> bytes:
    """The content of one zstd frame. Raises TooLarge by its header alone, Malformed if it is none."""
    try:
        size = zstandard.get_frame_parameters(data).content_size
        if size > most:
            raise TooLarge(f"payload: expected at most {most} bytes inflated, its header says {size}")
        context = _free_decompressor()
        content = context.decompress(data, max_output_size=most, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Malformed(f"payload: is not one zstd frame: {error}") from error
    if size <= _KEPT_MAX:
        _decompressors.append(context)
    return content


def _free_compressor() -> zstandard.ZstdCompressor:
    try:
        return _compressors.pop()
    except IndexError:
        return zstandard.ZstdCompressor(level=_LEVEL)


def _free_decompressor() -> zstandard.ZstdDecompressor:
    try:
        return _decompressors.pop()
    except IndexError:
        return zstandard.ZstdDecompressor()
