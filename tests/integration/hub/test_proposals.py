"""Edits of reference data made in stores: what the hub makes of them, and whom it tells."""

from typing import Any
from uuid import uuid4

from sync_protocol import facts
from tests.integration.hub.conftest import START_MS, Box, HubCore

CODE = "00000000000017"


def propose(
    box: Box, entity_id: str, fields: dict[str, Any], base: tuple[int, int] | None, at: int = 1,
    clock_ms: int = START_MS,
) -> None:  # fmt: skip
    box.write(
        facts.fact(
            facts.Proposal(
                occurred_at=clock_ms, clock_offset=0, proposal_id=str(uuid4()), entity="product", entity_id=entity_id,
                base_version=base, hlc=(at, 0), fields=fields,
            )
        )
    )  # fmt: skip


async def test_a_product_made_at_the_shelf_becomes_a_provisional_one_for_all(hub: HubCore) -> None:
    box, product = await hub.make_box(), str(uuid4())
    fields = {"sku": "S-1", "name": "Jam", "price": 299, "currency": "EUR", "lifecycle": "provisional",
              "barcodes": [{"code": "00000000000017", "pack_quantity": 1000}]}  # fmt: skip
    propose(box, product, fields, None)
    box.receive(product, 1000)

    await box.connect()

    row = "SELECT sku, name, price::text, lifecycle FROM products WHERE id = $1"
    assert await hub.rows(row, product) == [("S-1", "Jam", "2.99", "provisional")]
    assert await hub.rows("SELECT product_id::text FROM barcodes") == [(product,)]
    assert await hub.rows("SELECT kind, site_id FROM changes") == [("product", None)]
    assert "unknown_product" not in await hub.exceptions(box.site_id)


async def test_an_edit_that_did_not_know_of_another_loses_and_is_kept(hub: HubCore) -> None:
    register = {"version": [1, 7], "hlc": [10_000, 0], "node": "hub"}
    product = await hub.make_product(
        name="Head office's", price="1.00", version=7, registers={"name": register, "price": register}
    )
    box = await hub.make_box()
    propose(box, product, {"name": "Store's", "price": 500}, (1, 3), at=20_000)

    await box.connect()

    # The name goes to the last writer, the price to head office: either way the loser is kept.
    assert await hub.rows("SELECT name, price::text FROM products WHERE id = $1", product) == [("Store's", "1.00")]
    lost = "SELECT field, lost FROM conflicts WHERE entity_id = $1 ORDER BY field"
    assert await hub.rows(lost, product) == [("name", "Head office's"), ("price", "5.00")]


async def test_an_edit_by_a_clock_that_is_not_to_be_believed_loses(hub: HubCore) -> None:
    product = await hub.make_product(name="Head office's", version=7, registers={})
    box, other = await hub.make_box(), await hub.make_box()
    propose(box, product, {"name": "By a right clock"}, (0, 0), at=20_000)
    propose(other, product, {"name": "In 1970"}, (0, 0), at=90_000, clock_ms=5)

    await box.connect()
    await other.connect()

    assert await hub.value("SELECT name FROM products WHERE id = $1", product) == "By a right clock"
    assert await hub.value("SELECT lost FROM conflicts WHERE entity_id = $1 ORDER BY lost DESC", product) == "In 1970"


