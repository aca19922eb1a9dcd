"""A closed-loop HTTP load: N keep-alive connections, each sends when its answer is in.

Run as processes of its own (`python -m tests.benchmarks.closed_loop`, the load on standard
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
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tests.benchmarks.harness import Figures, latencies

Sent = tuple[str, str, str]
"""Method, path, body ("": none)."""
TIMEOUT_S = 60


@dataclass(frozen=True)
class Load:
    """What to send: the calls are cycled over all requests."""

    port: int
    calls: list[Sent]
    connections: int
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)
    unique_key: bool = False
    """Add an Idempotency-Key of its own to each request that has a body."""
    processes: int = 1
    """The connections are shared among so many."""


def run(load: Load) -> Figures:
    """Apply the load from other processes.

    rate, p50_ms, p99_ms and the number of all answers; errors (not 2xx), server_errors (5xx), socket_errors,
    ok_percent; client_us, the load's own CPU a request.
    """
    command = [sys.executable, "-m", "tests.benchmarks.closed_loop"]
    part = replace(load, connections=load.connections // load.processes)
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(load.processes)
    ]
    try:
        for number, worker in enumerate(workers):
            _tell(worker, json.dumps(asdict(part) | {"calls": load.calls[number:] + load.calls[:number]}))
        for worker in workers:
            if _hear(worker).strip() != "connected":
                raise RuntimeError("a part of the load did not connect")
        for worker in workers:
            _tell(worker, "go")
        return _joined([json.loads(_hear(worker)) for worker in workers])
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _tell(worker: "subprocess.Popen[str]", line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line + "\n")
    worker.stdin.flush()


def _hear(worker: "subprocess.Popen[str]") -> str:
    assert worker.stdout is not None
    return worker.stdout.readline()


def _joined(parts: list[dict[str, Any]]) -> Figures:
    micros = list(itertools.chain.from_iterable(part["micros"] for part in parts))
    statuses: Counter[int] = Counter()
    for part in parts:
        statuses += Counter({int(status): count for status, count in part["statuses"].items()})
    lost = sum(part["lost"] for part in parts)
    good = sum(count for status, count in statuses.items() if status < 300)
    return {
        "rate": sum(part["rate"] for part in parts),
        **latencies([each / 1e6 for each in micros]),
        "answers": float(len(micros)),
        "errors": float(len(micros) - good + lost),
        "server_errors": float(sum(count for status, count in statuses.items() if status >= 500)),
        "socket_errors": float(lost),
        "ok_percent": 100 * good / max(len(micros) + lost, 1),
        "client_us": sum(part["cpu"] for part in parts) / max(len(micros), 1) * 1e6,
    }


def _apply(load: Load) -> dict[str, Any]:
    """One process: connect, say so, wait for the word, and go on until the time is over."""
    requests = _requests(load)
    by_number = {each.socket.fileno(): each for each in (_Connection(load.port) for _ in range(load.connections))}
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    print("connected", flush=True)
    sys.stdin.readline()
    micros: list[int] = []
    statuses: Counter[int] = Counter()
    cpu, started = time.process_time(), time.perf_counter()
    end = started + load.seconds
    for each in by_number.values():
        each.send(next(requests))
    open_, lost = len(by_number), 0
    while open_:
        ready = poll.poll(TIMEOUT_S)
        if not ready:
            lost += open_
            break
        for number, _ in ready:
            each = by_number[number]
            try:
                status = each.receive()
                if status is None:
                    continue
                now = time.perf_counter()
                micros.append(int((now - each.sent_at) * 1e6))
                statuses[status] += 1
                if now < end:
                    each.send(next(requests))
                    continue
            except OSError:
                lost += 1
            open_ -= 1
            poll.unregister(number)
    seconds = time.perf_counter() - started
    cpu = time.process_time() - cpu
    return {"micros": micros, "statuses": statuses, "lost": lost, "rate": len(micros) / seconds, "cpu": cpu}


def _requests(load: Load) -> Iterator[bytes]:
    """Whole requests, without end."""
    prefix = f"load-{time.time_ns()}-"
    made = []
    for method, path, body in load.calls:
        headers = {"Host": "127.0.0.1"} | load.headers
        if body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body.encode()))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        made.append((f"{method} {path} HTTP/1.1\r\n{lines}", f"\r\n{body}", load.unique_key and bool(body)))
    for number, (head, body, has_key) in enumerate(itertools.cycle(made)):
        key = f"Idempotency-Key: {prefix}{number}\r\n" if has_key else ""
        yield f"{head}{key}{body}".encode()


class _Connection:
    """One caller: sends a request, collects its answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
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
    print(json.dumps(_apply(Load(**json.loads(sys.stdin.readline())))))
