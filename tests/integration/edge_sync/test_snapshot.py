"""Snapshots over real HTTP: whole or not at all, resumed, checked, while the old catalogue serves."""

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from edge_agent.errors import Unavailable
from edge_agent.services import recovery
from edge_agent.services.disk import Disk, Space
from edge_agent.services.snapshot import Snapshots
from edge_agent.storage import catalogue, identity, keys, ledger, levels, origins, retention
from edge_agent.storage.database import Database
from edge_agent.transport.hub_http import HubHttp
from sync_protocol import bootstrap
from sync_protocol.changes import Barcode, Policy, Product, change
from sync_protocol.errors import BadCertificate, ProtocolError
from sync_protocol.keys import verifier
from sync_protocol.records import Fact, Movement, encode
from sync_protocol.snapshot import Uplink
from tests.integration.edge_sync.snapshot_hub import SnapshotHub
from tests.unit.edge_agent_sync.builders import (
    DEVICE,
    FEED,
    HUB_KEY,
    NOW_MS,
    ORIGIN,
    PRODUCT,
    RECORD_KEY,
    SITE,
    a_certificate,
    a_sale,
    an_id,
    an_identity,
)  # fmt: skip

SUCCESSOR = an_id(99)
PUBLIC = RECORD_KEY.public_key().public_bytes_raw().hex()


def products(count: int, name: str = "Product") -> list[Fact]:
    return [
        change(Product(product_id=an_id(10_000 + number), version=(1, 1), sku=f"SKU-{number}",
                       name=f"{name} {number}", category="Dairy", price=199,
                       barcodes=[Barcode(code=f"{number:014d}")]))
        for number in range(count)
    ]  # fmt: skip


@dataclass
class Box:
    database: Database
    snapshots: Snapshots
    folder: Path
    free: list[int]

    async def name_of(self, number: int) -> str | None:
        found = await self.database.read(catalogue.find_product, an_id(10_000 + number))
        return found and found.name


@asynccontextmanager
async def a_box(tmp_path: Path, hub: SnapshotHub) -> AsyncIterator[Box]:
    database = Database.open(tmp_path / "store.db")
    await database.write(identity.create, an_identity())
    free = [90]
    disk = Disk(tmp_path, tmp_path / "ballast", 0, measure=lambda _: Space(free[0], 100))
    verify = verifier(HUB_KEY.public_key().public_bytes_raw())
    try:
        async with TestServer(hub.application()) as server:
            url = str(server.make_url("")).rstrip("/")
            async with HubHttp(url, site_id=SITE, device_id=DEVICE, sign=RECORD_KEY.sign) as http:
                snapshots = Snapshots(database, http, tmp_path / "snapshot", SITE, verify, disk)
                yield Box(database, snapshots, tmp_path / "snapshot", free)
                disk.look()
    finally:
        await database.close()