async def test_fields_that_do_not_fit_are_raised_and_the_others_merged(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    propose(box, product, {"name": 5, "category": "tea", "price": "free"}, (1, 1))

    await box.connect()

    assert await hub.value("SELECT category FROM products WHERE id = $1", product) == "tea"
    assert "bad_proposal" in await hub.exceptions(box.site_id)


def link(box: Box, code: str, product: str, *, before: str | None = None, base: tuple[int, int] = (1, 1)) -> None:
    fields: dict[str, Any] = {"product_id": product, "pack_quantity": 1000}
    if before is not None:
        fields["from_product_id"] = before
    box.write(
        facts.fact(
            facts.Proposal(
                occurred_at=START_MS, clock_offset=0, proposal_id=str(uuid4()), entity="barcode", entity_id=code,
                base_version=base, hlc=(1, 0), fields=fields,
            )
        )
    )  # fmt: skip


def written(version: int, node: str = "hub") -> dict[str, Any]:
    return {"version": [1, version], "hlc": [10_000, 0], "node": node}


async def lost(hub: HubCore) -> list[tuple[Any, ...]]:
    return await hub.rows("SELECT field, kept, lost, rule FROM conflicts ORDER BY field")


async def owner(hub: HubCore, code: str = CODE) -> Any:
    return await hub.value("SELECT product_id::text FROM barcodes WHERE code = $1", code)


async def told(hub: HubCore) -> list[str]:
    return [row[0] for row in await hub.rows("SELECT body->>'product_id' FROM changes ORDER BY position")]


async def test_a_store_knows_its_own_earlier_edits(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product(version=7, registers={"name": written(1)})
    propose(box, product, {"name": "First"}, (1, 7), at=20)
    propose(box, product, {"name": "Second"}, (1, 7), at=10)

    await box.connect()

    assert await hub.value("SELECT name FROM products WHERE id = $1", product) == "Second"
    assert await lost(hub) == []


async def test_archiving_loses_to_an_edit_that_did_not_know_of_it_and_can_be_restored(hub: HubCore) -> None:
    registers = {"name": written(1), "lifecycle": written(7)}
    edited = await hub.make_product(lifecycle="archived", version=7, registers=registers)
    linked = await hub.make_product(lifecycle="archived", version=7, registers=registers)
    box = await hub.make_box()
    propose(box, edited, {"name": "Still sold here"}, (1, 6))
    link(box, CODE, linked, base=(1, 6))

    await box.connect()

    rows = "SELECT lifecycle FROM products WHERE id = ANY($1::uuid[])"
    assert await hub.rows(rows, [edited, linked]) == [("active",), ("active",)]
    assert await lost(hub) == [("lifecycle", "active", "archived", "edit_over_deletion")] * 2
    assert await hub.rows("SELECT kind FROM changes") == [("product",)] * 2


async def test_an_edit_that_knew_of_the_archiving_and_a_sale_leave_the_product_archived(hub: HubCore) -> None:
    product = await hub.make_product(lifecycle="archived", version=7, registers={"lifecycle": written(7)})
    box = await hub.make_box()
    link(box, CODE, product, base=(1, 7))
    box.receive(product, 1000)

    await box.connect()

    assert await hub.value("SELECT lifecycle FROM products WHERE id = $1", product) == "archived"
    assert await owner(hub) == product
    assert await lost(hub) == []


async def test_a_store_that_takes_a_product_back_loses_to_whoever_edited_it_meanwhile(hub: HubCore) -> None:
    box = await hub.make_box()
    own = {"registers": {"name": written(3, box.site_id), "lifecycle": written(3, box.site_id)}}
    mine = await hub.make_product(lifecycle="provisional", version=3, **own)
    theirs = await hub.make_product(lifecycle="active", version=4, registers={**own["registers"], "price": written(4)})
    for product in (mine, theirs):
        propose(box, product, {"lifecycle": "archived"}, (1, 1))

    await box.connect()

    rows = "SELECT lifecycle FROM products WHERE id = $1"
    assert await hub.value(rows, mine) == "archived"
    assert await hub.value(rows, theirs) == "active"
    assert await lost(hub) == [("lifecycle", "active", "archived", "edit_over_deletion")]


async def test_both_sides_codes_are_kept(hub: HubCore) -> None:
    box, product = await hub.make_box(), await hub.make_product()
    await hub.execute(LINKED, "4711", product)
    link(box, CODE, product)

    await box.connect()

    assert await hub.rows("SELECT code FROM barcodes ORDER BY code") == [(CODE,), ("4711",)]
    assert await lost(hub) == []


async def test_a_code_that_was_given_to_two_products_stays_and_the_store_is_told_whose_it_is(hub: HubCore) -> None:
    box, theirs, mine = await hub.make_box(), await hub.make_product(), await hub.make_product()
    await hub.execute(LINKED, CODE, theirs)
    link(box, CODE, mine)

    await box.connect()

    assert await owner(hub) == theirs
    assert await lost(hub) == [
        ("product_id", {"product_id": theirs, "pack_quantity": 1000}, {"product_id": mine, "pack_quantity": 1000},
         "code_taken"),
    ]  # fmt: skip
    assert sorted(await told(hub)) == sorted([theirs, mine])


async def test_a_store_moves_a_code_that_it_knew_to_stand_for_another_product(hub: HubCore) -> None:
    box, wrong, right = await hub.make_box(), await hub.make_product(), await hub.make_product()
    link(box, CODE, wrong)
    link(box, CODE, right, before=wrong)

    await box.connect()

    assert await owner(hub) == right
    assert await lost(hub) == []
    assert sorted(await told(hub)) == sorted([wrong, right])


async def test_a_product_made_under_a_number_that_is_taken_is_kept_under_its_own(hub: HubCore) -> None:
    await hub.make_product(sku="S-1")
    box, product = await hub.make_box(), str(uuid4())
    propose(box, product, {"sku": "S-1", "name": "Jam"}, None)

    await box.connect()

    assert await hub.rows("SELECT sku, name FROM products WHERE id = $1", product) == [(f"store-{product}", "Jam")]
    assert await lost(hub) == [("sku", f"store-{product}", "S-1", "sku_taken")]


LINKED = "INSERT INTO barcodes (code, product_id, version_epoch, version, created_at) VALUES ($1, $2, 1, 1, 0)"
