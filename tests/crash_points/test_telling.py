"""The hub dies while it tells others and while it gives back what was reserved: both happen all the same."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.local.calls import wait_until
from deploy.local.programs import Program, StackError
from tests.crash_points.stories import Mortal
from tests.system.chain import Chain, a_chain, a_product, hub_rows

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]

TELLING = ("delivery.after_claim", "delivery.after_send")
GIVING_BACK = ("reservations.before_commit",)
OFTEN = {"HUB_LOOK_EVERY_S": "1"}
"""A slot that a dead process has claimed is not waited for: the next one does its work."""


def test_a_webhook_gets_every_event_under_one_id_wherever_the_hub_dies(tmp_path: Path) -> None:
    with a_chain(tmp_path, products=0) as stack, a_receiver() as (url, got):
        mortal = a_mortal_hub(stack, TELLING)
        stack.expect("POST", "/api/v1/webhooks", {"url": url, "types": ["product.changed"]})
        for number, point in enumerate(TELLING):
            with suppress(OSError, StackError):  # it may die before it has answered
                a_product(stack, number)
            wait_until(mortal.is_dead, point)
        made = {product["id"] for product in stack.expect("GET", "/api/v1/products")["items"]}
        assert len(made) == len(TELLING)
        # A minute later, without waiting for it: only the dead have claimed something.
        asyncio.run(hub_rows(stack, "UPDATE deliveries SET claimed_until = 0 WHERE claimed_until IS NOT NULL"))
        wait_until(lambda: set(got.values()) >= made, "every event arrives")
        assert sorted(got.values()) == sorted(made), "a repetition has the id of the first time"


def test_what_was_reserved_is_given_back_though_the_hub_dies_of_it(tmp_path: Path) -> None:
    with a_chain(tmp_path, products=1) as stack:
        depot = stack.expect("POST", "/api/v1/sites", {"code": "depot", "name": "Depot", "kind": "hub"})["id"]
        place = {"product_id": stack.products[0]["id"], "site_id": depot}
        adjusted = {**place, "set_to": "5", "reason": "opening", "location": "shelf"}
        assert stack.post("/api/v1/inventory/adjust", adjusted).status in (200, 201)
        held = stack.expect("POST", "/api/v1/reservations", {**place, "quantity": "2", "expires_in_s": 1})
        mortal = a_mortal_hub(stack, GIVING_BACK)
        wait_until(lambda: mortal.is_dead() or mortal.died, GIVING_BACK[0])
        one = f"/api/v1/reservations/{held['id']}"
        wait_until(lambda: stack.expect("GET", one)["state"] == "expired", "given back")
        (level,) = stack.expect("GET", f"/api/v1/inventory?site_id={depot}")["items"]
        assert (level["available"], level["reserved"]) == ("5", "0")


def a_mortal_hub(stack: Chain, points: tuple[str, ...]) -> Mortal:
    """The running hub again, with these places to die at."""
    usual = {**stack.hub.environment, **OFTEN, "HUB_WEBHOOK_PRIVATE_NETS": "127.0.0.0/8"}

    def start(environment: dict[str, str]) -> Program:
        stack.hub.environment = {**usual, **environment}
        return stack.hub.start()

    stack.hub.stop()
    mortal = Mortal(start, to_die=[(point, 1) for point in points])
    mortal.begin()
    return mortal


@contextmanager
def a_receiver() -> Iterator[tuple[str, dict[str, str]]]:
    """An integrator's server, and which product each event id that came was about."""
    got: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got[self.headers["webhook-id"]] = body["data"]["product_id"]
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *_: Any) -> None:
            """Nothing: the test tells."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