def put_aside(connection: sqlite3.Connection) -> list[str]:
    """What a swap leaves for `clearing`: tables, indexes, rows."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'retired%' OR tbl_name LIKE 'staging%'")
    left = [name for (name,) in names if name not in ("staging_products", "staging_barcodes")]
    rows = connection.execute("SELECT code FROM staging_barcodes UNION SELECT product_id FROM staging_products")
    return left + [row for (row,) in rows]


async def test_a_snapshot_replaces_the_catalogue_and_sets_the_cursor(tmp_path: Path) -> None:
    hub = SnapshotHub([*products(3_000), change(Policy(version=(1, 1), reorder_point=5_000))])
    async with a_box(tmp_path, hub) as box:
        cursor = await box.snapshots.fetch(FEED, NOW_MS)

        assert cursor == hub.feed
        assert await box.name_of(2_999) == "Product 2999"
        who = await box.database.read(identity.get)
        assert (who.feed_origin, who.feed_cursor) == (FEED, 7)
        assert (await box.database.read(catalogue.get_policy)).reorder_point == 5_000
        assert not list(box.folder.glob("*"))

        hub.records = products(10, "Renamed")
        await box.snapshots.fetch(FEED, NOW_MS)

        assert await box.name_of(9) == "Renamed 9"
        assert await box.name_of(10) is None
        assert await box.database.read(put_aside) == []


async def test_fifty_thousand_products_take_a_second_or_two(tmp_path: Path) -> None:
    hub = SnapshotHub(products(50_000))
    async with a_box(tmp_path, hub) as box:
        started = time.monotonic()
        await box.snapshots.fetch(FEED, NOW_MS)
        took = time.monotonic() - started
        size = sum(ref.bytes for ref in hub.manifest().chunks)

        print(f"50,000 products in {took:.2f} s, {size / 1e6:.2f} MB")
        assert await box.name_of(49_999) == "Product 49999"


async def test_an_interrupted_download_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    hub = SnapshotHub(products(30_000))
    hub.fail_after = 2
    async with a_box(tmp_path, hub) as box:
        with pytest.raises(Unavailable):
            await box.snapshots.fetch(FEED, NOW_MS)
        assert await box.name_of(1) is None

        hub.fail_after = None
        await box.snapshots.fetch(FEED, NOW_MS)

    assert len(hub.asked) == len(set(hub.asked)) == len(hub.manifest().chunks) > 2


async def test_a_damaged_chunk_changes_nothing(tmp_path: Path) -> None:
    hub = SnapshotHub(products(100))
    async with a_box(tmp_path, hub) as box:
        await box.snapshots.fetch(FEED, NOW_MS)
        hub.records, hub.damaged = products(100, "Renamed"), True

        with pytest.raises(Unavailable):
            await box.snapshots.fetch(FEED, NOW_MS)

        assert await box.name_of(5) == "Product 5"


async def test_a_manifest_that_the_hub_did_not_sign_is_not_believed(tmp_path: Path) -> None:
    hub = SnapshotHub(products(10))
    hub.is_forged = True
    async with a_box(tmp_path, hub) as box:
        with pytest.raises(ProtocolError):
            await box.snapshots.fetch(FEED, NOW_MS)

        assert hub.asked == []


async def test_a_snapshot_of_another_feed_is_not_taken(tmp_path: Path) -> None:
    hub = SnapshotHub(products(10))
    async with a_box(tmp_path, hub) as box:
        with pytest.raises(Unavailable):
            await box.snapshots.fetch(an_id(78), NOW_MS)

        assert await box.name_of(1) is None


async def test_a_tight_disk_waits_with_snapshots(tmp_path: Path) -> None:
    hub = SnapshotHub(products(10))
    async with a_box(tmp_path, hub) as box:
        box.free[0] = 5
        box.snapshots._disk.look()

        with pytest.raises(Unavailable, match="room"):
            await box.snapshots.fetch(FEED, NOW_MS)


# --- successors -----------------------------------------------------------------------------


def a_bootstrap(position: int) -> SnapshotHub:
    hub = SnapshotHub([
        *products(20),
        bootstrap.level(PRODUCT, "shelf", 42_000),
        bootstrap.level(PRODUCT, "supplier", -42_000),
        bootstrap.used_key("till-1/17", b"k" * 32),
        *bootstrap.former(ORIGIN, 1, b'["x",{}]', b"c" * 32),
    ])  # fmt: skip
    hub.kind, hub.uplink = "successor", Uplink(origin_id=ORIGIN, position=position)
    return hub


def a_successor(position: int, **changes: object) -> str:
    before = {"origin_id": ORIGIN, "position": position, "hash": "00" * 32}
    return a_certificate(SUCCESSOR, predecessor=before, **changes)


async def test_a_confirmed_box_goes_on_as_a_successor_with_what_the_hub_knows(tmp_path: Path) -> None:
    async with a_box(tmp_path, a_bootstrap(5)) as box:
        await box.database.write(ledger.append, [a_sale() for _ in range(3)])

        await recovery.become(box.database, box.snapshots, a_successor(5), 4, PUBLIC, box.snapshots._verify, NOW_MS)

        who = await box.database.read(identity.get)
        assert (who.origin_id, who.acked, who.first_retained) == (SUCCESSOR, 0, 1)
        assert (await box.database.read(ledger.head))[0] == 0
        assert await box.database.read(levels.at, PRODUCT, "shelf") == 42_000
        assert await box.database.read(keys.find, "till-1/17") is not None
        assert len(await box.database.read(origins.former, ORIGIN)) == 5, "its own 4 and the hub's other one"
        assert await box.name_of(19) == "Product 19"
        appended = await box.database.write(ledger.append, [a_sale()])
        assert appended.last == 2
        assert await box.database.read(retention.verify) == []


async def test_what_the_hub_has_of_a_box_that_was_put_back_is_kept_and_not_adopted_again(tmp_path: Path) -> None:
    lost = encode(Movement(1, 1000, "shelf", "customer", "sale", NOW_MS, 0))
    hub = a_bootstrap(5)
    for sequence in (3, 4, 5):
        hub.records += bootstrap.former(ORIGIN, sequence, lost, bytes([sequence]) * 32)
    async with a_box(tmp_path, hub) as box:
        written = await box.database.write(ledger.append, [a_sale()])
        assert written.last == 2

        await recovery.become(box.database, box.snapshots, a_successor(5), 2, PUBLIC, box.snapshots._verify, NOW_MS)

        assert await box.database.read(levels.at, PRODUCT, "shelf") == 42_000
        assert (await box.database.read(ledger.head))[0] == 0
        assert [row[0] for row in await box.database.read(origins.former, ORIGIN, 2)] == [3, 4, 5]


@pytest.mark.parametrize(
    "changes",
    [{"device_id": an_id(50)}, {"site_id": an_id(51)}, {"public_key": "00" * 32}],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_certificate_of_somebody_else_opens_nothing(tmp_path: Path, changes: dict[str, str]) -> None:
    async with a_box(tmp_path, a_bootstrap(5)) as box:
        with pytest.raises(BadCertificate):
            await recovery.become(
                box.database, box.snapshots, a_successor(5, **changes), 4, PUBLIC, box.snapshots._verify, NOW_MS
            )

        assert (await box.database.read(identity.get)).origin_id == ORIGIN


async def test_a_bootstrap_at_another_position_is_not_taken(tmp_path: Path) -> None:
    async with a_box(tmp_path, a_bootstrap(4)) as box:
        with pytest.raises(Unavailable):
            await recovery.become(box.database, box.snapshots, a_successor(5), 4, PUBLIC, box.snapshots._verify, NOW_MS)

        assert (await box.database.read(identity.get)).origin_id == ORIGIN


async def test_what_was_sold_after_the_hub_was_told_is_in_the_successor(tmp_path: Path) -> None:
    async with a_box(tmp_path, a_bootstrap(2)) as box:
        await box.database.write(ledger.append, [a_sale(), a_sale(), a_sale()])

        await recovery.become(box.database, box.snapshots, a_successor(2), 2, PUBLIC, box.snapshots._verify, NOW_MS)

        assert await box.database.read(levels.at, PRODUCT, "shelf") == 42_000 - 2_000
        assert await box.database.read(retention.verify) == []
