"""Screens that listen slowly hold nobody up."""

from edge_agent.services.events import WAITING_MAX, Events


async def test_a_listener_hears_its_topics_in_order() -> None:
    events = Events()
    with events.listen(frozenset({"scan"})) as listener:
        events.publish("stock", 1)
        events.publish("scan", 2)
        events.publish("scan", 3)
        heard = [await listener.next(), await listener.next()]
    assert [event.body for event in heard if event] == [2, 3]
    assert not events.is_heard


async def test_a_slow_listener_is_told_to_read_again_and_let_go() -> None:
    events = Events()
    with events.listen(frozenset()) as slow, events.listen(frozenset()) as quick:
        for number in range(WAITING_MAX + 50):
            events.publish("scan", number)
            heard = await quick.next()
            assert heard is not None
            assert heard.body == number
        first, second = await slow.next(), await slow.next()
    assert first is not None
    assert (first.topic, second) == ("resync", None)


async def test_closing_lets_everybody_go() -> None:
    events = Events()
    with events.listen(frozenset()) as listener:
        events.publish("scan", 1)
        events.close()
        assert await listener.next() is None
