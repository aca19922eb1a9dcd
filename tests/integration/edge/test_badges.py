"""A badge that a scanner reads as if it were goods: its code is kept and shown nowhere, and it means a person."""
# ruff: noqa: F811  `store` is a fixture

import asyncio
from pathlib import Path
from typing import Any

import pytest
import structlog

from edge_agent.services import badges
from edge_agent.storage import catalogue, people, scans
from edge_agent.web import context
from scanner_drivers.scan import RawScan
from tests.integration.edge.conftest import PRODUCTS
from tests.integration.edge.test_people import ANNA, BADGE, Browser, Store, approve, store  # noqa: F401

SCANNER = "hand-1"
ANNAS, BOSSES = f"{BADGE}-anna", f"{BADGE}-boss"


def beep(code: str, number: int = 1) -> RawScan:
    return RawScan(raw=code.encode(), device=SCANNER, session=1, sequence=number, received_ns=number)


async def scan(store: Store, code: str, mode: str = "lookup") -> Any:
    """The box's own scanner reads it."""
    return await store.server.app[context.STORE].desk.beep(beep(code), mode)


async def paired(store: Store, by: str = "boss") -> Browser:
    """A screen that the scanner belongs to; somebody is logged in at it."""
    screen = await store.logged_in(by)
    await store.database.write(badges.pair, SCANNER, store.clock_ms)
    token = await store.database.write(badges.pair, SCANNER, store.clock_ms)
    screen.client.session.cookie_jar.update_cookies({"backstock_screen": token}, screen.client.make_url(""))
    return screen


@pytest.mark.parametrize("mode", ["sell", "lookup", "receive"])
async def test_the_code_of_a_badge_that_a_scanner_reads_is_kept_and_shown_nowhere(
    store: Store,
    tmp_path: Path,
    mode: str,
) -> None:
    anna = await store.logged_in()
    async with anna.client.get("/api/v1/events?types=scan", headers=anna.headers) as stream:
        await stream.content.readuntil(b"\n\n")
        with structlog.testing.capture_logs() as logs:
            for code in (ANNAS, f"]C0{ANNAS}"):
                outcome = await scan(store, code, mode)
                assert (outcome.problem.code, outcome.product) == ("badge", None)
        async with asyncio.timeout(5):
            told = await stream.content.readuntil(b"\n\n")

    assert b'"code":"badge"' in told
    kept = await store.database.read(scans.last)
    assert [(each.raw, each.outcome, each.mode) for each in kept] == [(b"", "badge", mode)] * 2
    everywhere = told + repr(logs).encode() + _files(tmp_path)
    assert BADGE.encode() not in everywhere


def _files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("store.db*"))


async def test_no_call_that_takes_a_products_code_takes_a_badge(store: Store) -> None:
    boss, product = await store.logged_in("boss"), PRODUCTS[0].product_id
    count = (await boss.call("POST", "/stocktakes", {"name": "shelf"}))[1]["stocktake_id"]
    for method, path, body in (
        ("POST", "/scans", {"code": ANNAS, "mode": "sell"}),
        ("POST", "/barcode/scan", {"code": ANNAS}),
        ("GET", f"/barcode/lookup/{ANNAS}", None),
        ("POST", "/barcode/link", {"code": ANNAS, "product_id": product}),
        ("POST", "/products", {"name": "x", "sku": "x", "barcodes": [{"code": ANNAS}]}),
        ("POST", f"/stocktakes/{count}/lines", {"code": ANNAS, "counted": "1"}),
        ("POST", "/receipts", {"lines": [{"code": ANNAS, "quantity": "1"}]}),
    ):
        status, problem = await boss.call(method, path, body)
        assert (status, problem["code"]) == (422, "badge"), path
        assert BADGE not in str(problem), path


async def test_a_code_that_is_goods_is_goods_whoevers_badge_it_may_be(store: Store) -> None:
    await store.database.write(catalogue.link, ANNAS, PRODUCTS[0].product_id, 1000)
    outcome = await scan(store, ANNAS, "sell")
    assert (outcome.problem, outcome.product.product_id) == (None, PRODUCTS[0].product_id)


async def test_a_badge_that_the_box_reads_logs_in_at_the_screen_of_that_scanner_once_and_at_no_other(
    store: Store,
) -> None:
    screen, stranger = await paired(store), await store.logged_in()
    await scan(store, ANNAS)
    assert (await stranger.log_in(badge_at=SCANNER))[1]["code"] == "not_paired"
    assert (await screen.log_in(badge_at="till-9"))[1]["code"] == "not_paired"

    status, found = await screen.log_in(badge_at=SCANNER, device=SCANNER)
    assert (status, found["person"]["name"]) == (200, "anna")
    assert (await screen.call("GET", "/me"))[1]["name"] == "anna"
    assert (await screen.log_in(badge_at=SCANNER))[1]["code"] == "no_badge"

    await scan(store, BOSSES, "sell")
    assert (await screen.log_in(badge_at=SCANNER))[1]["code"] == "no_badge"
    store.server.app[context.STORE].desk.badges.read(SCANNER, ANNA, -badges.HELD_MS)
    assert (await screen.log_in(badge_at=SCANNER))[1]["code"] == "no_badge"


async def test_a_manager_pairs_a_scanner_with_the_screen_that_asks_and_the_last_one_has_it(
    store: Store,
) -> None:
    one, other = await paired(store), await paired(store)
    await scan(store, ANNAS)
    assert (await one.log_in(badge_at=SCANNER))[1]["code"] == "not_paired"
    assert (await other.log_in(badge_at=SCANNER))[0] == 200
    anna = await store.logged_in()
    for method in ("PUT", "DELETE"):
        assert (await anna.call(method, f"/scanners/{SCANNER}/screen", {}))[1]["code"] == "permission"
    boss = await store.logged_in("boss")
    assert (await boss.call("PUT", f"/scanners/{SCANNER}/screen", {}))[1]["code"] == "unknown_scanner"
    assert (await boss.call("DELETE", f"/scanners/{SCANNER}/screen"))[0] == 204
    await scan(store, ANNAS)
    assert (await other.log_in(badge_at=SCANNER))[1]["code"] == "not_paired"


async def test_a_manager_approves_with_a_badge_at_the_screens_scanner(store: Store) -> None:
    screen = await paired(store, "anna")
    await scan(store, ANNAS)
    body = {"badge_at": SCANNER, "for": "adjust"}
    assert (await screen.call("POST", "/approvals", body))[1]["code"] == "permission"
    await scan(store, BOSSES)
    assert await approve(screen, "adjust", badge_at=SCANNER)


async def test_whoever_takes_over_a_device_ends_the_session_before_theirs(store: Store) -> None:
    screen = await store.logged_in(device="till")
    elsewhere = await store.logged_in(device="tablet")
    assert (await screen.log_in(badge=f"]C0{BOSSES}\r", device="till"))[0] == 200
    here = (await screen.call("GET", "/sessions"))[1]["items"]
    assert {(each["person"], each["device"]) for each in here} == {("boss", "till"), ("anna", "tablet")}
    assert (await elsewhere.call("GET", "/me"))[0] == 200


async def test_who_leaves_has_a_badge_that_means_nothing(store: Store) -> None:
    assert await store.database.read(people.whose_badge, ANNAS) is not None
    gone = await store.database.read(people.find, ANNA)
    assert gone is not None
    await store.database.write(people.save, gone.gone())
    assert (await scan(store, ANNAS)).problem.code == "unknown_barcode"
