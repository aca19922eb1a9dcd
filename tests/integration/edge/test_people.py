"""People at the box with the hub out of reach: log-ins, sessions, who did what, PINs, and managers' approvals."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from edge_agent.domain import people as rules
from edge_agent.domain.people import LIFE_MS
from edge_agent.services import attributing, hashing, logging_in
from edge_agent.services.applying import apply_change
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage import catalogue, ledger, sessions
from edge_agent.storage import people as known
from edge_agent.storage.database import Database
from edge_agent.web import callers, context, inventory, people
from edge_agent.web.server import StoreApi
from sync_protocol import changes, credentials
from sync_protocol.records import decode
from tests.integration.edge.conftest import PRODUCTS

KEY = bytes(range(32))
PASSWORD, PIN, BADGE = "a long enough password", "4071", "EMP-00017"
ANNA, BOSS, ROOT = (f"0190f000-0000-7000-8000-00000000000{n}" for n in "abc")
_PERMISSIONS = {
    "staff": ["orders.read", "products.read", "stock.read", "stock.write", "alerts.read"],
    "store_manager": [*rules.PERMISSIONS],
    "admin": [*rules.PERMISSIONS],
    "looker": ["stock.read"],
}


def hashed(secret: str, _made: dict[str, str] = {}) -> str:  # noqa: B006  made once for all tests
    return _made.setdefault(secret, "") or _made.update({secret: hashing._HASHER.hash(secret)}) or _made[secret]


def told(person_id: str, name: str, role: str = "staff", number: int = 1, **more: Any) -> changes.Person:
    fields = {
        "password_hash": hashed(PASSWORD), "pin_hash": hashed(credentials.pin_secret(KEY, person_id, PIN)),
        "badge_hash": credentials.badge_hash(KEY, f"{BADGE}-{name}"), **more,
    }  # fmt: skip
    return changes.Person(
        person_id=person_id, version=(1, number), username=name, full_name=name.title(), role=role,
        permissions=_PERMISSIONS[role], **fields,
    )  # fmt: skip


class Store:
    """A served box with people, and browsers at it."""

    def __init__(self, database: Database, server: TestServer) -> None:
        self.database, self.server, self.clock_ms = database, server, 1_790_000_000_000
        self._browsers: list[Browser] = []

    async def tell(self, person: changes.Person) -> None:
        await self.database.write(apply_change, changes.change(person), self.clock_ms)

    def browser(self) -> "Browser":
        made = Browser(TestClient(self.server, cookie_jar=aiohttp.CookieJar(unsafe=True)))
        self._browsers.append(made)
        return made

    async def logged_in(self, name: str = "anna", **more: Any) -> "Browser":
        made = self.browser()
        assert (await made.log_in(username=name, password=PASSWORD, **more))[0] == 200
        return made

    async def close(self) -> None:
        for each in self._browsers:
            await each.client.session.close()

    async def facts(self, kind: str) -> list[dict[str, Any]]:
        head = await self.database.read(ledger.last_position)
        rows = await self.database.read(ledger.read_encoded, 1, head)
        found = [decode(row) for row in rows]
        return [record.body for record in found if getattr(record, "kind", "") == kind]  # type: ignore[union-attr]


class Browser:
    """One device: a cookie jar, and pages of the box."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.headers = {"Origin": str(client.make_url("")).rstrip("/")}
        self.last_headers: Any = {}

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.request(method, f"/api/v1{path}", json=body, headers=sent) as response:
            self.last_headers = response.headers
            return response.status, await response.json(content_type=None)

    async def log_in(self, **proof: Any) -> tuple[int, Any]:
        return await self.call("POST", "/auth/login", proof)


