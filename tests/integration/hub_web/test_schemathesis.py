"""F33, F37: the API against its document: what the schema allows works, what it forbids is refused, nothing breaks.

How it is asked, and how often: tests/asked_at_random.py; `asking.py` says who asks, and about what.
"""

from pathlib import Path
from typing import Any

import pytest

from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import Role
from tests import asked_at_random
from tests.integration.hub_web.conftest import Client, Running

LEAST = 5_000
# Right answers to data that fits: a stale If-Match, a key used with another body, rows that contradict each other,
# a password that is too weak. What is wrong may also be too large. Whoever logs out, or ends the sign-in that asks,
# can ask nothing more, so that is left to test_sign_ins.py; a stream of events never ends (test_event_stream.py).
RIGHT = ("2xx", "304", "401", "403", "404", "409", "412", "422", "429")
LEFT_OUT = "/(auth/logout|events|me/sign-ins/.+|users/.+/(logout|reset-password))$"
CHECKS = (
    *asked_at_random.CHECKS, "response_headers_conformance", "ignored_auth", "missing_required_header",
)  # fmt: skip
_OTHERS = [role for role in Role if role not in (Role.ADMIN, Role.DEVICE)]


@pytest.mark.timeout(300 + asked_at_random.CASES)
async def test_every_operation_keeps_to_the_published_document(
    hub: Running, admin: Client, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "ACCESS_S", 12 * 3600)  # a long run is longer than a token is good for
    people = [await hub.add_user(f"the-{role}", role) for role in (Role.ADMIN, *_OTHERS)]
    paths = (await admin.get("/openapi.json")).body["paths"]
    await asked_at_random.ask(
        f"{hub.url}/openapi.json", tmp_path, hooks="tests.integration.hub_web.asking",
        material=await _material(admin, people, paths), operations=sum(len(methods) for methods in paths.values()),
        least=LEAST, seed=seed, right=RIGHT, left_out=LEFT_OUT, checks=CHECKS,
        more=("--request-timeout", "60"),  # who asks for news may have to wait for them
    )  # fmt: skip
    for person in people:
        me = await person.get("/me")
        assert me.status == 200, "a token ended on the way: what came later was not tested"
        done = await admin.get(f"/audit?actor={me.body['id']}&limit=20")
        assert {entry["action"] for entry in done.body["items"]} - {"log_in"}, f"{me.body['username']} asked nothing"


async def _material(admin: Client, people: list[Client], paths: dict[str, Any]) -> dict[str, object]:
    """Who may ask, some ids to begin with, and for each list of the API the word for the ids in it."""
    vendor = await admin.post("/vendors", {"name": "Acme"})
    return {
        "tokens": [person.token for person in people],
        "known": {
            "site_id": [await admin.make_site(kind) for kind in ("hub", "hub", "edge")],
            "product_id": [(await admin.make_product())["id"] for _ in range(2)],
            "vendor_id": [vendor.body["id"]],
        },
        "words": {path.rpartition("/")[0]: path.rpartition("/")[2][1:-1] for path in paths if path.endswith("}")},
    }
