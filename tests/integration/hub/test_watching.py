"""F18, F20, B07, B11: the hub's hourly rules on real ledgers: lots that end, transfers that do not arrive."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from cloud_hub.services.posting import Posting
from cloud_hub.services.watching import Watching
from sync_protocol import facts
from sync_protocol.vocabulary import transit
from tests.integration.hub.conftest import START_MS, Box, HubCore

DAY_MS = 86_400_000


@pytest.fixture
def watching(hub: HubCore) -> Watching:
    return Watching(hub.database, Posting(hub.database, sign=hub.key.sign))


def day(after: int) -> str:
    return (datetime.fromtimestamp(START_MS / 1000, UTC).date() + timedelta(days=after)).isoformat()


def came(box: Box, product: str, quantity: int, lot: str, ends_in: int) -> None:
    box.move(product, quantity, "supplier", "shelf", "receipt", lot=lot, expiry=day(ends_in))


async def found(hub: HubCore, site: str) -> list[tuple[str, str, str]]:
    """Open alerts of the hub's own: type, severity and detail."""
    rows = await hub.rows(
        "SELECT rule, severity, detail FROM alerts WHERE site_id = $1 AND is_hubs AND state <> 'resolved'",
        site,
    )
    return sorted((str(rule), str(severity), str(detail)) for rule, severity, detail in rows)


async def run_by_the_hub(hub: HubCore, box: Box) -> None:
    """The same ledger as one of a site that the hub itself writes."""
    await hub.execute("UPDATE sites SET kind = 'hub' WHERE id = $1", box.site_id)


async def test_a_lot_of_which_something_must_be_left_is_an_alert_before_it_ends_and_until_it_is_gone(
    hub: HubCore, watching: Watching
) -> None:
    box, product, other = await hub.make_box(), await hub.make_product(), await hub.make_product()
    came(box, product, 4000, "L1", 3)
    came(box, product, 6000, "L2", 60)
    came(box, other, 1000, "OLD", -1)
    await box.connect()
    assert await watching.goods(START_MS) == 0, "a store's box raises its own"
    await run_by_the_hub(hub, box)
    assert await watching.goods(START_MS) == 2
    assert await watching.goods(START_MS) == 0
    assert await found(hub, box.site_id) == [
        ("expiry", "critical", f"lot OLD expired on {day(-1)}"), ("expiry", "warning", f"lot L1 expires on {day(3)}"),
    ]  # fmt: skip

    box.sell(product, 4000)
    box.move(other, 1000, "shelf", "shrinkage", "expiry")
    await box.talk()
    assert await watching.goods(START_MS) == 2
    assert await found(hub, box.site_id) == []


async def test_how_long_before_its_end_a_lot_is_an_alert_is_the_sites_to_say(hub: HubCore, watching: Watching) -> None:
    boxes, product = [await hub.make_box() for _ in range(2)], await hub.make_product()
    for box in boxes:
        came(box, product, 1000, "L1", 30)
        await box.connect()
        await run_by_the_hub(hub, box)
    await hub.execute(
        "INSERT INTO alert_settings (scope, settings, updated_at, updated_by) VALUES ($1, $2, 0, 'x')",
        f"site:{boxes[0].site_id}", {"alert_threshold_days": 30},
    )  # fmt: skip
    assert await watching.goods(START_MS) == 1
    assert [len(await found(hub, box.site_id)) for box in boxes] == [1, 0]


async def test_a_transfer_that_does_not_arrive_is_an_alert_of_its_destination_until_it_does(
    hub: HubCore, watching: Watching
) -> None:
    source, target, product, name = await hub.make_box(), await hub.make_box(), await hub.make_product(), str(uuid4())

    async def say(box: Box, step: str) -> None:
        ends = {"from_site": source.site_id, "to_site": target.site_id}
        body = {"occurred_at": hub.clock(), "transfer_id": name, "step": step, **ends}
        box.write(facts.fact(facts.Transfer.model_validate(body)))
        await box.connect()

    source.receive(product, 9000)
    source.move(product, 5000, "shelf", transit(name), "transfer_out", document=name)
    await say(source, "dispatched")
    assert await watching.goods(START_MS + 3 * DAY_MS - 1) == 0
    assert await watching.goods(START_MS + 3 * DAY_MS) == 1
    assert await found(hub, target.site_id) == [("transfer_overdue", "warning", "on its way for 3 days")]
    assert await found(hub, source.site_id) == []

    target.move(product, 5000, transit(name), "shelf", "transfer_in", document=name)
    await say(target, "received")
    assert await watching.goods(START_MS + 4 * DAY_MS) == 1
    assert await found(hub, target.site_id) == []


async def test_a_product_of_the_assortment_that_never_came_is_an_alert_at_the_hubs_own_sites(
    hub: HubCore, watching: Watching
) -> None:
    site, never, _ = await hub.make_site("hub"), await hub.make_product(), await hub.make_product()
    await hub.execute(
        "INSERT INTO site_products (site_id, product_id, version_epoch, version) VALUES ($1, $2, 1, 1)", site, never
    )
    for changed in (1, 0):
        assert await watching.stock(START_MS) == changed
    assert await hub.rows("SELECT product_id::text, rule, severity FROM alerts WHERE site_id = $1", site) == [
        (never, "low_stock", "critical"),
    ]  # fmt: skip