@pytest.fixture
async def store(tmp_path: Path, enrolled: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    shutil.copy(enrolled, tmp_path / "store.db")
    database = Database.open(tmp_path / "store.db", people_key=lambda: KEY)

    async def checks() -> list[Any]:
        return []

    api = StoreApi(
        database=database, status=LinkStatus(), api_keys={"secret": "till-1"}, boot=1, checks=checks,
        people_key=lambda: KEY,
    )  # fmt: skip
    server = TestServer(api.app)
    await server.start_server()
    made = Store(database, server)
    for module in (callers, inventory, people):
        monkeypatch.setattr(module, "now_ms", lambda: made.clock_ms)
    await made.tell(told(ANNA, "anna"))
    await made.tell(told(BOSS, "boss", "store_manager"))
    yield made
    await made.close()
    await server.close()
    await database.close()


@pytest.mark.parametrize(
    "proof",
    [{"username": "anna", "password": PASSWORD}, {"username": "ANNA", "pin": PIN}, {"badge": f"{BADGE}-anna\r"}],
    ids=["password", "pin", "badge"],
)
async def test_a_person_logs_in_and_is_the_actor_of_what_they_do(store: Store, proof: dict[str, str]) -> None:
    browser = store.browser()
    status, found = await browser.log_in(**proof, device="tablet 2")
    assert (status, found["person"]["name"], found["person"]["role"]) == (200, "anna", "staff")
    cookie = browser.last_headers["Set-Cookie"]
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Secure" not in cookie  # this server speaks plain HTTP on the loopback

    me = (await browser.call("GET", "/me"))[1]
    assert (me["id"], me["name"], me["device"]) == (ANNA, "anna", "tablet 2")
    body = {"product_id": PRODUCTS[0].product_id, "delta": "5", "reason": "correction"}
    assert (await browser.call("POST", "/inventory/adjust", body))[0] == 201
    movements = (await browser.call("GET", "/inventory/movements"))[1]["items"]
    assert movements[-1]["actor"] == "anna"


async def test_without_a_session_or_a_key_the_api_says_what_to_do(store: Store) -> None:
    status, problem = await store.browser().call("GET", "/products")
    assert (status, problem["code"]) == (401, "no_session")
    assert "log in" in problem["remedy"]


async def test_a_key_of_the_box_still_works_and_is_its_name(store: Store) -> None:
    till = store.browser()
    status, me = await till.call("GET", "/me", Authorization="Bearer secret")
    assert (status, me["name"], me["role"], me["id"]) == (200, "till-1", "key", None)
    assert "stock.approve" in me["permissions"]


async def test_logging_out_ends_the_session_for_whoever_still_has_its_token(store: Store) -> None:
    browser = await store.logged_in()
    cookies = {cookie.key: cookie.value for cookie in browser.client.session.cookie_jar}
    assert (await browser.call("POST", "/auth/logout"))[0] == 204
    browser.client.session.cookie_jar.update_cookies(cookies)
    assert (await browser.call("GET", "/me"))[0] == 401


async def test_no_token_no_pin_and_no_badge_stands_in_the_database(store: Store) -> None:
    browser = await store.logged_in()
    approval = (await browser.call("POST", "/approvals", {"badge": f"{BADGE}-boss", "for": "adjust"}))[1]["approval"]
    [token] = [cookie.value for cookie in browser.client.session.cookie_jar]
    data = store.database.path.read_bytes() + store.database.path.with_name("store.db-wal").read_bytes()
    for secret in (token, approval, BADGE, PASSWORD, credentials.pin_secret(KEY, ANNA, PIN)):
        assert secret.encode() not in data


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"pin": "9999"}])
async def test_what_was_wrong_is_not_said(store: Store, wrong: dict[str, str]) -> None:
    browser = store.browser()
    answers = [await browser.log_in(username=name, **wrong) for name in ("anna", "nobody")]
    assert [(status, body["code"]) for status, body in answers] == [(401, "wrong_credentials")] * 2
    assert answers[0][1] == answers[1][1]


@pytest.mark.parametrize("body", [{}, {"username": "anna"}, {"pin": "4071"}, {"username": "anna", "badge": "x"},
                                  {"username": "anna", "pin": "4071", "password": "x"},
                                  {"username": "anna", "pin": "40711234567"}, {"username": "anna", "pin": "４０７１"},
                                  {"badge": "x" * 200}])  # fmt: skip
async def test_a_log_in_is_a_name_with_one_secret_or_a_badge(store: Store, body: dict[str, str]) -> None:
    status, problem = await store.browser().call("POST", "/auth/login", body)
    assert (status, problem["code"]) == (422, "validation")


