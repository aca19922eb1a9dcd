"""Who is served next: order within an origin, small backlogs first, nobody starved, room bounded."""

import asyncio
from uuid import uuid4

from cloud_hub.transport.queues import GROUP_PAYLOADS_MAX, ORIGIN_BYTES_MAX, SMALL_BYTES, TOGETHER_MAX, OriginQueues
from sync_protocol.topics import Address


def an_origin() -> Address:
    return Address(str(uuid4()), str(uuid4()))


async def test_payloads_of_an_origin_come_in_order_and_in_groups() -> None:
    queues, one = OriginQueues(), an_origin()
    payloads = [bytes([number]) for number in range(GROUP_PAYLOADS_MAX + 2)]
    for payload in payloads:
        queues.put(one, payload)

    first = await queues.take()
    queues.done(first)
    rest = await queues.take()

    assert [[*turn.payloads] for turn in (*first, *rest)] == [
        payloads[:GROUP_PAYLOADS_MAX],
        payloads[GROUP_PAYLOADS_MAX:],
    ]


async def test_an_origin_that_is_being_served_is_not_given_to_another_worker() -> None:
    queues, one, two = OriginQueues(), an_origin(), an_origin()
    for number in range(9):
        queues.put(one, bytes([number]))
    taken = await queues.take()
    queues.put(one, b"more")
    queues.put(two, b"x")

    assert [turn.address for turn in await queues.take()] == [two]
    waiting = asyncio.ensure_future(queues.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    queues.done(taken)

    assert [turn.address for turn in await waiting] == [one]


async def test_nobody_is_served_twice_while_another_waits() -> None:
    queues, origins = OriginQueues(), [an_origin() for _ in range(5)]
    for origin in origins:
        for _ in range(3 * GROUP_PAYLOADS_MAX):
            queues.put(origin, b"y" * (SMALL_BYTES + 1))

    served = []
    for _ in range(15):
        turns = await queues.take()
        served += [turn.address for turn in turns]
        queues.done(turns)

    assert served == origins * 3


async def test_small_backlogs_go_first_and_large_ones_are_not_starved() -> None:
    queues, large = OriginQueues(), an_origin()
    for _ in range(3):
        queues.put(large, b"y" * (SMALL_BYTES + 1))
    small = [an_origin() for _ in range(4 * TOGETHER_MAX)]
    for origin in small:
        queues.put(origin, b"x")

    served = [[turn.address for turn in await queues.take()] for _ in range(5)]

    assert served == [
        small[:TOGETHER_MAX], small[TOGETHER_MAX : 2 * TOGETHER_MAX], small[2 * TOGETHER_MAX : 3 * TOGETHER_MAX],
        [large], small[3 * TOGETHER_MAX :],
    ]  # fmt: skip


async def test_a_large_backlog_has_a_turn_of_its_own() -> None:
    queues, large = OriginQueues(), [an_origin(), an_origin()]
    for origin in large:
        queues.put(origin, b"y" * (SMALL_BYTES + 1))

    assert [len(await queues.take()) for _ in large] == [1, 1]


async def test_what_exceeds_an_origins_room_is_dropped_and_counted() -> None:
    queues, one = OriginQueues(), an_origin()
    queues.put(one, bytes(ORIGIN_BYTES_MAX))

    queues.put(one, b"one too many")

    assert (queues.dropped, len(queues)) == (1, 1)


async def test_payloads_that_are_put_back_come_first_again() -> None:
    queues, one = OriginQueues(), an_origin()
    for payload in (b"1", b"2"):
        queues.put(one, payload)
    turns = await queues.take()
    queues.put(one, b"3")

    queues.put_back(turns)
    queues.done(turns)

    assert [[*turn.payloads] for turn in await queues.take()] == [[b"1", b"2", b"3"]]


async def test_what_was_dealt_with_is_not_put_back() -> None:
    queues, one, two = OriginQueues(), an_origin(), an_origin()
    for origin in (one, two):
        queues.put(origin, b"1")
        queues.put(origin, b"2")
    turns = await queues.take()
    turns[0].payloads.popleft()
    turns[1].payloads.clear()

    queues.put_back(turns)
    queues.done(turns)

    assert [(turn.address, [*turn.payloads]) for turn in await queues.take()] == [(one, [b"2"])]
