"""B11: transfers between a store with a box and a site that the hub runs, whichever end is heard of first."""

from typing import Any

import pytest

from cloud_hub.domain.permissions import Principal, Role
from cloud_hub.domain.posting import Draft
from cloud_hub.domain.transfers import Step
from cloud_hub.services.posting import Posting
from cloud_hub.services.transferring import Asked, Taken, Transferring
from cloud_hub.services.verification import verify
from cloud_hub.storage import database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.transfers import TransferFilter
from sync_protocol import facts
from sync_protocol.vocabulary import transit
from tests.integration.hub.conftest import Box, HubCore

ADA = Principal(id="ada", name="ada", role=Role.ADMIN)


@pytest.fixture
async def transferring(hub: HubCore, database_url: str) -> Any:
    reads = Reads(lambda: database.connect(database_url), 2)
    yield Transferring(hub.database, reads, Posting(hub.database, sign=hub.key.sign))
    await reads.close()


def tell(box: Box, transfer: str, from_site: str, to_site: str, step: Any, **why: Any) -> None:
    body = facts.Transfer(occurred_at=0, transfer_id=transfer, from_site=from_site, to_site=to_site, step=step, **why)
    box.write(facts.fact(body))


async def warehouse(hub: HubCore, product: str) -> str:
    """A hub-run site with ten of a product."""
    site = await hub.make_site("hub")
    came = Draft(product_id=product, from_location="supplier", to_location="shelf", reason="receipt", quantity=10_000)
    await Posting(hub.database, sign=hub.key.sign).post(site, [came], "came", actor=None, now_ms=hub.clock())
    return site


async def notices(hub: HubCore, site: str) -> list[Any]:
    said = "SELECT body FROM changes WHERE kind = 'transfer_notice' AND site_id = $1 ORDER BY position"
    return [(body["step"], body["lines"]) for (body,) in await hub.rows(said, site)]


async def test_a_warehouse_ships_to_a_store_whose_box_is_told_and_receives_a_part(
    hub: HubCore, transferring: Transferring
) -> None:
    product, box = await hub.make_product(), await hub.make_box()
    source = await warehouse(hub, product)
    made = await transferring.create(Asked(source, box.site_id, [(product, 6000)], ""), "k", ADA, hub.clock())
    await transferring.ship(made.transfer.id, "shelf", "s", ADA, hub.clock())
    assert await notices(hub, box.site_id) == [("dispatched", [[product, 6000]])]

    box.move(product, 4000, transit(made.transfer.id), "shelf", "transfer_in", document=made.transfer.id)
    tell(box, made.transfer.id, source, box.site_id, "received")
    await box.connect()
    found = (await transferring.get(made.transfer.id, ADA)).transfer
    (line,) = found.lines
    assert (found.step, found.is_open, line.received, line.in_transit) == ("received", True, 4000, 2000)

    box.move(product, 2000, transit(made.transfer.id), "shrinkage", "transfer_in", document=made.transfer.id)
    tell(box, made.transfer.id, source, box.site_id, "closed_short", reason="never came", fault="carrier")
    await box.talk()
    found = (await transferring.get(made.transfer.id, ADA)).transfer
    assert (found.step, found.is_open, found.lines[0].short) == ("closed_short", False, 2000)
    assert (found.reason, found.fault) == ("never came", "carrier")
    assert [step for step, _ in await notices(hub, source)] == ["received", "closed_short"]
    async with hub.database.connection() as connection:
        assert await verify(connection) == []


async def test_a_store_is_asked_to_ship_and_the_warehouse_has_the_goods_before_the_box_is_heard(
    hub: HubCore, transferring: Transferring
) -> None:
    product, box, target = await hub.make_product(), await hub.make_box(), await hub.make_site("hub")
    made = await transferring.create(Asked(box.site_id, target, [(product, 5000)], ""), "k", ADA, hub.clock())
    asked = (await transferring.ship(made.transfer.id, "shelf", "s", ADA, hub.clock())).command
    assert asked is not None
    early = Taken(Step.RECEIVED, [(product, 4000)])
    seen = await transferring.take(made.transfer.id, early, "r", ADA, hub.clock())
    assert (seen.transfer.step, seen.transfer.is_dispatched, seen.transfer.lines[0].in_transit) == (
        "received", False, -4000,
    )  # fmt: skip

    place = transit(made.transfer.id)
    box.move(product, 5000, "shelf", place, "transfer_out", document=made.transfer.id, command=asked.id)
    tell(box, made.transfer.id, box.site_id, target, "dispatched")
    await box.connect()

    found = await transferring.get(made.transfer.id, ADA)
    assert found.command is not None
    assert (found.command.status, found.transfer.step, found.transfer.is_dispatched) == ("done", "received", True)
    assert (found.transfer.lines[0].in_transit, found.transfer.is_open) == (1000, True)
    rest = await transferring.take(made.transfer.id, Taken(Step.RECEIVED), "r2", ADA, hub.clock())
    assert (rest.transfer.lines[0].received, rest.transfer.is_open) == (5000, False)


async def test_a_box_that_refuses_to_ship_leaves_a_draft_that_can_be_shipped_again_or_cancelled(
    hub: HubCore, transferring: Transferring
) -> None:
    product, box, target = await hub.make_product(), await hub.make_box(), await hub.make_site("hub")
    made = await transferring.create(Asked(box.site_id, target, [(product, 5000)], ""), "k", ADA, hub.clock())
    asked = (await transferring.ship(made.transfer.id, "shelf", "s", ADA, hub.clock())).command
    assert asked is not None
    told = facts.Outcome(occurred_at=0, command_id=asked.id, status="refused", code="insufficient_stock")  # type: ignore[arg-type]
    box.write(facts.fact(told))
    await box.connect()
    found = await transferring.get(made.transfer.id, ADA)
    assert found.command is not None
    assert (found.transfer.step, found.command.status, found.command.code) == (
        "draft", "refused", "insufficient_stock",
    )  # fmt: skip
    again = (await transferring.ship(made.transfer.id, "shelf", "s2", ADA, hub.clock())).command
    assert again is not None
    assert (again.status, again.id == asked.id) == ("pending", False)


async def test_units_scanned_onto_a_transfer_after_its_dispatch_are_counted_and_told(
    hub: HubCore, transferring: Transferring
) -> None:
    product, source, target = await hub.make_product(), await hub.make_box(), await hub.make_box()
    transfer = "01a1fcc5-f651-7101-8512-e520c8fc5825"
    tell(source, transfer, source.site_id, target.site_id, "dispatched")
    await source.connect()
    source.move(product, 1000, "shelf", transit(transfer), "transfer_out", document=transfer)
    await source.talk()
    assert await notices(hub, target.site_id) == [("dispatched", []), ("dispatched", [[product, 1000]])]
    (found,) = await transferring.list(TransferFilter([target.site_id], is_open=True), None, 0, 10)
    assert found.lines[0].in_transit == 1000
    source.acked = 0
    await source.restart()
    (found,) = await transferring.list(TransferFilter([source.site_id]), None, 0, 10)
    assert found.lines[0].dispatched == 1000