async def test_each_wrong_pin_makes_the_next_try_wait_longer_and_never_for_ever(store: Store) -> None:
    browser = store.browser()
    waits = []
    for _ in range(14):
        status, _ = await browser.log_in(username="anna", pin="9999")
        if status == 429:
            waits.append(int(browser.last_headers["Retry-After"]))
            store.clock_ms += waits[-1] * 1000
            assert (await browser.log_in(username="anna", pin="9999"))[0] == 401
    assert waits[:4] == [5, 10, 20, 40]
    assert waits == sorted(waits)

    store.clock_ms += rules.OF_PERSON.longest_ms
    assert (await browser.log_in(username="anna", pin=PIN))[0] == 200
    assert (await browser.log_in(username="anna", pin="9999"))[0] == 401


async def test_a_badge_opens_the_box_for_somebody_whose_pin_others_have_tried(store: Store) -> None:
    browser = store.browser()
    for _ in range(5):
        await browser.log_in(username="anna", pin="9999")
    assert (await browser.log_in(username="anna", pin=PIN))[0] == 429
    assert (await browser.log_in(badge=f"{BADGE}-anna"))[0] == 200


async def test_tries_are_counted_before_they_are_checked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the power went each time between the check and the answer."""

    async def power_cut(*_: object) -> bool:
        raise OSError("power cut")

    monkeypatch.setattr(hashing.Hashing, "verify", power_cut)
    browser = store.browser()
    statuses = [(await browser.log_in(username="anna", pin=PIN))[0] for _ in range(6)]
    assert statuses == [500] * 4 + [429] * 2


async def test_many_guesses_at_once_are_no_more_guesses_than_one_by_one(store: Store) -> None:
    browser = store.browser()
    statuses = [status for status, _ in await asyncio.gather(
        *(browser.log_in(username="anna", pin=f"{n:04}") for n in range(5_000, 5_012)))]  # fmt: skip
    assert statuses.count(401) == rules.OF_PERSON.free


async def test_who_guesses_at_many_people_is_slowed_down_on_their_device(store: Store) -> None:
    browser = store.browser()
    statuses = [(await browser.log_in(badge=f"GUESS-{n}"))[0] for n in range(rules.OF_DEVICE.free + 1)]
    assert statuses == [401] * rules.OF_DEVICE.free + [429]


async def test_a_clock_that_was_set_back_makes_nobody_wait_until_it_is_right_again(store: Store) -> None:
    browser = store.browser()
    for _ in range(4):
        await browser.log_in(username="anna", pin="9999")
    store.clock_ms -= 50 * 365 * 24 * 3_600_000
    assert (await browser.log_in(username="anna", pin=PIN))[0] == 429
    store.clock_ms += 5_000
    assert (await browser.log_in(username="anna", pin=PIN))[0] == 200


async def test_ten_wrong_log_ins_in_a_row_are_a_task_for_somebody_to_look_at(store: Store) -> None:
    browser = store.browser()
    for _ in range(rules.SUSPICIOUS + 1):
        await browser.log_in(username="anna", pin="9999")
        store.clock_ms += rules.OF_PERSON.longest_ms
    items = (await browser.call("GET", "/tasks", Authorization="Bearer secret"))[1]["items"]
    assert [task["rule"] for task in items] == ["log_in_tries"]


async def test_who_leaves_is_out_at_once_and_cannot_come_back(store: Store) -> None:
    browser = await store.logged_in()
    await store.tell(changes.Person(person_id=ANNA, version=(1, 2), is_active=False))
    assert (await browser.call("GET", "/me"))[0] == 401
    for proof in ({"username": "anna", "password": PASSWORD}, {"badge": f"{BADGE}-anna"}):
        assert (await browser.log_in(**proof))[0] == 401
    left = await store.database.read(known.find, ANNA)
    assert left is not None
    assert (left.password_hash, left.pin_hash, left.badge_hash) == (None, None, None)


async def test_an_older_word_of_head_office_changes_nothing(store: Store) -> None:
    await store.tell(changes.Person(person_id=ANNA, version=(1, 5), is_active=False))
    await store.tell(told(ANNA, "anna", number=4))
    assert (await store.browser().log_in(username="anna", password=PASSWORD))[0] == 401


async def test_another_password_ends_the_sessions_and_another_name_does_not(store: Store) -> None:
    browser = await store.logged_in()
    await store.tell(told(ANNA, "anne", number=2))
    assert (await browser.call("GET", "/me"))[1]["name"] == "anne"
    await store.tell(told(ANNA, "anne", number=3, password_hash=hashed("another long password")))
    assert (await browser.call("GET", "/me"))[0] == 401


async def test_a_session_ends_after_a_shift_without_use_and_after_a_week_of_it(store: Store) -> None:
    browser = await store.logged_in()
    store.clock_ms += rules.IDLE_MS - 1
    assert (await browser.call("GET", "/me"))[0] == 200
    store.clock_ms += rules.IDLE_MS
    assert (await browser.call("GET", "/me"))[0] == 401

    again, started = await store.logged_in(), store.clock_ms
    while store.clock_ms + rules.IDLE_MS // 2 < started + LIFE_MS:
        store.clock_ms += rules.IDLE_MS // 2
        assert (await again.call("GET", "/me"))[0] == 200
    store.clock_ms = started + LIFE_MS
    assert (await again.call("GET", "/me"))[0] == 401


async def test_one_sees_and_ends_ones_own_sessions_and_a_manager_everybodys(store: Store) -> None:
    till, tablet = await store.logged_in(device="till"), await store.logged_in(device="tablet")
    boss = await store.logged_in("boss", device="office")
    mine = (await till.call("GET", "/sessions"))[1]["items"]
    assert {(each["device"], each["is_this"]) for each in mine} == {("till", True), ("tablet", False)}
    every = (await boss.call("GET", "/sessions"))[1]["items"]
    assert {each["device"] for each in every} == {"till", "tablet", "office"}
    [office] = [each["id"] for each in every if each["device"] == "office"]
    assert (await till.call("DELETE", f"/sessions/{office}"))[0] == 404

    [other] = [each["id"] for each in mine if not each["is_this"]]
    assert (await till.call("DELETE", f"/sessions/{other}"))[0] == 204
    assert (await tablet.call("GET", "/me"))[0] == 401
    await store.logged_in(device="handheld")
    assert (await till.call("DELETE", "/sessions"))[0] == 204
    assert [each["device"] for each in (await till.call("GET", "/sessions"))[1]["items"]] == ["till"]


async def test_a_write_with_a_cookie_comes_from_a_page_of_this_box(store: Store) -> None:
    browser = await store.logged_in()
    body = {"product_id": PRODUCTS[0].product_id, "delta": "1", "reason": "correction"}
    own = browser.headers
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, {}):
        browser.headers = headers
        status, problem = await browser.call("POST", "/inventory/adjust", body)
        assert (status, problem["code"]) == (403, "cross_site")
    browser.headers = {"Origin": "https://evil.example"}
    assert (await browser.log_in(username="anna", password=PASSWORD))[0] == 403
    for headers in (own, {"Sec-Fetch-Site": "same-origin"}):
        browser.headers = headers
        assert (await browser.call("POST", "/inventory/adjust", body))[0] == 201


async def test_somebody_without_the_permission_is_told_which_one_it_takes(store: Store) -> None:
    await store.tell(told(ROOT, "rita", "looker"))
    rita, anna = await store.logged_in("rita"), await store.logged_in()
    assert (await rita.call("GET", "/inventory"))[0] == 200
    body = {"product_id": PRODUCTS[0].product_id, "delta": "1", "reason": "correction"}
    status, problem = await rita.call("POST", "/inventory/adjust", body)
    assert (status, problem["code"]) == (403, "permission")
    assert "stock.write" in problem["detail"]
    status, problem = await anna.call("POST", "/alerts/0190f000-0000-7000-8000-0000000000ff/acknowledge", {})
    assert (status, problem["code"]) == (403, "permission")


async def test_a_person_sets_a_pin_that_goes_up_and_holds_against_an_older_one(store: Store) -> None:
    browser, other = await store.logged_in(), await store.logged_in()
    wrong = {"pin": "83017", "password": "wrong"}
    assert (await browser.call("PUT", "/me/pin", wrong))[1]["code"] == "wrong_credentials"
    assert (await browser.call("PUT", "/me/pin", {"pin": "1234", "password": PASSWORD}))[1]["code"] == "pin_weak"

    assert (await browser.call("PUT", "/me/pin", {"pin": "83017", "password": PASSWORD}))[0] == 204

    [fact] = await store.facts("pin")
    assert (fact["person_id"], fact["actor"], fact["set_at"]) == (ANNA, "anna", store.clock_ms)
    assert "83017" not in str(fact)
    assert (await browser.call("GET", "/me"))[0] == 200
    assert (await other.call("GET", "/me"))[0] == 401
    await store.tell(told(ANNA, "anna", number=2, pin_set_at=store.clock_ms - 1))
    assert (await other.log_in(username="anna", pin="83017"))[0] == 200
    newer = hashed(credentials.pin_secret(KEY, ANNA, "90214"))
    await store.tell(told(ANNA, "anna", number=3, pin_set_at=store.clock_ms + 1, pin_hash=newer))
    assert (await other.log_in(username="anna", pin="90214"))[0] == 200
    again = await store.logged_in()
    assert (await again.call("PUT", "/me/pin", {"pin": "83017", "old_pin": "90214"}))[0] == 204


async def test_an_administrators_pin_is_set_at_head_office(store: Store) -> None:
    await store.tell(told(ROOT, "root", "admin"))
    browser = await store.logged_in("root")
    status, problem = await browser.call("PUT", "/me/pin", {"pin": "83017", "password": PASSWORD})
    assert (status, problem["code"]) == (403, "head_office_sets")


async def test_without_the_people_key_a_password_still_opens_the_box(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = store.server.app[context.STORE]
    monkeypatch.setattr(api.logging_in, "_people_key", lambda: None)
    status, problem = await store.browser().log_in(username="anna", pin=PIN)
    assert (status, problem["code"]) == (503, "no_people_key")
    assert (await store.browser().log_in(username="anna", password=PASSWORD))[0] == 200


async def adjust(browser: Browser, delta: str, approval: str | None = None, **headers: str) -> tuple[int, Any]:
    body = {"product_id": PRODUCTS[0].product_id, "delta": delta, "reason": "correction"}
    taken = {} if approval is None else {"X-Approval": approval}
    return await browser.call("POST", "/inventory/adjust", body, **taken, **headers)


async def approve(browser: Browser, operation: str, **proof: str) -> str:
    status, found = await browser.call("POST", "/approvals", {**(proof or {"username": "boss", "pin": PIN}),
                                                              "for": operation})  # fmt: skip
    assert (status, found["by"]) == (201, "boss"), found
    return str(found["approval"])


async def test_where_the_policy_says_so_an_adjustment_takes_a_manager_or_their_approval_once(store: Store) -> None:
    await store.database.write(catalogue.set_settings, {"needs_manager": ["adjust"]})
    anna, boss = await store.logged_in(), await store.logged_in("boss")
    assert (await adjust(boss, "5"))[0] == 201
    status, problem = await adjust(anna, "5")
    assert (status, problem["code"]) == (403, "approval_needed")
    assert "POST /approvals" in problem["remedy"]

    approval = await approve(anna, "adjust", badge=f"{BADGE}-boss")
    assert (await adjust(anna, "5", approval, Idempotency_Key="k1"))[0] == 201
    assert (await adjust(anna, "5", approval))[1]["code"] == "approval_needed"
    assert (await adjust(anna, "5", approval, Idempotency_Key="k1"))[0] == 201  # a replay needs none

    [fact] = await store.facts("approval")
    assert (fact["actor"], fact["approved_by"], fact["operation"], fact["key"]) == ("anna", "boss", "adjust", "k1")


async def test_a_refusal_says_which_approval_would_help(store: Store) -> None:
    await store.database.write(catalogue.set_settings, {"needs_manager": ["return"]})
    anna = await store.logged_in()
    back = {"movements": [{"product_id": PRODUCTS[0].product_id, "quantity": "1", "reason": "return"}]}
    status, problem = await anna.call("POST", "/inventory/movements", back)
    assert (status, problem["code"], problem["approval_for"]) == (403, "approval_needed", "return")
    assert (await anna.call("POST", "/inventory/movements", back, X_Approval=await approve(anna, "return")))[0] == 201
    status, problem = await adjust(anna, "-1000")
    assert (status, problem["code"], problem["approval_for"]) == (409, "insufficient_stock", "negative_stock")


async def test_an_approval_is_for_one_operation_and_five_minutes(store: Store) -> None:
    await store.database.write(catalogue.set_settings, {"needs_manager": ["adjust"]})
    anna = await store.logged_in()
    assert (await adjust(anna, "5", await approve(anna, "negative_stock")))[0] == 403
    approval = await approve(anna, "adjust")
    store.clock_ms += rules.APPROVAL_MS
    assert (await adjust(anna, "5", approval))[0] == 403


async def test_a_refused_write_uses_no_approval_up(store: Store) -> None:
    anna = await store.logged_in()
    approval = await approve(anna, "negative_stock")
    body = {"product_id": "0190f000-0000-7000-8000-0000000000ee", "delta": "-1", "reason": "correction"}
    assert (await anna.call("POST", "/inventory/adjust", body, X_Approval=approval))[0] == 404
    assert (await adjust(anna, "-1"))[1]["code"] == "insufficient_stock"
    assert (await adjust(anna, "-1", approval))[0] == 201
    assert (await adjust(anna, "-1", approval))[1]["code"] == "insufficient_stock"


async def test_one_request_may_take_several_approvals_along(store: Store) -> None:
    await store.database.write(catalogue.set_settings, {"needs_manager": ["adjust"]})
    anna = await store.logged_in()
    tokens = [await approve(anna, operation) for operation in ("negative_stock", "adjust")]
    assert (await adjust(anna, "-1000", ", ".join(tokens)))[0] == 201
    assert [fact["operation"] for fact in await store.facts("approval")] == ["adjust", "negative_stock"]


async def test_staff_approve_nothing_and_a_wrong_pin_there_ends_no_session(store: Store) -> None:
    anna = await store.logged_in()
    own = {"username": "anna", "pin": PIN, "for": "adjust"}
    assert (await anna.call("POST", "/approvals", own))[1]["code"] == "permission"
    wrong = {"username": "boss", "pin": "9999", "for": "adjust"}
    status, problem = await anna.call("POST", "/approvals", wrong)
    assert (status, problem["code"]) == (403, "wrong_credentials")
    assert (await anna.call("GET", "/me"))[0] == 200


async def test_what_a_scanner_reads_is_the_doing_of_who_is_logged_in_on_its_device(store: Store) -> None:
    await store.logged_in(device="till-9")
    assert await store.database.read(logging_in.who_is_on, "till-9", store.clock_ms) == "anna"
    assert await store.database.read(logging_in.who_is_on, "till-8", store.clock_ms) is None
    assert await store.database.read(logging_in.who_is_on, "till-9", store.clock_ms + rules.IDLE_MS) is None


async def test_what_is_handed_in_later_is_the_doing_of_who_did_it_whoever_sends_it(store: Store) -> None:
    anna, boss = await store.logged_in(), await store.logged_in("boss")
    token = (await anna.call("GET", "/me"))[1]["done_by"]
    person, until, mark = token.split(".")
    sent = [token, f"{BOSS}.{until}.{mark}", f"{person}.{int(until) + 1}.{mark}", "", "x.y.z"]
    for number, each in enumerate(sent):
        assert (await adjust(boss, "1", Idempotency_Key=f"k{number}", X_Done_By=each))[0] == 201
    store.clock_ms += attributing.GOOD_MS
    late = await store.logged_in("boss")
    assert (await adjust(late, "1", X_Done_By=token))[0] == 201
    assert (await store.browser().call("GET", "/me", X_Done_By=token))[0] == 401

    path = f"/inventory/products/{PRODUCTS[0].product_id}/history?limit=500"
    done = [each["actor"] for each in (await late.call("GET", path))[1]["items"]]
    assert done[-6:] == ["anna", *["boss"] * 5]


async def test_sessions_and_approvals_whose_time_is_over_are_forgotten(store: Store) -> None:
    await store.logged_in()
    store.clock_ms += LIFE_MS
    await store.logged_in()
    assert len(await store.database.read(sessions.list_all)) == 1
