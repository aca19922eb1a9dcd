"""Before anything happens: head office has a catalogue, and stores with enrolled boxes are opened."""

from typing import TYPE_CHECKING

from edge_agent.services.applying import staged_product
from edge_agent.storage import catalogue as products
from edge_agent.storage import identity
from edge_agent.storage.database import transact
from sync_protocol import changes
from tests.simulation.box import Box
from tests.simulation.disk import Disk
from tests.simulation.network import Weather
from tests.simulation.store import Store
from tests.simulation.tables import Transaction

if TYPE_CHECKING:
    from sqlite3 import Connection

    from tests.simulation.world import World


def stock_the_catalogue(world: "World") -> None:
    """Head office has its products, and each is a change of the feeds."""

    def body(txn: Transaction) -> None:
        for number, product_id in enumerate(world.product_ids):
            row = changes.Product(
                product_id=product_id, version=world.hub.next_version(txn), sku=f"P{number}",
                name=f"Product {number}",
                price=100 + number, barcodes=[changes.Barcode(code=world.gtin(number))], reorder_point=2_000,
                critical_level=1_000,
            )  # fmt: skip
            txn.put("products", product_id, row)
            world.hub.add_change(txn, None, changes.change(row))

    world.hub.do(body)


def load_the_catalogue(world: "World") -> bytes:
    """The image that the workshop copies to disks."""
    disk = Disk()

    def load(connection: "Connection") -> None:
        for product_id in world.product_ids:
            product, codes = staged_product(world.hub.tables.get("products", product_id))
            products.save_product(connection, product)
            products.replace_codes(connection, product_id, codes)

    transact(disk.connection, load)
    image = disk.image()
    disk.scrap()
    return image


def open_store(world: "World", catalogue: bytes, number: int, movements: int) -> Store:
    """A site with its first origin, and a box that is enrolled."""
    chance = world.timeline.random
    site_id, device_id = world.timeline.identifier(), world.timeline.identifier()
    store = Store(
        world, number, site_id, device_id, world.key_of(device_id), Weather(),
        batch_records=chance.choice((4, 10, 30, 1_000, 1_000)), linger_ms=chance.choice((0, 300, 2_000, 5_000)),
        left=movements,
    )  # fmt: skip
    certificate = world.hub.enrol(store)
    # Most boxes come from the workshop with a catalogue; the others begin with a snapshot.
    has_catalogue = chance.randrange(4) > 0
    disk = Disk(catalogue if has_catalogue else None)
    store.boxes.append(Box(world, store, f"box {number}", device_id, disk, store.weather))
    who = identity.Identity(
        site_id=site_id, site_name=f"Store {number}", device_id=device_id,
        origin_id=world.hub.tables.get("sites", site_id), certificate=certificate,
    )  # fmt: skip
    store.box.write(identity.create, who)
    if has_catalogue:
        feed = world.hub.extend_feed(site_id)
        store.box.write(identity.save_feed, feed.origin_id, feed.head, feed.chain_hash)
    return store
