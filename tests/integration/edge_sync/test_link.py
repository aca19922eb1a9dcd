"""The link on a real broker: what a store commits is at the hub, whatever happens in between."""

import statistics
import time

from edge_agent.storage import catalogue, feed, identity, ledger
from sync_protocol import messages as say
from sync_protocol.changes import Product, change
from sync_protocol.edge_session import Link as State
from sync_protocol.records import Movement
from tests.integration.edge_sync.conftest import Box, MosquittoBroker, eventually, serving
from tests.integration.edge_sync.scripted_hub import ScriptedHub
from tests.unit.edge_agent_sync.builders import FEED, PRODUCT, an_id


def a_product(number: int, name: str = "Milk", version: int = 1):
    return change(Product(product_id=an_id(1000 + number), version=(1, version), sku=f"S{number}", name=name))


async def agrees(box: Box, hub: ScriptedHub) -> None:
    """The hub has exactly this ledger."""
    head, chain_head = await box.database.read(ledger.head)
    await hub.until(lambda: hub.mark >= head, f"position {head}")
    assert hub.mark == head
    assert hub.hash_at(head) == chain_head
    await box.until(lambda: box.status.mark == head, "the box knows it")


async def test_what_was_sold_before_the_connection_arrives(box: Box, hub: ScriptedHub) -> None:
    await box.sell(50)

    async with box.linked():
        await agrees(box, hub)


