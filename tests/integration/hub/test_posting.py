"""Hub-run sites: the same ledger, keys that are safe to repeat, policies, groups, alerts."""

import asyncio
from uuid import uuid4

import pytest

from cloud_hub.domain.intake import at
from cloud_hub.domain.posting import Draft
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.posting import Posting
from cloud_hub.services.verification import verify
from sync_protocol.low_stock import alert_id
from tests.integration.hub.conftest import HubCore


@pytest.fixture
def posting(hub: HubCore) -> Posting:
    return Posting(hub.database, sign=hub.key.sign)


def receipt(product_id: str, quantity: int = 1000) -> Draft:
    return Draft(
        product_id=product_id, from_location="supplier", to_location="shelf", reason="receipt", quantity=quantity
    )


def sale(product_id: str, quantity: int = 1000) -> Draft:
    return Draft(product_id=product_id, from_location="shelf", to_location="customer", reason="sale", quantity=quantity)


async def test_a_posting_is_a_movement_on_the_sites_own_ledger(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()

    posted = await posting.post(
        site, [receipt(product, 5000), sale(product, 2000)], "k", actor="ann", now_ms=hub.clock()
    )

    assert [row.position for row in posted.rows] == [2, 3]
    assert posted.levels[f"{product}:shelf"] == 3000
    assert await hub.levels(site) == {
        (product, "supplier"): -5000,
        (product, "shelf"): 3000,
        (product, "customer"): 2000,
    }
    ids = await hub.rows("SELECT movement_id::text, actor FROM movements WHERE site_id = $1 ORDER BY sequence", site)
    assert ids == [(row.movement_id, "ann") for row in posted.rows]
    async with hub.database.connection() as connection:
        assert await verify(connection) == []


async def test_the_same_key_has_one_effect_and_the_same_answer_for_ever(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    first = await posting.post(site, [receipt(product)], "k", actor=None, now_ms=hub.clock())

    again = await posting.post(site, [receipt(product)], "k", actor=None, now_ms=hub.clock())

    assert (again.rows, again.is_replayed) == (first.rows, True)
    with pytest.raises(Invalid):
        await posting.post(site, [receipt(product, 2000)], "k", actor=None, now_ms=hub.clock())
    assert (await hub.levels(site))[product, "shelf"] == 1000


async def test_a_decrement_below_zero_is_blocked_and_changes_nothing(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    drafts = [receipt(product, 1000), sale(product, 2000)]

    with pytest.raises(Conflict) as refused:
        await posting.post(site, drafts, "k", actor=None, now_ms=hub.clock())

    assert refused.value.code == "insufficient_stock"
    assert await hub.levels(site) == {}


async def test_where_the_policy_allows_it_stock_goes_below_zero(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product(negative_policy="allow")

    await posting.post(site, [sale(product)], "k", actor=None, now_ms=hub.clock())

    assert (await hub.levels(site))[product, "shelf"] == -1000


async def test_a_batch_may_keep_what_is_good(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    drafts = [receipt(product), sale(product, 9000), receipt(str(uuid4())), sale(product, 500)]

    posted = await posting.post(site, drafts, "k", actor=None, now_ms=hub.clock(), all_or_none=False)

    assert [row.code for row in posted.rows] == [None, "insufficient_stock", "product", None]
    assert (await hub.levels(site))[product, "shelf"] == 500


async def test_set_to_moves_the_difference(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    for key, wanted in (("a", 5000), ("b", 2000), ("c", 2000)):
        draft = Draft(
            product_id=product, from_location="adjustment", to_location="shelf", reason="correction", set_to=wanted
        )
        posted = await posting.post(site, [draft], key, actor=None, now_ms=hub.clock())
        assert posted.levels[f"{product}:shelf"] == wanted
        assert (posted.rows[0].movement_id is None) == (key == "c")


async def test_expected_quantity_is_compare_and_set(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    draft = Draft(
        product_id=product,
        from_location="supplier",
        to_location="shelf",
        reason="receipt",
        quantity=1,
        expected_quantity=7,
    )

    with pytest.raises(Conflict) as refused:
        await posting.post(site, [draft], "k", actor=None, now_ms=hub.clock())

    assert refused.value.code == "expected_quantity"


async def test_many_writers_of_one_product_are_committed_in_groups_and_add_up(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    other = Posting(hub.database, sign=hub.key.sign)

    await asyncio.gather(
        *(
            writer.post(site, [receipt(product, 100)], f"{number}-{id(writer)}", actor=None, now_ms=hub.clock())
            for number in range(100)
            for writer in (posting, other)
        )
    )

    assert (await hub.levels(site))[product, "shelf"] == 20_000
    assert await hub.value("SELECT mark FROM origins WHERE site_id = $1", site) >= 201
    async with hub.database.connection() as connection:
        assert await verify(connection) == []


async def test_a_stores_ledger_cannot_be_posted_to(hub: HubCore, posting: Posting) -> None:
    box, product = await hub.make_box(), await hub.make_product()

    with pytest.raises(Conflict):
        await posting.post(box.site_id, [receipt(product)], "k", actor=None, now_ms=hub.clock())
    with pytest.raises(NotFound):
        await posting.post(str(uuid4()), [receipt(product)], "k", actor=None, now_ms=hub.clock())


async def test_low_stock_opens_one_alert_and_a_delivery_resolves_it(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product(reorder_point=2000)
    states = []
    for key, draft in enumerate(
        (receipt(product, 5000), sale(product, 3000), sale(product, 1000), receipt(product, 9000))
    ):
        await posting.post(site, [draft], str(key), actor=None, now_ms=hub.clock())
        states.append([state for (state,) in await hub.rows("SELECT state FROM alerts WHERE site_id = $1", site)])

    assert states == [[], ["opened"], ["opened"], ["resolved"]]


async def test_an_alert_gets_worse_with_the_stock_and_keeps_its_name_until_it_resolves(
    hub: HubCore, posting: Posting
) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product(reorder_point=5000, critical_level=2000)
    told, ids = [], set()
    drafts = (receipt(product, 6000), *(sale(product, 2000) for _ in range(3)), receipt(product, 9000))
    for key, draft in enumerate(drafts):
        await posting.post(site, [draft], str(key), actor=None, now_ms=hub.clock())
        rows = await hub.rows("SELECT alert_id, state, severity, available FROM alerts WHERE site_id = $1", site)
        ids |= {row[0] for row in rows}
        told += [tuple(row[1:]) for row in rows]

    assert told == [
        ("opened", "info", 4000), ("opened", "warning", 2000), ("opened", "critical", 0), ("resolved", "critical", 9000)
    ]  # fmt: skip
    opening = await hub.value("SELECT opened_at_position FROM alerts WHERE site_id = $1", site)
    assert [str(each) for each in ids] == [alert_id("low_stock", site, product, opening)]


async def test_stock_below_zero_on_record_is_an_alert_of_its_own_until_it_is_booked(
    hub: HubCore, posting: Posting
) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product(negative_policy="allow")
    told = []
    for key, draft in enumerate((sale(product, 3000), sale(product, 1000), receipt(product, 4000))):
        await posting.post(site, [draft], str(key), actor=None, now_ms=hub.clock())
        told += await hub.rows("SELECT state, severity, available, detail FROM alerts WHERE rule = 'negative_stock'")

    cause = "-3 on record; count it, or look for a missing receipt"
    assert told == [
        ("opened", "critical", -3000, cause), ("opened", "critical", -3000, cause), ("resolved", "critical", 0, cause)
    ]  # fmt: skip
    opening = await hub.value("SELECT opened_at_position FROM alerts WHERE rule = 'negative_stock'")
    name = await hub.value("SELECT alert_id::text FROM alerts WHERE rule = 'negative_stock'")
    assert name == alert_id("negative_stock", site, product, opening)


async def test_whoever_hangs_up_while_a_group_is_committed_takes_nothing_from_it(
    hub: HubCore, posting: Posting
) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    asked = [
        asyncio.create_task(posting.post(site, [receipt(product)], str(n), actor=None, now_ms=hub.clock()))
        for n in range(3)
    ]
    await asyncio.sleep(0)
    asked[1].cancel()

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each).__name__ for each in outcomes] == ["Posted", "CancelledError", "Posted"]
    assert (await hub.levels(site))[product, "shelf"] == 3000


async def test_an_alert_is_sealed_into_the_batch_of_the_movement_that_raised_it(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product(reorder_point=2000)

    await posting.post(site, [receipt(product, 1000)], "k", actor=None, now_ms=hub.clock())

    sealed = await hub.rows("SELECT first_sequence, last_sequence FROM batches WHERE site_id = $1", site)
    (movement,) = await hub.rows("SELECT sequence FROM movements WHERE site_id = $1", site)
    (alert,) = await hub.rows("SELECT sequence FROM facts WHERE site_id = $1", site)
    assert sealed == [(1, alert[0])]
    assert alert[0] == movement[0] + 1
    assert await hub.value("SELECT opened_at_position FROM alerts WHERE site_id = $1", site) == movement[0]


async def test_all_products_of_a_large_posting_are_judged(hub: HubCore, posting: Posting) -> None:
    site, count = await hub.make_site("hub"), 501
    products = [await hub.make_product(reorder_point=2000) for _ in range(count)]

    await posting.post(site, [receipt(product) for product in products], "k", actor=None, now_ms=hub.clock())

    opened = "SELECT count(DISTINCT product_id) FROM alerts WHERE site_id = $1 AND state = 'opened'"
    assert await hub.value(opened, site) == count


async def test_a_flapping_product_keeps_its_alert_until_it_is_clearly_above(hub: HubCore, posting: Posting) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product(reorder_point=5000)
    steps = [receipt(product, 6000), *(each for _ in range(3) for each in (sale(product), receipt(product)))]
    for key, draft in enumerate(steps):
        await posting.post(site, [draft], str(key), actor=None, now_ms=hub.clock())
    states = "SELECT state FROM alerts WHERE site_id = $1 ORDER BY opened_at_position"
    damped = [state for (state,) in await hub.rows(states, site)]
    await posting.post(site, [receipt(product, 2000)], "above", actor=None, now_ms=hub.clock())

    assert damped == ["resolved", "resolved", "opened"]
    assert {state for (state,) in await hub.rows(states, site)} == {"resolved"}


async def test_each_posting_of_a_busy_site_has_the_time_at_which_it_was_asked_for(
    hub: HubCore, posting: Posting
) -> None:
    site, product = await hub.make_site("hub"), await hub.make_product()
    started = hub.clock()

    await asyncio.gather(
        *(posting.post(site, [receipt(product)], "same", actor=None, now_ms=started + each) for each in (0, 500)),
        posting.post(site, [receipt(product)], "other", actor=None, now_ms=started + 900),
    )

    times = await hub.rows("SELECT occurred_at FROM movements WHERE site_id = $1 ORDER BY sequence", site)
    assert [time for (time,) in times] == [at(started), at(started + 900)]
