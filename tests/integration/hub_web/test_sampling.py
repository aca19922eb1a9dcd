"""F29: a hub that has nothing yet gets products and weeks of trade to try things out with."""

from datetime import UTC, datetime

import pytest

from cloud_hub import administration
from cloud_hub.errors import Conflict
from cloud_hub.services.sample_data import make_days, make_shop
from tests.integration.hub_web.conftest import Client, Running


async def test_a_sample_site_has_sold_what_the_sample_days_say(hub: Running, admin: Client) -> None:
    said = await administration.sample(hub.core.config, "TRIAL", 12, 5, seed=3)

    (site,) = [each for each in (await admin.get("/sites")).body["items"] if each["code"] == "TRIAL"]
    lines = (await admin.get(f"/sales?site_id={site['id']}&limit=500")).body["items"]
    first = min(datetime.fromisoformat(line["sold_at"]).date() for line in lines)
    days = list(make_days(make_shop(3, 12), first, 5, 3))
    expected = sum(units for day in days for basket in day.baskets for units in basket.values())
    assert sum(int(line["quantity"]) for line in lines) == expected
    assert {line["document"][:12] for line in lines} == {f"R-{day.day}" for day in days}
    assert days[-1].day < datetime.now(UTC).date()
    movements = len(lines) + sum(len(day.received) for day in days)
    assert said == f"12 products, {movements} movements at TRIAL"
    low = (await admin.get(f"/inventory?site_id={site['id']}")).body["items"]
    assert len(low) == 12
    assert all(not level["on_hand"].startswith("-") for level in low)


async def test_samples_are_not_mixed_with_trade_and_not_for_a_site_with_a_box(hub: Running, admin: Client) -> None:
    await administration.sample(hub.core.config, "TRIAL", 2, 1, seed=3)
    with pytest.raises(Conflict, match="without movements"):
        await administration.sample(hub.core.config, "TRIAL", 2, 1, seed=3)
    store = await admin.post("/sites", {"code": "STORE", "name": "Store", "kind": "edge"})
    assert store.status == 201
    with pytest.raises(Conflict, match="that the hub runs"):
        await administration.sample(hub.core.config, "STORE", 2, 1, seed=3)
