"""JSON over HTTP for scripts: one request, its answer whatever the status, and waiting."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass
class Answer:
    """An HTTP answer: status, JSON body (or None), headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


def call(
    method: str, url: str, body: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None,
    timeout_s: float = 20,
) -> Answer:  # fmt: skip
    """One JSON request; HTTP errors are answers, a missing server raises OSError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return Answer(answer.status, _json(answer.read()), dict(answer.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, _json(error.read()), dict(error.headers))


def _json(data: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(data)
    return None


def wait_until(holds: Callable[[], Any], what: str, timeout_s: float = 60, every_s: float = 0.05) -> Any:
    """The first true answer of `holds`. Raises TimeoutError that says what was waited for."""
    deadline = time.monotonic() + timeout_s
    last: Any = None
    while time.monotonic() < deadline:
        with suppress(OSError, KeyError, TypeError):
            last = holds()
            if last:
                return last
        time.sleep(every_s)
    raise TimeoutError(f"waited {timeout_s:.0f} s in vain: {what} (last seen: {last!r})")
