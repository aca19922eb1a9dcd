"""What a till has just sold goes in with one statement, and comes to the same as a long stretch by COPY."""

import random
from typing import Any

import pytest

from cloud_hub.services.judging import Frame
from cloud_hub.services.writing import SHORT
from cloud_hub.storage.at_once import AtOnce
from cloud_hub.storage.database import Database, Query, bound
from cloud_hub.storage.schema import sites
from tests.integration.hub.conftest import Box, HubCore

_WRITTEN = """
    SELECT DISTINCT at::text FROM (
        SELECT (xmin, cmin) AS at FROM movements WHERE sequence = $2 UNION ALL
        SELECT (xmin, cmin) FROM levels WHERE site_id = $1 AND location <> 'supplier' UNION ALL
        SELECT (xmin, cmin) FROM movement_keys WHERE site_id = $1 UNION ALL
        SELECT (xmin, cmin) FROM batches WHERE last_sequence = $2 UNION ALL
        SELECT (xmin, cmin) FROM origins WHERE site_id = $1
    ) AS written
"""


async def send(hub: HubCore, box: Box, size: int) -> None:
    """All that the hub lacks of a box, `size` records a batch, one transaction each."""
    lease = str(box.session.lease)
    for first in range(1, box.head + 1, size):
        await hub.take(box.address, [Frame(lease, box.sealed(first, min(size, box.head + 1 - first)))])


async def test_all_rows_of_a_live_scan_are_written_by_one_statement(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    box.receive(product, 5000)
    await box.connect()

    box.sell(product, key="till-1")
    await box.talk()

    assert box.acked == box.head == 3
    assert len(await hub.rows(_WRITTEN, box.site_id, box.head)) == 1
    assert await hub.levels(box.site_id) == box.levels()
    assert await hub.exceptions(box.site_id) == set(), "suppliers and customers may owe what they like"


@pytest.mark.parametrize("size", [1, 5])
async def test_some_at_a_time_or_all_together_the_tables_say_the_same(hub: HubCore, seed: int, size: int) -> None:
    products = [await hub.make_product() for _ in range(4)]
    boxes = [await hub.make_box() for _ in range(2)]
    for box in boxes:
        await box.connect()
        chance = random.Random(seed)
        for number in range(3 * SHORT):
            key = chance.choice([None, f"till-{number}", "till-0"])
            box.sell(chance.choice(products), chance.randrange(1, 9) * 500, key=key, lot="L1", expiry="2027-01-31")

    await send(hub, boxes[0], size)
    await send(hub, boxes[1], 1000)

    assert await told(hub, boxes[0]) == await told(hub, boxes[1])
    assert await hub.levels(boxes[0].site_id) == boxes[0].levels()
    assert {"negative_stock", "key_reused"} <= await hub.exceptions(boxes[0].site_id)


@pytest.fixture
def seen(hub: HubCore) -> list[int]:
    """At each transaction that intake opens: what it had not done the short way."""
    whole: list[int] = []
    commit = hub.intake._commit

    async def counted(came: Any, now_ms: int, *, is_suspect: bool) -> Any:
        whole.append(now_ms)
        return await commit(came, now_ms, is_suspect=is_suspect)

    hub.intake._commit = counted  # type: ignore[method-assign]
    return whole


async def sold(hub: HubCore, product: str, on_hand: int = 5000) -> Box:
    """A box that the hub has just heard of, with its first sale."""
    box = await hub.make_box()
    box.receive(product, on_hand)
    await box.connect()
    box.sell(product, key="till-1")
    await box.talk()
    return box


async def test_what_a_till_sells_next_goes_in_without_a_transaction_of_its_own(hub: HubCore, seen: list[int]) -> None:
    box = await sold(hub, product := await hub.make_product())
    seen.clear()

    for number in range(2, 5):
        box.sell(product, key=f"till-{number}")
        await box.talk()

    assert seen == []
    assert box.acked == box.head == 6
    assert await hub.levels(box.site_id) == box.levels()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE origins SET mark = mark - 1 WHERE site_id = $1",
        "UPDATE origins SET chain_hash = '\\x00' WHERE site_id = $1",
        "UPDATE origins SET lease = 'another' WHERE site_id = $1",
        "UPDATE origins SET lease = NULL WHERE site_id = $1",
    ],
)
async def test_an_origin_that_somebody_else_has_moved_gets_nothing_the_short_way(hub: HubCore, change: str) -> None:
    box = await sold(hub, product := await hub.make_product())
    await hub.execute(change, box.site_id)
    before = await told(hub, box)

    box.sell(product, key="till-2")
    await hub.take(box.address, [Frame(str(box.session.lease), box.sealed(box.head, 1))])

    assert await told(hub, box) == before


