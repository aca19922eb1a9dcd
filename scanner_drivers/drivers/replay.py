"""Recorded sessions, played back: a bug report becomes a test.

Reads what the recorder wrote: one JSON object a line with `t_ns`, `direction` and `hex`.
With speed 0 the pauses are left out, so frames that only a pause ends run together.
"""

import asyncio
import json
from pathlib import Path
from typing import NamedTuple

from scanner_drivers.drivers.base import Link
from scanner_drivers.errors import Absent, BadConfig
from scanner_drivers.url import ReplayAddress


class Chunk(NamedTuple):
    t_ns: int
    data: bytes


class ReplayDriver:
    slowest_retry_s = 5.0

    def __init__(self, address: ReplayAddress) -> None:
        self._address = address

    def present(self) -> bool:
        return Path(self._address.path).exists()

    async def run(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        try:
            text = await loop.run_in_executor(None, Path(self._address.path).read_text, "utf-8")
        except FileNotFoundError as error:
            raise Absent(f"{self._address.path}: no such file") from error
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfig(f"{self._address.path}: {error}") from error
        chunks = parse_recording(text, self._address.path)
        link.up(self._address.path)
        stream = link.open_stream()
        try:
            last_ns = chunks[0].t_ns if chunks else 0
            for chunk in chunks:
                await self._pause(chunk.t_ns - last_ns)
                last_ns = chunk.t_ns
                stream.feed(chunk.data)
        finally:
            stream.close()

    async def _pause(self, recorded_ns: int) -> None:
        speed = self._address.speed
        await asyncio.sleep(max(0, recorded_ns) / 1e9 / speed if speed else 0)


def parse_recording(text: str, name: str) -> list[Chunk]:
    """The received chunks of a recording. Raises BadConfig with the line of the first mistake."""
    chunks = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            if entry["direction"] == "rx":
                chunks.append(Chunk(int(entry["t_ns"]), bytes.fromhex(entry["hex"])))
        except (ValueError, KeyError, TypeError) as error:
            raise BadConfig(f"{name} line {number}: expected t_ns, direction and hex, got {line[:80]!r}") from error
    return chunks
