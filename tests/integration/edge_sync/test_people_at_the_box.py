"""The real agent and the real hub as processes: people of head office log in at their store's box, hub or no hub.

One chain of two stores for the whole module; each test brings its own person.
"""

import json
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.local.calls import Answer, wait_until
from deploy.local.stack import Stack, Store

TIMEOUT_S = 40
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if shutil.which("mosquitto") is None:
        pytest.skip("MISSING: mosquitto is not installed, agent and hub are not tested together on it")
    with Stack(tmp_path_factory.mktemp("chain"), broker="mosquitto") as stack:
        yield stack


@pytest.fixture(scope="module")
def store(chain: Stack) -> Store:
    return chain.add_store("market")


@pytest.fixture(scope="module")
def other(chain: Stack) -> Store:
    return chain.add_store("harbour")


@dataclass
class Browser:
    """A tablet in the store: trusts the chain's authority and nothing else, keeps its cookie."""

    store: Store
    cookie: str = ""

    @property
    def url(self) -> str:
        checks = {each["name"]: each["detail"] for each in self.store.get("/api/v1/health").body["checks"]}
        return str(checks["lan"])

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        url = self.url
        if not url.startswith("https://"):
            raise OSError(url)
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Origin": url, "Cookie": self.cookie}
        request = urllib.request.Request(url + path, data=data, method=method, headers=headers)
        tls = ssl.create_default_context(cafile=str(self.store.folder / "ca.crt"))
        try:
            with urllib.request.urlopen(request, timeout=20, context=tls) as found:
                self.cookie = str(found.headers.get("Set-Cookie", self.cookie)).partition(";")[0]
                text = found.read()
                return Answer(found.status, json.loads(text) if text else None, dict(found.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, json.loads(error.read()), dict(error.headers))

    def log_in(self, **proof: str) -> int:
        return self.ask("POST", "/api/v1/auth/login", proof).status


def add_person(chain: Stack, name: str, role: str, *stores: Store) -> str:
    made = chain.expect(
        "POST", "/api/v1/users",
        {"username": name, "password": PASSWORD, "role": role, "site_ids": [each.site_id for each in stores]},
    )  # fmt: skip
    chain.expect("PUT", f"/api/v1/users/{made['id']}/pin", {"pin": "4071"})
    chain.expect("PUT", f"/api/v1/users/{made['id']}/badge", {"badge": f"BADGE-{name}"})
    return str(made["id"])


def wait_logged_in(store: Store, **proof: str) -> Browser:
    browser = Browser(store)
    wait_until(lambda: browser.log_in(**proof) == 200, f"{proof} lets in", TIMEOUT_S, every_s=0.5)
    return browser


def test_a_person_works_at_their_store_with_the_hub_gone_and_the_box_restarted(chain: Stack, store: Store) -> None:
    add_person(chain, "anna", "staff", store)
    before = wait_logged_in(store, badge="BADGE-anna")
    product = chain.expect("POST", "/api/v1/products", {"sku": "A-1", "name": "Apples"})["id"]
    wait_until(lambda: store.get(f"/api/v1/products/{product}").status == 200, "the product", TIMEOUT_S)
    store.cut()
    store.kill()
    store.start()
    try:
        wait_until(lambda: before.ask("GET", "/api/v1/me").status == 200, "the session outlives a restart", TIMEOUT_S)
        for proof in ({"password": PASSWORD}, {"pin": "4071"}):
            browser = Browser(store)
            assert browser.log_in(username="anna", **proof) == 200
        adjusted = browser.ask(
            "POST", "/api/v1/inventory/adjust", {"product_id": product, "delta": "7", "reason": "correction"}
        )
        assert adjusted.status == 201, adjusted.body
    finally:
        store.mend()

    path = f"/api/v1/inventory/movements?site_id={store.site_id}&product_id={product}"
    wait_until(lambda: chain.get(path).body["items"], "the movement at head office", TIMEOUT_S)
    assert chain.get(path).body["items"][0]["actor"] == "anna"


def test_whoever_head_office_disables_is_out_when_the_store_hears_of_it(chain: Stack, store: Store) -> None:
    person = add_person(chain, "bert", "staff", store)
    browser = wait_logged_in(store, username="bert", pin="4071")

    chain.expect("PATCH", f"/api/v1/users/{person}", {"state": "disabled"})

    wait_until(lambda: browser.ask("GET", "/api/v1/me").status == 401, "the session is over", TIMEOUT_S)
    assert browser.log_in(badge="BADGE-bert") == 401


def test_a_pin_set_at_one_store_opens_the_other(chain: Stack, store: Store, other: Store) -> None:
    add_person(chain, "carl", "staff", store, other)
    browser = wait_logged_in(store, username="carl", password=PASSWORD)
    wait_logged_in(other, username="carl", pin="4071")

    assert browser.ask("PUT", "/api/v1/me/pin", {"pin": "90214", "password": PASSWORD}).status == 204

    wait_logged_in(other, username="carl", pin="90214")
    assert Browser(store).log_in(username="carl", pin="90214") == 200


def test_a_new_box_knows_its_people_from_its_snapshot(chain: Stack) -> None:
    early = chain.add_store("early")
    late_name = "dora"
    add_person(chain, late_name, "store_manager", early)
    early.stop()
    wait_logged_in(chain.add_store("late"), username="admin", password=chain.admin_password)
    early.start()
    wait_logged_in(early, badge=f"BADGE-{late_name}")


def test_what_a_manager_allowed_at_a_store_is_in_head_offices_audit(chain: Stack, store: Store) -> None:
    add_person(chain, "emil", "staff", store)
    add_person(chain, "frida", "store_manager", store)
    browser = wait_logged_in(store, username="emil", pin="4071")
    wait_logged_in(store, badge="BADGE-frida")
    product = chain.expect("POST", "/api/v1/products", {"sku": "P-1", "name": "Pears"})["id"]
    wait_until(lambda: store.get(f"/api/v1/products/{product}").status == 200, "the product", TIMEOUT_S)
    made = browser.ask("POST", "/api/v1/approvals", {"badge": "BADGE-frida", "for": "negative_stock"})
    assert made.body["by"] == "frida", made.body

    body = {"product_id": product, "delta": "-2", "reason": "damage"}
    assert browser.ask("POST", "/api/v1/inventory/adjust", body).body["code"] == "insufficient_stock"
    url = browser.url
    request = urllib.request.Request(
        f"{url}/api/v1/inventory/adjust", data=json.dumps(body).encode(), method="POST",
        headers={"Content-Type": "application/json", "Origin": url, "Cookie": browser.cookie,
                 "X-Approval": made.body["approval"]},
    )  # fmt: skip
    tls = ssl.create_default_context(cafile=str(store.folder / "ca.crt"))
    with urllib.request.urlopen(request, timeout=20, context=tls) as answer:
        assert answer.status == 201

    def allowed() -> list[tuple[str, str]]:
        items = chain.get("/api/v1/audit?actor=frida").body["items"]
        return [(each["action"], each["detail"]["asked_by"]) for each in items if "asked_by" in each["detail"]]

    wait_until(lambda: allowed() == [("approved negative_stock", "emil")], "the audit", TIMEOUT_S)
