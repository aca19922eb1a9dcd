"""F21, F24: rollups are the ledgers added up: once, in the site's own days, however late; what is wrong is found."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from cloud_hub.domain import storable
from cloud_hub.services import rolling, verification
from cloud_hub.services.rereading import reread
from cloud_hub.storage.database import Database
from sync_protocol.records import Item, Movement
from tests.integration.hub.conftest import START_MS, Box, HubCore

DAY_MS = 86_400_000
EVERYWHERE = UUID(int=0)
ROUTES = (
    ("shelf", "customer", "sale"), ("shelf", "customer", "sale"), ("customer", "shelf", "return"),
    ("supplier", "backroom", "receipt"), ("backroom", "shelf", "relocation"), ("shelf", "shrinkage", "theft"),
    ("adjustment", "shelf", "count"), ("transit:1", "shrinkage", "correction"),
)  # fmt: skip


async def problems(database: Database) -> list[str]:
    async with database.transaction(isolation="repeatable_read") as connection:
        return [each.detail for each in await verification.verify(connection) if each.check == "rollups"]


def records(draw: random.Random, products: list[str], count: int) -> Iterator[Item | Movement]:
    """Items with and without a price, and movements of a year."""
    for ref, product in enumerate(products):
        price = draw.choice([None, 199, 1_000_003])
        yield Item(
            ref + 1, product, None, 1000, "each", price, draw.choice([None, 77]), draw.choice([None, "EUR", "JPY"])
        )
    for _ in range(count):
        yield Movement(
            draw.randint(1, len(products)), draw.choice([1, 500, 1_000, 12_345]), *draw.choice(ROUTES),
            START_MS - draw.randrange(365 * DAY_MS), draw.choice([None, 3_600_000]), draw.choice([None, "ada", "bob"]),
        )  # fmt: skip


def naive(box: Box, zone: str, told: list[Any]) -> dict[tuple[Any, ...], list[int]]:
    """The daily cube by hand."""
    items = {record.ref: record for record in told if isinstance(record, Item)}
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    own = ("shelf", "backroom", "hold")
    for record in told:
        if isinstance(record, Item) or (record.from_location in own) == (record.to_location in own):
            continue
        item, comes = items[record.item], record.to_location in own
        moment = datetime.fromtimestamp(0, UTC) + timedelta(
            milliseconds=record.occurred_at + (record.clock_offset or 0)
        )
        day = moment.astimezone(ZoneInfo(zone)).date()
        values = [1, record.quantity if comes else 0, 0 if comes else record.quantity,
                  *((record.quantity * (money or 0) + 500) // 1000 for money in (item.price, item.cost))]  # fmt: skip
        for site in (UUID(box.site_id), EVERYWHERE):
            for product in (UUID(item.product_id), EVERYWHERE):
                key = (site, product, day, record.reason, item.currency or "EUR")
                sums[key] = [a + b for a, b in zip(sums[key], values, strict=True)]
    return dict(sums)


async def counted(database: Database) -> dict[tuple[Any, ...], list[int]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM moved_days WHERE movements <> 0")
    return {tuple(row)[:5]: [int(value) for value in tuple(row)[5:]] for row in rows}


async def roll(database: Database) -> None:
    while await rolling.roll(database, START_MS):
        pass


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
async def test_the_daily_rollups_are_the_naive_sum_over_the_ledger_whenever_it_is_counted(
    hub: HubCore, seed: int, zone: str
) -> None:
    draw = random.Random(f"{seed}{zone}")
    box = await hub.make_box()
    await box.connect()
    await hub.execute("UPDATE sites SET timezone = $1", zone)
    products = [str(uuid4()) for _ in range(5)]
    told = list(records(draw, products, 200))
    while told_now := told[len(box.records) :][: draw.randint(1, 90)]:
        box.write(*told_now)
        await box.talk()
        if draw.random() < 0.7:
            await rolling.roll(hub.database, START_MS)
    await roll(hub.database)
    assert await counted(hub.database) == naive(box, zone, told)
    assert await problems(hub.database) == []


async def sold_days(hub: HubCore, site: object = EVERYWHERE) -> dict[str, int]:
    rows = await hub.rows(
        "SELECT day::text, taken FROM moved_days WHERE site_id = $1 AND product_id = $2 AND movements <> 0"
        " AND reason = 'sale'", site, EVERYWHERE,
    )  # fmt: skip
    return dict(rows)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


async def test_a_sale_that_comes_weeks_late_is_added_to_the_day_on_which_it_was(hub: HubCore) -> None:
    box = await hub.make_box()
    await box.connect()
    for moment in ("2026-10-01T12:00:00+00:00", "2026-11-20T12:00:00+00:00", "2026-10-01T23:00:00+00:00"):
        hub.clock.now_ms = at(moment)
        box.sell(product := str(uuid4()), 2_000)
        await box.talk()
        await roll(hub.database)
    assert product
    assert await sold_days(hub) == {"2026-10-01": 4_000, "2026-11-20": 2_000}


async def test_a_site_whose_time_zone_is_corrected_is_counted_again_in_its_own_days(hub: HubCore) -> None:
    box, other = await hub.make_box(), await hub.make_box()
    hub.clock.now_ms = at("2026-10-01T23:30:00+00:00")
    for each in (box, other):
        each.sell(str(uuid4()), 1_000)
        await each.connect()
    await roll(hub.database)
    assert await sold_days(hub) == {"2026-10-01": 2_000}
    await hub.execute("UPDATE sites SET timezone = 'Europe/Berlin' WHERE id = $1", box.site_id)
    await roll(hub.database)
    assert await sold_days(hub, box.site_id) == {"2026-10-02": 1_000}
    assert await sold_days(hub) == {"2026-10-01": 1_000, "2026-10-02": 1_000}
    assert await problems(hub.database) == []


async def test_a_movement_that_only_a_newer_hub_can_read_is_counted_then(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, product = await hub.make_box(), str(uuid4())
    with monkeypatch.context() as old:
        old.setattr(storable, "QUANTITY_MAX", 4_000)
        box.sell(product, 3_000)
        box.sell(product, 5_000)
        await box.connect()
        await roll(hub.database)
    (day,) = await sold_days(hub)
    box.sell(product, 1_000)
    await box.talk()
    assert await reread(hub.database, hub.clock()) == 1
    assert await problems(hub.database) == []
    await roll(hub.database)
    assert await sold_days(hub) == {day: 9_000}
    assert await problems(hub.database) == []


async def test_two_hubs_that_count_at_the_same_time_count_everything_once(hub: HubCore) -> None:
    box = await hub.make_box()
    for _ in range(30):
        box.sell(str(uuid4()), 1_000)
    await box.connect()
    while any(await asyncio.gather(*(rolling.roll(hub.database, START_MS) for _ in range(3)))):
        pass
    assert list((await sold_days(hub)).values()) == [30_000]
    assert await problems(hub.database) == []


async def test_a_rollup_that_is_wrong_is_found_and_counted_again(hub: HubCore) -> None:
    box = await hub.make_box()
    box.sell(str(uuid4()), 1_000)
    await box.connect()
    await roll(hub.database)
    more = "INSERT INTO moved_actors SELECT site_id, day, 'nobody', reason, 1, 0, 0, 0, 0 FROM moved_actors"
    for damage in ("UPDATE moved_days SET taken = taken + 1", "DELETE FROM moved_hours", more):
        await hub.execute(damage)
        assert await problems(hub.database) != [], damage
        await rolling.rebuild(hub.database, START_MS)
        assert await problems(hub.database) == []
    assert list((await sold_days(hub)).values()) == [1_000]
