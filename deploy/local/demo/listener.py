"""An integrator's receiver of webhooks, on this machine: believes what is signed, and forgets what it has seen.

Written from the published document alone (OpenAPI, `webhooks`), as anybody's would be.
"""

import base64
import hmac
import json
import threading
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from deploy.local.calls import wait_until
from deploy.local.demo.figures import Figures
from deploy.local.stack import Stack

TYPES = ["order.changed", "receipt.created"]
TIMEOUT_S = 30


class Listener:
    """A web server on a free port of loopback, and the webhook that leads to it. Use as a context manager."""

    def __init__(self, stack: Stack) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        url = f"http://127.0.0.1:{self._server.server_port}/backstock"
        made = stack.expect("POST", "/api/v1/webhooks", {"url": url, "types": TYPES, "description": "the story"})
        self._key = base64.b64decode(made["secret"].removeprefix("whsec_"))
        self.events: dict[str, dict[str, Any]] = {}
        """What was believed, by id: the same again changes nothing."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="webhooks", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, headers: Any, body: bytes) -> bool:
        """Whether it is head office that says so."""
        told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = "v1," + base64.b64encode(hmac.digest(self._key, told, sha256)).decode()
        is_signed = any(hmac.compare_digest(right, each) for each in headers["webhook-signature"].split(" "))
        if is_signed:
            self.events[headers["webhook-id"]] = json.loads(body)
        return is_signed

    def judge(self, number: str, figures: Figures) -> None:
        """The order was received: its webhook said so."""
        heard = wait_until(lambda: self._steps(number), f"a webhook tells that {number} was received", TIMEOUT_S)
        figures.check("a signed webhook told of the order", True, " → ".join(heard))

    def _steps(self, number: str) -> list[str]:
        events = sorted(self.events.values(), key=lambda each: str(each["recorded_at"]))
        steps = [each["data"]["state"] for each in events if each["data"].get("number") == number]
        is_whole = "received" in steps and any(each["data"].get("order_number") == number for each in events)
        return steps if is_whole else []


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, listener: Listener, *arguments: Any) -> None:
        self._listener = listener
        super().__init__(*arguments)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204 if self._listener.take(self.headers, body) else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The story tells what came."""
