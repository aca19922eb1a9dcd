"""A closed-loop HTTP load: N keep-alive connections, each sends when its answer is in.

Run as a process of its own (`python -m tests.benchmarks.closed_loop`, the load on standard
input), so that the server is not measured from inside. Bare sockets and epoll, because on
two cores a client that costs as much as what it measures halves the figure; it speaks just
enough HTTP/1.1 for servers that answer with a Content-Length.
"""

import itertools
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
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
    """Apply the load from another process: rate, p50_ms, p99_ms, errors, and client_us, its own CPU a request."""
    command = [sys.executable, "-m", "tests.benchmarks.closed_loop"]
    done = subprocess.run(
        command, input=json.dumps(asdict(load)), capture_output=True, text=True, check=True, timeout=300
    )
    return dict(json.loads(done.stdout))


def _apply(load: Load) -> Figures:
    requests, seconds, errors = _requests(load), [], 0
    waiting = [_Connection(load.port) for _ in range(load.connections)]
    by_number = {each.socket.fileno(): each for each in waiting}
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    cpu, started = time.process_time(), time.perf_counter()
    for each in waiting:
        each.send(next(requests))
    is_over, open_ = False, len(waiting)
    while open_:
        for number, _ in poll.poll(60):
            each = by_number[number]
            status = each.receive()
            if status is None:
                continue
            now = time.perf_counter()
            seconds.append(now - each.sent_at)
            errors += status >= 300
            is_over = is_over or now - started >= load.seconds
            if is_over:
                open_ -= 1
            else:
                each.send(next(requests))
    elapsed = time.perf_counter() - started
    cpu = time.process_time() - cpu
    return {
        "rate": len(seconds) / elapsed, **latencies(seconds), "errors": float(errors),
        "client_us": cpu / len(seconds) * 1e6,
    }  # fmt: skip


def _requests(load: Load) -> Iterator[bytes]:
    """Whole requests, without end."""
    prefix = f"load-{time.time_ns()}-"
    made = []
    for body in load.bodies:
        headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body.encode()))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers | load.headers).items())
        made.append((f"POST {load.path} HTTP/1.1\r\n{lines}", f"\r\n{body}"))
    for number, (head, body) in enumerate(itertools.cycle(made)):
        key = f"Idempotency-Key: {prefix}{number}\r\n" if load.unique_key else ""
        yield f"{head}{key}{body}".encode()


class _Connection:
    """One caller: sends a request, collects its answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._received = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status, None while the answer is not whole."""
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return None
        self._received = b""
        return int(head[9:12])


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


if __name__ == "__main__":
    print(json.dumps(_apply(Load(**json.loads(sys.stdin.read())))))
