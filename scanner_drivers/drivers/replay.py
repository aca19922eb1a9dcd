"""Recorded sessions, played back: a bug report becomes a test.

Reads what the recorder wrote: one JSON object a line, each session's bytes in a stream of its
own, through the framer of the device that sent them. Lines without a session or an `open` are
text. With speed 0 the pauses are left out, so frames that only a pause ends run together.
"""

import asyncio
import json
from pathlib import Path
from typing import NamedTuple

from scanner_drivers.drivers.base import Link, Stream
from scanner_drivers.errors import Absent, BadConfig
from scanner_drivers.framing import Framer, Framing, Recipe, framer_of
from scanner_drivers.url import ReplayAddress


class Entry(NamedTuple):
    """Bytes of a session; or, without bytes, its beginning."""

    t_ns: int
    session: int
    data: bytes
    recipe: Recipe | None = None


class ReplayDriver:
    slowest_retry_s = 5.0

    def __init__(self, address: ReplayAddress, framing: Framing) -> None:
        self._address = address
        self._framing = framing

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
        entries = parse_recording(text, self._address.path)
        link.up(self._address.path)
        streams: dict[int, Stream] = {}
        try:
            last_ns = entries[0].t_ns if entries else 0
            for entry in entries:
                await self._pause(entry.t_ns - last_ns)
                last_ns = entry.t_ns
                self._play(entry, streams, link)
        finally:
            for stream in streams.values():
                stream.close()

    def _play(self, entry: Entry, streams: dict[int, Stream], link: Link) -> None:
        if entry.recipe is not None or entry.session not in streams:
            if entry.session in streams:
                streams.pop(entry.session).close()
            streams[entry.session] = link.open_stream(self._framer(entry.recipe))
        if entry.data:
            streams[entry.session].feed(entry.data)

    def _framer(self, recipe: Recipe | None) -> Framer | None:
        try:
            return None if recipe is None else framer_of(recipe, self._framing)
        except (ValueError, KeyError, TypeError) as error:
            raise BadConfig(f"{self._address.path}: recipe {dict(recipe or {})}: {error!r}") from error

    async def _pause(self, recorded_ns: int) -> None:
        speed = self._address.speed
        await asyncio.sleep(max(0, recorded_ns) / 1e9 / speed if speed else 0)


def parse_recording(text: str, name: str) -> list[Entry]:
    """What was opened and received. Raises BadConfig with the line of the first mistake."""
    entries = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        try:
            read = json.loads(line)
            t_ns, session = int(read["t_ns"]), int(read.get("session", 0))
            if read["direction"] == "rx":
                entries.append(Entry(t_ns, session, bytes.fromhex(read["hex"])))
            elif read["direction"] == "open":
                entries.append(Entry(t_ns, session, b"", dict(read["recipe"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadConfig(f"{name} line {number}: expected t_ns, direction and hex, got {line[:80]!r}") from error
    return entries
