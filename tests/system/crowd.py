"""Ten thousand clients in one process: each keeps its connection and asks again and again.

    python -m tests.system.crowd HOST PORT TOKEN PATH CONNECTIONS ROUNDS

Prints one JSON object: how many connected, the statuses of all answers, the errors, the slowest.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

AT_ONCE = 400
"""Connections being opened at one time; all of them stay open."""


@dataclass
class Crowd:
    """What the clients have met so far."""

    host: str
    port: int
    request: bytes
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    async def run(self, connections: int, rounds: int) -> dict[str, object]:
        """Open all, then let all ask at the same time, some rounds long."""
        gate = asyncio.Semaphore(AT_ONCE)
        opened = await asyncio.gather(*(self._open(number, gate) for number in range(connections)))
        streams = [each for each in opened if each is not None]
        for _ in range(rounds):
            await asyncio.gather(*(self._ask(*each) for each in streams))
        for _, writer in streams:
            writer.close()
        return {"connected": len(streams), "statuses": self.statuses, "errors": self.errors,
                "slowest_s": round(self.slowest_s, 2)}  # fmt: skip

    async def _open(
        self, number: int, gate: asyncio.Semaphore
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        async with gate:
            try:
                # One source address has too few ports for all of them.
                return await asyncio.open_connection(self.host, self.port, local_addr=(f"127.0.0.{2 + number % 4}", 0))
            except OSError as error:
                self.errors[f"connect: {error}"] += 1
                return None

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began = time.perf_counter()
        try:
            writer.write(self.request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"
            )
            await reader.readexactly(length)
        except (OSError, EOFError, StopIteration) as error:
            self.errors[f"ask: {type(error).__name__}"] += 1
            return
        self.statuses[head.split(b" ", 2)[1].decode()] += 1
        self.slowest_s = max(self.slowest_s, time.perf_counter() - began)


def _main(host: str, port: str, token: str, path: str, connections: str, rounds: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    crowd = Crowd(host, int(port), request.encode())
    print(json.dumps(asyncio.run(crowd.run(int(connections), int(rounds)))))


if __name__ == "__main__":
    _main(*sys.argv[1:])