async def test_a_live_sale_arrives_at_once(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        await box.sell()
        await agrees(box, hub)
        took = []
        for _ in range(60):
            started = time.monotonic_ns()
            head = await box.sell()
            await hub.until(lambda head=head: hub.mark >= head, "a live sale")
            took.append((hub.arrived_ns[head] - started) / 1e6)

    print(f"sale to hub: p50 {statistics.median(took):.2f} ms, max {max(took):.2f} ms")
    await agrees_without_link(box, hub)


async def agrees_without_link(box: Box, hub: ScriptedHub) -> None:
    head, chain_head = await box.database.read(ledger.head)
    assert (hub.mark, hub.hash_at(hub.mark)) == (head, chain_head)


async def test_the_acknowledged_mark_is_kept_for_the_next_start(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        head = await box.sell(10)
        await agrees(box, hub)

        async def is_saved() -> bool:
            return (await box.database.read(identity.get)).acked == head

        await eventually(is_saved, "the mark is in the database")

    async with box.linked():
        await box.until(lambda: box.status.state == State.STREAMING, "connected again")
    assert hub.hellos[-1].acked == head


async def test_a_broker_killed_in_mid_backlog_loses_and_doubles_nothing(
    box: Box, hub: ScriptedHub, mosquitto: MosquittoBroker
) -> None:
    await box.sell(6_000)

    async with box.linked():
        await hub.until(lambda: hub.mark >= 1_000, "a part of it")
        mosquitto.kill()
        await box.until(lambda: box.status.state == State.OFFLINE, "the loss is noticed")
        await box.sell(100)
        mosquitto.start()
        hub._connection = None
        async with serving(hub, mosquitto.address):
            await agrees(box, hub)

    assert sum(isinstance(record, Movement) for record in hub.records) == 6_100


async def test_a_hub_that_was_restored_gets_everything_again(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        await box.sell(100)
        await agrees(box, hub)
    hub.restore_to(30)
    hub.epoch = 2

    async with box.linked():
        await agrees(box, hub)
    who = await box.database.read(identity.get)
    assert who.hub_epoch == 2


async def test_a_hub_that_acks_nothing_does_not_make_the_box_forget(box: Box, hub: ScriptedHub) -> None:
    hub.acks = False
    async with box.linked():
        await box.sell(10)
        await hub.until(lambda: hub.mark == 11, "the records")
        assert (await box.database.read(identity.get)).acked == 0

        hub.acks = True
        hub.ack()
        await agrees(box, hub)


async def test_a_feed_is_applied_acknowledged_and_kept(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        await hub.until(lambda: hub.feed_acked is not None, "the snapshot is taken")
        hub.publish_feed([a_product(number) for number in range(5)])
        await hub.until(lambda: hub.feed_acked is not None and hub.feed_acked.position == 5, "the feed ack")

    assert box.fetched == [FEED]
    found = await box.database.read(catalogue.find_product, an_id(1003))
    assert found is not None
    assert found.name == "Milk"
    assert len(await box.database.read(feed.batches_above, FEED, 0)) == 1
    who = await box.database.read(identity.get)
    assert (who.feed_origin, who.feed_cursor) == (FEED, 5)


async def test_a_feed_batch_sent_twice_changes_nothing(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        await hub.until(lambda: hub.feed_acked is not None, "the snapshot is taken")
        hub.publish_feed([a_product(1, "Milk")])
        hub.send_feed(1)
        hub.publish_feed([a_product(1, "Cream", 2)])
        hub.send_feed(1)
        await hub.until(lambda: hub.feed_acked is not None and hub.feed_acked.position == 2, "the feed ack")

    found = await box.database.read(catalogue.find_product, an_id(1001))
    assert found is not None
    assert found.name == "Cream"


async def test_feed_batches_in_a_verified_backup_are_forgotten(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        await hub.until(lambda: hub.feed_acked is not None, "the snapshot is taken")
        for number in range(3):
            hub.publish_feed([a_product(number)])
        await hub.until(lambda: hub.feed_acked is not None and hub.feed_acked.position == 3, "the feed ack")
        hub.tell(say.FeedSafe(lease=hub.lease, origin_id=FEED, safe_mark=2))

        async def is_dropped() -> bool:
            return len(await box.database.read(feed.batches_above, FEED, 0)) == 1

        await eventually(is_dropped, "the safe batches are gone")


async def test_a_new_feed_origin_gets_back_what_it_lost(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        await hub.until(lambda: hub.feed_acked is not None, "the snapshot is taken")
        hub.publish_feed([a_product(1)])
        await hub.until(lambda: hub.feed_acked is not None and hub.feed_acked.position == 1, "the feed ack")
    hub.feed_origin, hub.feed, hub.feed_hashes = an_id(77), [], []

    async with box.linked():
        await hub.until(lambda: len(hub.returned) == 1, "the returned batch")
        await hub.until(lambda: hub.feed_acked is not None and hub.feed_acked.origin_id == an_id(77), "new feed")


async def test_a_digest_is_told_when_the_hub_is_in_step(box: Box, hub: ScriptedHub) -> None:
    await box.sell(5)
    async with box.linked():
        await agrees(box, hub)
        await hub.until(lambda: any(isinstance(m, say.Digest) for m in hub.messages), "a digest")
        digest = next(m for m in hub.messages if isinstance(m, say.Digest))
        assert digest.chain_hash == hub.hash_at(digest.position).hex()

        hub.tell(say.DigestResult(lease=hub.lease, position=digest.position, equal=False,
                                  differing=list(range(256))))  # fmt: skip
        await hub.until(lambda: any(isinstance(m, say.BucketLevels) for m in hub.messages), "the drill-down")
    told = next(m for m in hub.messages if isinstance(m, say.BucketLevels))
    assert (PRODUCT, "shelf", -5_000) in told.levels


async def test_a_long_backlog_is_preceded_by_a_summary(box: Box, hub: ScriptedHub) -> None:
    await box.sell(2_500)

    async with box.linked():
        await agrees(box, hub)

    kinds = [type(message).__name__ for message in hub.messages]
    summary = next(m for m in hub.messages if isinstance(m, say.LevelSummary))
    assert kinds.index("LevelSummary") == 1
    assert summary.available == [(PRODUCT, -2_500_000)]


async def test_a_fenced_box_sends_its_tail_as_a_branch_and_works_on(box: Box, hub: ScriptedHub) -> None:
    await box.sell(20)
    hub.is_closed = True

    async with box.linked():
        await hub.until(lambda: len(hub.salvaged) == 21, "the branch")
        await box.until(lambda: box.status.state == State.FENCED, "the fence is shown")
        await box.sell(1)

    assert hub.mark == 0


async def test_a_successor_certificate_is_followed(box: Box, hub: ScriptedHub) -> None:
    hub.is_closed, hub.successor = True, "certificate"

    async with box.linked():

        async def has_become() -> bool:
            return bool(box.became)

        await eventually(has_become, "the certificate is followed")

    assert box.became[0] == "certificate"


async def test_a_stop_says_goodbye(box: Box, hub: ScriptedHub) -> None:
    async with box.linked():
        await box.sell()
        await agrees(box, hub)
        assert box.link is not None
        await box.link.say_goodbye()
        await hub.until(lambda: any(isinstance(m, say.Goodbye) for m in hub.messages), "goodbye")
