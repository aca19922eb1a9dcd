"""The store's API as its screens and tills use it."""

import base64
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from edge_agent.services import reading
from edge_agent.services.health import Check
from edge_agent.storage import history, ledger, retention
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.unit.edge_agent.a_store import NOW, OTHER_SITE, code_of

MILK = PRODUCTS[0]
CODE = code_of(MILK)


async def test_a_scan_answers_after_the_commit_with_id_position_and_level(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": "10"})

    status, sold = await api.call("POST", "/scans", {"code": CODE, "mode": "sell"})

    assert (status, sold["level"], sold["quantity"], sold["warnings"]) == (201, "9", "1", [])
    [line] = [line for line in await api.database.read(history.movements) if line.sequence == sold["position"]]
    assert (line.movement_id, line.actor) == (sold["movement_id"], "till-1")


async def test_the_same_key_is_answered_the_same_and_sold_once(api: Api) -> None:
    first = await api.post("/scans", {"code": CODE, "mode": "sell"}, key="a-1")
    headers = {"Authorization": "Bearer secret", "Idempotency-Key": "a-1"}
    async with api.client.post("/api/v1/scans", json={"code": CODE, "mode": "sell"}, headers=headers) as again:
        assert (again.status, await again.json()) == (201, first)
        assert again.headers["Idempotency-Replayed"] == "true"

    status, refused = await api.call("POST", "/scans", {"code": CODE, "mode": "receive"}, key="a-1")

    assert (status, refused["code"]) == (422, "key_reused")
    assert (await api.get(f"/inventory?product_id={MILK.product_id}"))["items"][0]["on_hand"] == "-1"


async def test_a_scan_that_failed_can_be_tried_again_with_its_key(api: Api) -> None:
    status, _ = await api.call("POST", "/scans", {"code": "4711", "mode": "sell"}, key="k")
    assert status == 404
    await api.post("/barcode/link", {"code": "4711", "product_id": MILK.product_id, "pack_quantity": "6"})
    sold = await api.post("/scans", {"code": "4711", "mode": "sell"}, key="k")
    assert sold["quantity"] == "6"


async def test_raw_bytes_are_read_like_a_scanners(api: Api) -> None:
    raw = f"]d201{CODE.zfill(14)}17991231\x1d10LOT7".encode()
    made = await api.post("/scans", {"raw_base64": base64.b64encode(raw).decode(), "mode": "receive"})
    [line] = (await api.get(f"/inventory/products/{MILK.product_id}/history"))["items"]
    assert (line["lot"], line["movement_id"]) == ("LOT7", made["movement_id"])


async def test_a_scanner_of_the_box_sells_without_the_api(api: Api) -> None:
    outcome = await api.store.scanned(reading.raw_of(CODE.encode(), "counter", NOW), "sell")
    assert outcome.movement_id
    [line] = await api.database.read(history.movements)
    assert line.actor == "counter"


async def test_look_up_resolves_and_writes_nothing(api: Api) -> None:
    found = await api.get(f"/barcode/lookup/{CODE}")
    resolved = await api.post("/barcode/scan", {"code": CODE})
    assert found == resolved
    assert (found["product"]["id"], found["gtin"]) == (MILK.product_id, CODE.zfill(14))
    status, unknown = await api.call("GET", "/barcode/lookup/4006381333931")
    assert (status, unknown["code"]) == (404, "unknown_barcode")
    status, unknown = await api.call("POST", "/barcode/scan", {"code": "]d2010400638133393110L7\x1d17271231"})
    assert (status, unknown["number"]) == (404, "04006381333931")
    assert (await api.database.read(ledger.head))[0] == 0


async def test_adjusting_blocks_below_zero_and_sets_by_the_difference(api: Api) -> None:
    adjusted = await api.post("/inventory/adjust", {"product_id": MILK.product_id, "set_to": 7.5, "reason": "opening"})
    assert adjusted["level"] == "7.5"

    status, blocked = await api.call(
        "POST", "/inventory/adjust", {"product_id": MILK.product_id, "delta": "-8", "reason": "damage"}
    )
    assert (status, blocked["code"]) == (409, "insufficient_stock")

    leaked = {"product_id": MILK.product_id, "delta": "-0.5", "reason": "correction", "note": "leaked"}
    await api.post("/inventory/adjust", leaked)
    last = (await api.get("/inventory/movements"))["items"][-1]
    assert (last["reason"], last["quantity"], last["to"]) == ("correction", "0.5", "adjustment")


async def test_a_batch_is_booked_in_one_transaction_with_a_result_per_row(api: Api) -> None:
    rows = [
        {"product_id": product.product_id, "reason": "receipt", "quantity": number}
        for number, product in enumerate(PRODUCTS, 1)
    ]
    made = await api.post("/inventory/movements", {"movements": rows}, key="b")
    assert made["recorded"] == 3
    assert made == await api.post("/inventory/movements", {"movements": rows}, key="b")

    bad = {"product_id": MILK.product_id, "reason": "sale", "quantity": 99}
    status, refused = await api.call("POST", "/inventory/movements", {"movements": [*rows, bad]})
    assert (status, refused["code"]) == (409, "insufficient_stock")
    partly = await api.post("/inventory/movements", {"movements": [bad, *rows], "error_policy": "reject_failed"})
    assert [row["status"] for row in partly["results"]] == ["rejected", "recorded", "recorded", "recorded"]

    levels = (await api.get("/inventory"))["items"]
    assert [level["on_hand"] for level in levels] == ["2", "4", "6"]


async def test_rows_of_a_batch_may_bring_their_own_keys(api: Api) -> None:
    row = {"product_id": MILK.product_id, "reason": "receipt", "quantity": 1, "key": "row-1"}
    await api.post("/inventory/movements", {"movements": [row]})
    again = await api.post("/inventory/movements", {"movements": [row, {**row, "key": "row-2"}]})
    assert [bool(result.get("replayed")) for result in again["results"]] == [True, False]
    assert (await api.get(f"/inventory?product_id={MILK.product_id}"))["items"][0]["on_hand"] == "2"


async def test_counting_while_selling(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": 100})
    told = (await api.get("/sync?device=zebra"))["position"]
    stocktake = (await api.post("/stocktakes", {"name": "dairy", "blind": False}))["stocktake_id"]

    line = await api.post(f"/stocktakes/{stocktake}/lines", {"code": CODE, "counted": "95"})
    assert (line["variance"], line["status"]) == ("-5", "posted")
    late = {"device": "zebra", "counter": 1, "seen_position": told, "until_position": told}
    sold = await api.post("/scans", {"code": CODE, "mode": "sell", "handheld": late}, key="zebra/1")

    assert sold["level"] == "95"
    status, twice = await api.call("POST", "/scans", {"code": CODE, "mode": "sell", "handheld": late})
    assert (status, twice["code"]) == (409, "already_recorded")
    closed = await api.post(f"/stocktakes/{stocktake}/close")
    assert closed["state"] == "closed"
    assert (await api.get(f"/stocktakes/{stocktake}"))["lines"][0]["variance"] == "-4"
    assert await api.database.read(retention.verify) == []


async def test_scenario_9_a_blind_count_shows_no_expected_quantity_anywhere(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": "36.125"})
    stocktake = await api.post("/stocktakes", {"name": "blind", "blind": True})
    line = await api.post(f"/stocktakes/{stocktake['stocktake_id']}/lines", {"code": CODE, "counted": "41"})
    beep = {"code": CODE, "mode": "count", "quantity": "41", "document": stocktake["stocktake_id"]}
    scanned = await api.post("/scans", beep)
    asked = await api.call("POST", "/scans", {**beep, "quantity": None})
    shown = await api.get(f"/stocktakes/{stocktake['stocktake_id']}")
    everything = str([stocktake, line, scanned, asked, shown])
    assert not [word for word in ("36.125", "4.875", "variance") if word in everything]
    assert "expected" not in str([stocktake, line, scanned, shown])
    assert (scanned["count_status"], asked[1]["code"]) == ("posted", "quantity_needed")


async def test_a_transfer_and_its_receipt(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": 10})
    body = {"to_site": OTHER_SITE, "lines": [{"product_id": MILK.product_id, "quantity": 4}]}
    sent = await api.post("/transfers", body)
    assert sent["lines"] == [{"product_id": MILK.product_id, "dispatched": "4", "received": "0", "missing": "4"}]

    status, refused = await api.call("POST", f"/transfers/{sent['transfer_id']}/receive", {})
    assert (status, refused["code"]) == (409, "not_yours")

    other = sent["transfer_id"][:-1] + ("0" if sent["transfer_id"][-1] != "0" else "1")
    lines = [{"product_id": MILK.product_id, "quantity": 3}]
    came = await api.post(f"/transfers/{other}/receive", {"from_site": OTHER_SITE, "lines": lines})
    assert came["state"] == "received"
    assert (await api.get(f"/inventory?product_id={MILK.product_id}"))["items"][0]["on_hand"] == "9"
    assert len((await api.get("/transfers"))["items"]) == 2
    why = {"reason": "one box never came", "fault": "carrier"}
    assert (await api.call("POST", f"/transfers/{other}/receive", why))[1]["code"] == "fault"
    assert (await api.post(f"/transfers/{other}/close-short", why))["state"] == "closed_short"


async def test_alerts_and_tasks(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": 6})
    await api.post("/scans", {"code": CODE, "mode": "sell", "quantity": 7})

    alert, negative = sorted((await api.get("/alerts?open=true"))["items"], key=lambda each: str(each["type"]))
    assert (alert["type"], alert["severity"], alert["status"]) == ("low_stock", "critical", "opened")
    assert (negative["type"], negative["severity"]) == ("negative_stock", "critical")
    assert negative["detail"] == "-1 on record; count it, or look for a missing receipt"
    assert (await api.post(f"/alerts/{alert['id']}/acknowledge"))["status"] == "acknowledged"
    assert len((await api.get("/inventory/restock-alerts"))["items"]) == 1
    assert (await api.post(f"/alerts/{alert['id']}/resolve"))["status"] == "resolved"

    [task] = (await api.get("/tasks"))["items"]
    assert task["rule"] == "negative_stock"
    assert (await api.post(f"/tasks/{task['id']}/done"))["status"] == "done"
    assert (await api.get("/tasks"))["items"] == []


async def test_a_provisional_product_is_sold_at_once(api: Api) -> None:
    body = {"sku": "NEW", "name": "New thing", "price": "1.50", "barcodes": [{"code": "4006381333931"}]}
    made = await api.post("/products", body, key="new")
    assert (made["lifecycle"], made["price"], made["barcodes"][0]["code"]) == ("provisional", "1.50", "04006381333931")
    assert made == await api.post("/products", body, key="new")
    assert (await api.post("/scans", {"code": "4006381333931", "mode": "sell"}))["product"]["id"] == made["id"]
    assert [item["sku"] for item in (await api.get("/products?q=new+th"))["items"]] == ["NEW"]
    assert (await api.get(f"/products/{made['id']}"))["stock"]["on_hand"] == "-1"


async def test_a_product_is_edited_and_a_provisional_one_taken_back(api: Api) -> None:
    made = await api.post("/products", {"sku": "NEW", "name": "New thing", "price": "1.50"})
    path = f"/products/{made['id']}"
    _, edited = await api.call("PATCH", path, {"price": None, "reorder_point": "2"})
    assert (edited["name"], edited["price"], edited["reorder_point"]) == ("New thing", None, "2")
    gone = await api.call("DELETE", path, key="gone")
    assert (gone[0], gone[1]["lifecycle"]) == (200, "archived")
    assert await api.call("DELETE", path, key="gone") == gone
    known = (await api.get("/products?q=sku-1"))["items"][0]["id"]
    for method, path, body, status in (
        ("PATCH", f"/products/{known}", {"price": "2.00"}, 409), ("PATCH", f"/products/{known}", {"name": None}, 422),
        ("PATCH", f"/products/{known}", {}, 422), ("DELETE", f"/products/{known}", None, 409),
    ):  # fmt: skip
        assert (await api.call(method, path, body))[0] == status


async def test_pages_of_products_follow_their_cursor(api: Api) -> None:
    first = await api.get("/products?limit=2")
    second = await api.get(f"/products?limit=2&cursor={first['next_cursor']}")
    assert [item["sku"] for item in first["items"] + second["items"]] == ["SKU-1", "SKU-2", "SKU-3"]


async def test_sync_says_how_far_head_office_is(api: Api) -> None:
    await api.post("/scans", {"code": CODE, "mode": "receive", "quantity": 10})
    found = await api.get("/sync")
    assert (found["head"], found["acked"], found["pending"], found["state"]) == (2, 0, 2, "offline")
    assert found["oldest_unacked_age_s"] in range(60)


async def test_health_names_what_is_wrong_and_its_remedy(api: Api) -> None:
    async with api.client.get("/health") as good:
        assert (good.status, (await good.json())["status"]) == (200, "ok")
    api.checks = [Check("disk", "fail", "0 MB free", "free space")]
    async with api.client.get("/health") as bad:
        assert bad.status == 503
        assert (await bad.json())["checks"][0]["remedy"] == "free space"
    for path in ("/health/live", "/health/ready"):
        async with api.client.get(path) as found:
            assert found.status == 200


async def test_what_was_answered_is_there_after_a_restart(api: Api, tmp_path: Path) -> None:
    sold = await api.post("/scans", {"code": CODE, "mode": "sell"}, key="k")
    url = await api.store.start("127.0.0.1", 0)
    assert url.startswith("http://127.0.0.1:")
    async with TestClient(TestServer(api.store.app)) as again:
        headers = {"Authorization": "Bearer secret", "Idempotency-Key": "k"}
        async with again.post("/api/v1/scans", json={"code": CODE, "mode": "sell"}, headers=headers) as response:
            assert await response.json() == sold
