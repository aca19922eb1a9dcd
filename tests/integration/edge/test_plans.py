"""Scenario 12 without its grammar, offline: a plan of several actions, its preview, confirmed whole or not, undone."""

from typing import Any

import pytest

from edge_agent.services import planning
from edge_agent.storage import catalogue, proposals
from edge_agent.web import assistant
from tests.integration.edge.conftest import PRODUCTS, Api
from tests.integration.edge.test_people import ROOT, Store, told
from tests.integration.edge.test_people import store as store
from tests.unit.edge_agent.a_store import code_of

PENS, INK, PAPER = PRODUCTS
ADD_AND_SET = {
    "actions": [
        {"kind": "add", "product": PENS.sku, "quantity": "20"},
        {"kind": "set_critical_level", "product": code_of(PENS), "quantity": "5"},
    ]
}  # fmt: skip


def changes(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["was"], each["becomes"]) for each in plan["actions"]]


async def figures(api: Api) -> tuple[str, str]:
    card = await api.get(f"/products/{PENS.product_id}")
    return card["stock"]["on_hand"], card["critical_level"]


async def test_add_20_pens_and_set_critical_level_to_5_is_shown_done_once_and_taken_back(api: Api) -> None:
    plan = await api.post("/assistant/plans", ADD_AND_SET, key="said-1")

    assert changes(plan) == [("add", "0", "20"), ("set_critical_level", "2", "5")]
    assert await api.post("/assistant/plans", ADD_AND_SET, key="said-1") == plan
    assert await figures(api) == ("0", "2"), "a plan does nothing"
    confirmed = await api.post(f"/assistant/plans/{plan['id']}/confirm")
    assert await api.post(f"/assistant/plans/{plan['id']}/confirm") == confirmed
    assert (confirmed["status"], await figures(api)) == ("confirmed", ("20", "5"))
    undone = await api.post(f"/assistant/plans/{plan['id']}/undo")
    assert await api.post(f"/assistant/plans/{plan['id']}/undo") == undone
    assert (undone["status"], await figures(api)) == ("undone", ("0", "2"))
    assert changes(undone) == changes(plan), "what was planned stays to be read"
    status, problem = await api.call("POST", f"/assistant/plans/{plan['id']}/confirm", {})
    assert (status, problem["code"]) == (409, "plan_over")
    told_up = [each.fields for each in await api.database.read(proposals.unmerged)]
    assert told_up == ['{"critical_level":5000}', '{"critical_level":2000}'], "head office hears of both"


async def test_a_plan_of_which_a_part_cannot_be_done_changes_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await api.post("/assistant/plans", ADD_AND_SET)
    await api.database.write(catalogue.archive, PENS.product_id, (9, 9))
    status, problem = await api.call("POST", f"/assistant/plans/{plan['id']}/confirm", {})
    assert (status, problem["code"]) == (409, "archived")
    assert (await figures(api))[0] == "0", "nor was the part before it done"

    later = assistant.now_ms() + planning.GOOD_FOR_MS
    monkeypatch.setattr(assistant, "now_ms", lambda: later)
    status, problem = await api.call("POST", f"/assistant/plans/{plan['id']}/confirm", {})
    assert (status, problem["code"]) == (409, "plan_over")


async def test_what_somebody_changed_since_is_not_taken_back_and_then_nothing_is(api: Api) -> None:
    first = await api.post("/assistant/plans", ADD_AND_SET)
    second = await api.post("/assistant/plans", {"actions": [ADD_AND_SET["actions"][1] | {"quantity": "7"}]})
    for plan in (first, second):
        await api.post(f"/assistant/plans/{plan['id']}/confirm")

    status, problem = await api.call("POST", f"/assistant/plans/{first['id']}/undo", {})

    assert (status, problem["code"]) == (409, "changed_since")
    assert await figures(api) == ("20", "7")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"sentence": "Add 20 pens and set critical level to 5"}, 422, "not_yet_understood"),
        ({}, 422, "validation"),
        ({"actions": [{"kind": "sell", "product": "x", "quantity": "1"}]}, 422, "validation"),
        ({"actions": [{"kind": "add", "product": PENS.sku, "quantity": "0"}]}, 422, "validation"),
        ({"actions": [{"kind": "add", "product": "nobody's", "quantity": "1"}]}, 404, "unknown_barcode"),
    ],
)
async def test_what_is_no_plan_is_refused(api: Api, body: dict[str, Any], status: int, code: str) -> None:
    found, problem = await api.call("POST", "/assistant/plans", body)
    assert (found, problem["code"]) == (status, code)


async def test_delete_all_products_takes_an_administrator_who_types_how_many(store: Store) -> None:
    await store.tell(told(ROOT, "root", "admin"))
    everything = {"actions": [{"kind": "archive", "product": "*"}]}
    boss, root = await store.logged_in("boss"), await store.logged_in("root")
    _, plan = await boss.call("POST", "/assistant/plans", everything)
    path = f"/assistant/plans/{plan['id']}"
    assert [(each["needs"], each["is_allowed"]) for each in plan["actions"]] == [("admin", False)] * len(PRODUCTS)
    assert plan["type_to_confirm"] == "ARCHIVE 3"

    refused = [
        await boss.call("POST", f"{path}/confirm", {"typed": "ARCHIVE 3"}),
        await root.call("POST", f"{path}/confirm", {}),
        await root.call("POST", f"{path}/confirm", {"typed": "ARCHIVE 2"}),
    ]
    assert [(status, problem["code"]) for status, problem in refused] == [
        (403, "permission"), (409, "type_to_confirm"), (409, "type_to_confirm"),
    ]  # fmt: skip
    status, done = await root.call("POST", f"{path}/confirm", {"typed": "ARCHIVE 3"})
    assert (status, changes(done)) == (200, [("archive", "active", "archived")] * 3)
    assert (await root.call("GET", "/products"))[1]["items"] == []
    status, _ = await root.call("POST", f"{path}/undo", {})
    assert (status, len((await root.call("GET", "/products"))[1]["items"])) == (200, 3)


async def test_who_may_not_write_products_sets_no_level_but_adds(store: Store) -> None:
    anna = await store.logged_in("anna")
    _, plan = await anna.call("POST", "/assistant/plans", ADD_AND_SET)

    status, problem = await anna.call("POST", f"/assistant/plans/{plan['id']}/confirm", {})

    assert [each["is_allowed"] for each in plan["actions"]] == [True, False]
    assert (status, problem["code"]) == (403, "permission")
