"""What a hub could not read, a newer one reads: a later kind, and bytes that were quarantined."""

from typing import Any
from uuid import uuid4

import pytest

from cloud_hub.domain import storable
from cloud_hub.services.rereading import reread
from cloud_hub.services.verification import verify
from sync_protocol import facts
from sync_protocol.chain import movement_id
from sync_protocol.facts import FACTS, fact
from tests.integration.hub.conftest import Box, HubCore

NOW = 1_790_000_000_000


def a_task(task_id: str, state: Any = "open", detail: str = "") -> facts.Task:
    return facts.Task(occurred_at=NOW, task_id=task_id, rule="recount", state=state, detail=detail)


async def kept(hub: HubCore, box: Box) -> tuple[int, int]:
    """How many records of a later kind and how many quarantined ones."""
    return (
        await hub.value("SELECT count(*) FROM unknown_records WHERE site_id = $1", box.site_id),
        await hub.value("SELECT count(*) FROM quarantine WHERE site_id = $1", box.site_id),
    )


async def problems(hub: HubCore) -> list[Any]:
    async with hub.database.connection() as connection:
        return list(await verify(connection))


async def test_a_kind_of_a_newer_box_is_kept_and_followed_once_the_hub_knows_it(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, first, second = await hub.make_box(), str(uuid4()), str(uuid4())
    with monkeypatch.context() as old:
        old.delitem(FACTS, "task")
        box.write(fact(a_task(first)), fact(a_task(second)))
        box.receive(product := str(uuid4()), 2000)
        await box.connect()
        assert await reread(hub.database, hub.clock()) == 0
        assert await kept(hub, box) == (2, 0)
        assert await hub.rows("SELECT task_id FROM tasks WHERE site_id = $1", box.site_id) == []
    box.write(fact(a_task(first, "done", "counted")))
    await box.talk()

    assert [await reread(hub.database, hub.clock()) for _ in range(2)] == [2, 0]

    shown = await hub.rows("SELECT task_id::text, state, detail FROM tasks WHERE site_id = $1", box.site_id)
    assert set(shown) == {(first, "done", "counted"), (second, "open", "")}
    assert await kept(hub, box) == (0, 0)
    assert await hub.levels(box.site_id) == {(product, "shelf"): 2000, (product, "supplier"): -2000}
    assert await hub.value("SELECT mark FROM origins WHERE origin_id = $1", box.origin_id) == box.head
    assert await problems(hub) == []


async def test_quarantined_bytes_that_a_newer_hub_can_read_move_the_stock_and_settle_the_exception(
    hub: HubCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = await hub.make_box()
    with monkeypatch.context() as old:
        old.setattr(storable, "QUANTITY_MAX", 4_000)
        box.receive(product := str(uuid4()), 3000)
        box.receive(product, 5000)
        await box.connect()
        assert await kept(hub, box) == (0, 1)
        assert "quarantined" in await hub.exceptions(box.site_id)
        assert await reread(hub.database, hub.clock()) == 0
    assert await hub.levels(box.site_id) != box.levels()

    assert [await reread(hub.database, hub.clock()) for _ in range(2)] == [1, 0]

    assert await hub.levels(box.site_id) == box.levels()
    assert await kept(hub, box) == (0, 0)
    assert await hub.rows("SELECT state FROM exceptions WHERE kind = 'quarantined'") == [("done",)]
    assert await hub.rows("SELECT movement_id FROM movements WHERE sequence = 3") == [(movement_id(box.hash_at(3)),)]
    assert await problems(hub) == []


async def test_what_still_cannot_be_read_stays_where_it_is(hub: HubCore) -> None:
    box = await hub.make_box()
    box.records += [b"no record at all", b'["later",1,2]', b'["i",1]']
    box.session.appended(box.head, now=hub.clock())
    await box.connect()
    before = await kept(hub, box)

    assert await reread(hub.database, hub.clock()) == 0

    assert await kept(hub, box) == before == (1, 2)