async def test_what_takes_stock_below_zero_or_reuses_a_key_goes_the_whole_way(hub: HubCore, seen: list[int]) -> None:
    box = await sold(hub, product := await hub.make_product(), on_hand=2000)
    seen.clear()

    box.sell(product, key="till-1")
    await box.talk()
    box.sell(product, 2000, key="till-2")
    await box.talk()
    box.sell(product, key="till-3")
    await box.talk()

    assert len(seen) == 2, "stock that is below zero already is no news"
    assert {"negative_stock", "key_reused"} <= await hub.exceptions(box.site_id)
    assert await hub.levels(box.site_id) == box.levels()


async def test_a_key_that_one_batch_uses_twice_goes_the_whole_way(hub: HubCore, seen: list[int]) -> None:
    box = await sold(hub, product := await hub.make_product())
    seen.clear()

    box.sell(product, key="till-2")
    box.sell(product, key="till-2")
    await box.talk()

    assert len(seen) == 1
    assert await hub.exceptions(box.site_id) == {"key_reused"}


async def test_a_second_worker_that_takes_over_is_noticed(hub: HubCore) -> None:
    box, other = await sold(hub, product := await hub.make_product()), hub.another()
    lease = str(box.session.lease)
    for worker in (other, hub, other, other, hub):
        box.sell(product)
        await worker.take(box.address, [Frame(lease, box.sealed(box.head, 1))])

    assert await hub.value("SELECT mark FROM origins WHERE site_id = $1", box.site_id) == box.head
    assert await hub.levels(box.site_id) == box.levels()


async def told(hub: HubCore, box: Box) -> list[list[tuple[Any, ...]]]:
    """What the tables say of a box, but for who and in how many transactions."""
    queries = (
        "SELECT sequence, product_id, quantity, from_location, to_location, reason, lot, expiry, key, item_ref"
        " FROM movements WHERE site_id = $1 ORDER BY sequence",
        "SELECT product_id, location, quantity FROM levels WHERE site_id = $1 ORDER BY product_id, location",
        "SELECT key, sequence FROM movement_keys WHERE site_id = $1 ORDER BY key",
        "SELECT min(first_sequence), max(last_sequence), sum(count) FROM batches WHERE site_id = $1",
        "SELECT mark FROM origins WHERE site_id = $1",
        "SELECT kind, subject FROM exceptions WHERE site_id = $1 AND kind IN ('key_reused', 'negative_stock')"
        " ORDER BY kind, subject",
    )
    return [await hub.rows(query, box.site_id) for query in queries]


async def test_writes_at_once_keep_their_own_arguments_and_answers(database: Database, hub: HubCore) -> None:
    ids = [await hub.make_site() for _ in range(2)]
    rename = sites.update().where(sites.c.id == bound(sites.c.id)).values(name=bound(sites.c.name))
    both = AtOnce(
        first=Query(rename.returning(sites.c.id, sites.c.name)), silent=Query(rename),
    )  # fmt: skip

    async with database.transaction() as connection:
        said = await both.run(connection, first={"id": ids[0], "name": "one"}, silent={"id": ids[1], "name": "two"})

    assert [(str(site_id), name) for site_id, name in said["first"]] == [(ids[0], "one")]
    assert set(said) == {"first"}
    assert sorted(await hub.rows("SELECT name FROM sites WHERE id = ANY($1::uuid[])", ids)) == [("one",), ("two",)]
