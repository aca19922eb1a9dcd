"""zstd with the size known before a byte is inflated.

Every compressed thing of the protocol goes through here, so that no peer can make this
process allocate more than `most` bytes, whatever its frame header says.
"""

import zstandard

from sync_protocol.errors import Malformed, TooLarge

_LEVEL = 3


def deflate(data: bytes) -> bytes:
    """One zstd frame with its content size in the header."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def inflate(data: bytes, most: int) -> bytes:
    """The content of one zstd frame. Raises TooLarge by its header alone, Malformed if it is none."""
    try:
        size = zstandard.get_frame_parameters(data).content_size
        if size > most:
            raise TooLarge(f"payload: expected at most {most} bytes inflated, its header says {size}")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=most, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Malformed(f"payload: is not one zstd frame: {error}") from error
