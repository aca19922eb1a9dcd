"""A closed-loop HTTP load: N keep-alive connections, each sends when its answer is in.

Run as a process of its own (`python -m tests.benchmarks.closed_loop SPEC`), so that the
server is not measured from inside. The client speaks just enough HTTP/1.1 to be cheaper
than what it measures; both the product and its reference are loaded by it.
"""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field

from tests.benchmarks.harness import Figures, latencies


@dataclass(frozen=True)
class Load:
    """What to send: bodies are cycled over all requests."""

    port: int
    path: str
    bodies: list[str]
    connections: int
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)
    unique_key: bool = False
    """Add an Idempotency-Key of its own to each request."""


def run(load: Load) -> Figures:
    """Apply the load from another process: rate, p50_ms, p99_ms and errors."""
    command = [sys.executable, "-m", "tests.benchmarks.closed_loop"]
    done = subprocess.run(
        command, input=json.dumps(asdict(load)), capture_output=True, text=True, check=True, timeout=300
    )
    return dict(json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    def __init__(self, requests: "_Requests") -> None:
        self.requests = requests
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        if self.requests.is_over():
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(self.requests.next())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        self.requests.answered(time.perf_counter() - self.sent_at, int(head[9:12]))
        self.buffer = b""
        self.send()

    def connection_lost(self, _: Exception | None) -> None:
        self.requests.lost()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


class _Requests:
    def __init__(self, load: Load) -> None:
        self.load = load
        self.seconds: list[float] = []
        self.errors = 0
        self.number = 0
        self.open = load.connections
        self.done = asyncio.get_running_loop().create_future()
        self.deadline = time.perf_counter() + load.seconds
        self.started = time.perf_counter()

    def is_over(self) -> bool:
        return time.perf_counter() >= self.deadline

    def next(self) -> bytes:
        body = self.load.bodies[self.number % len(self.load.bodies)].encode()
        headers = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **self.load.headers,
        }
        if self.load.unique_key:
            headers["Idempotency-Key"] = f"load-{self.started:.6f}-{self.number}"
        self.number += 1
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {self.load.path} HTTP/1.1\r\n{lines}\r\n".encode() + body

    def answered(self, seconds: float, status: int) -> None:
        self.seconds.append(seconds)
        self.errors += status >= 300

    def lost(self) -> None:
        self.open -= 1
        if self.open == 0 and not self.done.done():
            self.done.set_result(None)


async def _apply(load: Load) -> Figures:
    requests = _Requests(load)
    loop = asyncio.get_running_loop()
    for _ in range(load.connections):
        await loop.create_connection(lambda: _Connection(requests), "127.0.0.1", load.port)
    await asyncio.wait_for(requests.done, load.seconds + 60)
    elapsed = time.perf_counter() - requests.started
    return {"rate": len(requests.seconds) / elapsed, **latencies(requests.seconds), "errors": float(requests.errors)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_apply(Load(**json.loads(sys.stdin.read()))))))
