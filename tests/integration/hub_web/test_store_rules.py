"""B04, B07–B09: head office keeps the rules of its stores, for the chain and for one site, and the boxes are told."""

from typing import Any

import pytest

from cloud_hub.storage import policies
from edge_agent.domain.store_rules import read_rules
from scanner_drivers import StoreProfile
from tests.integration.hub_web.conftest import Client, Running

WEIGHED = "27:PPPPPVVVVV/weight/3/kg"


async def told(hub: Running, site: str) -> dict[str, Any]:
    async with hub.core.database.connection() as connection:
        [(_, policy)] = await policies.list_told(connection, [site])
    return policy.settings


async def test_the_chains_rules_hold_where_a_site_says_nothing_and_go_to_its_box(hub: Running, admin: Client) -> None:
    site, other = await admin.make_site(), await admin.make_site()
    chain = {"expired_sale": "warn", "instore_rules": [WEIGHED], "count_a_days": 14}
    assert (await admin.ask("PUT", "/store-rules/chain", chain)).status == 200
    own = await admin.ask("PUT", f"/store-rules/sites/{site}", {"expired_sale": "block", "counts_per_day": 5})
    assert (own.body["expired_sale"], own.body["count_a_days"], own.body["own"]) == (
        "block", 14, {"expired_sale": "block", "counts_per_day": 5},
    )  # fmt: skip
    rules, mistakes = read_rules(await told(hub, site))
    assert (rules.expired_sale, rules.count_plan.a_days, rules.count_plan.per_day, mistakes) == ("block", 14, 5, [])
    assert StoreProfile(instore_rules=tuple((await told(hub, site))["scanner"]["instore_rules"])).rules
    assert read_rules(await told(hub, other))[0].expired_sale == "warn"

    back = await admin.ask("PUT", f"/store-rules/sites/{site}", {"expired_sale": None, "counts_per_day": None})
    assert (back.body["expired_sale"], back.body["own"]) == ("warn", {})


async def test_what_a_box_could_not_use_is_refused(hub: Running, admin: Client) -> None:
    bad: list[dict[str, Any]] = [
        {"instore_rules": ["guess"]}, {"expired_sale": "maybe"},
        {"undo_minutes": 0}, {"needs_manager": ["everything"]}, {"unknown": 1},
    ]  # fmt: skip
    for body in bad:
        assert (await admin.ask("PUT", "/store-rules/chain", body)).status == 422, body
    for template in ("27:PPPPVVVVV/weight/3/kg", "27:PPPPPVVVVV/item", "20:PPPPPPCVVV/price/2"):
        refused = await admin.ask("PUT", "/store-rules/chain", {"instore_rules": [WEIGHED, template]})
        assert (refused.status, refused.body["code"]) == (422, "instore_rule")
        assert refused.body["errors"][0]["pointer"] == "/instore_rules/1"
    nowhere = "01a1fcc5-f651-7101-8512-e520c8fc5825"
    assert (await admin.get(f"/store-rules/sites/{nowhere}")).status == 404


@pytest.mark.parametrize("name", ["timezone", "alert_threshold_days"])
async def test_a_sites_zone_and_days_of_warning_are_its_boxs_too(hub: Running, admin: Client, name: str) -> None:
    site = await admin.make_site()
    if name == "timezone":
        await admin.patch(f"/sites/{site}", {"timezone": "Europe/Berlin"})
    else:
        await admin.ask("PUT", f"/alerts/settings/sites/{site}", {"alert_threshold_days": 21})
    found, mistakes = read_rules(await told(hub, site))
    assert (getattr(found, name), mistakes) == ("Europe/Berlin" if name == "timezone" else 21, [])
