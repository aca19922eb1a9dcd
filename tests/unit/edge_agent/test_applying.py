"""What comes down the feed, and what the store edited meanwhile."""

from typing import Any

import pytest

from edge_agent.errors import Conflict, NotFound
from edge_agent.services import proposing, uplink
from edge_agent.services.applying import apply_change, reapply_local_edits, retry_unknown, staged_product
from edge_agent.services.proposing import NewProduct
from edge_agent.services.snapshot import swap
from edge_agent.storage import alerts, catalogue, commands, purchase_orders, staging
from sync_protocol import changes
from sync_protocol.effects import SaveMark
from sync_protocol.messages import FeedCursor
from sync_protocol.records import Fact, Movement, Unknown, decode, encode
from sync_protocol.snapshot import Manifest
from tests.unit.edge_agent.a_store import NOW, SITE, a_product, a_store, assert_sound, facts_in, move, on_shelf

MILK = a_product(1, name="Milk")


def a_change(version: tuple[int, int] = (1, 2), **fields: Any) -> changes.Product:
    return changes.Product(**{
        "product_id": MILK.product_id, "version": version, "sku": MILK.sku, "name": "Milk, fresh", "price": 249,
        "barcodes": [{"code": "00000000000017", "pack_quantity": 1000}], **fields,
    })  # fmt: skip


def test_a_product_comes_with_its_codes_price_and_thresholds() -> None:
    connection = a_store()
    apply_change(connection, changes.change(a_change(reorder_point=3000, metadata={"shelf": "B"})), NOW)

    found = catalogue.find_by_code(connection, "00000000000017")

    assert found is not None
    assert (found.product.name, found.product.price, found.product.reorder_point) == ("Milk, fresh", 249, 3000)
    assert found.product.metadata == '{"shelf":"B"}'


@pytest.mark.parametrize(
    ("version", "name"), [((1, 0), "Milk"), ((0, 9), "Milk"), ((1, 2), "Milk, fresh"), ((2, 0), "Milk, fresh")]
)
def test_an_older_version_never_overwrites_a_newer_one(version: tuple[int, int], name: str) -> None:
    connection = a_store(MILK)
    apply_change(connection, changes.change(a_change(version)), NOW)
    found = catalogue.find_product(connection, MILK.product_id)
    assert found is not None
    assert found.name == name


def test_a_tombstone_archives_and_a_newer_row_brings_it_back() -> None:
    connection = a_store(MILK)
    gone = changes.ProductGone(product_id=MILK.product_id, version=(1, 3))
    apply_change(connection, changes.change(gone), NOW)
    apply_change(connection, changes.change(a_change((1, 2))), NOW)
    assert catalogue.list_products(connection) == []
    apply_change(connection, changes.change(a_change((1, 4))), NOW)
    assert len(catalogue.list_products(connection)) == 1


def test_a_new_threshold_is_looked_at_at_once() -> None:
    connection = a_store(MILK)
    move(connection, MILK, 4000)
    apply_change(connection, changes.change(a_change(reorder_point=5000)), NOW)
    assert [alert.rule for alert in alerts.list_alerts(connection, is_open=True)] == ["low_stock"]


def test_a_command_in_the_feed_is_executed() -> None:
    connection = a_store(MILK)
    command = changes.Command(
        command_id="00000000-0000-4000-8000-c00000000001", kind="adjust", key="k",
        body={"product_id": MILK.product_id, "delta": 2000},
    )  # fmt: skip
    apply_change(connection, changes.change(command), NOW)
    assert on_shelf(connection, MILK) == 2000


def test_a_kind_of_a_later_version_is_kept_with_its_bytes_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = a_store(MILK)
    body = {"site_id": "00000000-0000-4000-8000-000000000009", "code": "X", "name": "Nine", "version": [1, 1]}
    record = Fact("site_v2", body)
    apply_change(connection, record, NOW)
    apply_change(connection, Unknown("tuple", b'["tuple",1,2]'), NOW)
    assert [encoded for _, encoded in commands.unknown(connection)] == [encode(record), b'["tuple",1,2]']
    assert retry_unknown(connection, NOW) == 0

    monkeypatch.setitem(changes.CHANGES, "site_v2", changes.Site)

    assert retry_unknown(connection, NOW) == 1
    assert [site.name for site in catalogue.list_sites(connection)] == ["Nine"]
    assert len(commands.unknown(connection)) == 1


@pytest.mark.parametrize("record", [
    Fact("product", {"product_id": 5}), Fact("command", {}), Movement(1, 1000, "shelf", "customer", "sale", 1),
])  # fmt: skip
def test_a_malformed_change_is_set_aside_and_the_feed_goes_on(record: Any) -> None:
    connection = a_store(MILK)
    apply_change(connection, record, NOW)
    apply_change(connection, changes.change(a_change()), NOW)
    assert len(commands.unknown(connection)) == 1
    assert catalogue.version_of(connection, MILK.product_id) == (1, 2)


@pytest.mark.parametrize("field", [
    {"version": (2**63, 1)}, {"barcodes": [{"code": "1", "pack_quantity": 2**63}]}, {"reorder_point": 2**63},
])  # fmt: skip
def test_a_change_that_does_not_fit_is_set_aside_whole_and_the_feed_goes_on(field: dict[str, Any]) -> None:
    connection = a_store(MILK)
    kind, body = changes.change(a_change(name="Too much"))
    apply_change(connection, Fact(kind, {**body, **field}), NOW)
    apply_change(connection, changes.change(a_change()), NOW)

    assert len(commands.unknown(connection)) == 1
    found = catalogue.find_product(connection, MILK.product_id)
    assert found is not None
    assert (found.name, found.version) == (a_change().name, (1, 2))
    assert [task["rule"] for task in facts_in(connection, "task")] == ["malformed_change"]


def test_a_linked_code_works_at_once_and_survives_what_comes_down_before_the_hub_has_it() -> None:
    connection = a_store(MILK)
    proposing.link_barcode(connection, "4711", MILK.product_id, 6000, "ann", NOW)

    apply_change(connection, changes.change(a_change()), NOW)

    found = catalogue.find_by_code(connection, "4711")
    assert found is not None
    assert (found.product.name, found.pack_quantity) == ("Milk, fresh", 6000)
    [fact] = facts_in(connection, "proposal")
    assert (fact["entity"], fact["entity_id"], fact["actor"]) == ("barcode", "4711", "ann")


@pytest.mark.parametrize("is_told_first", [False, True])
def test_what_the_hub_has_merged_is_the_hubs_word_whichever_is_heard_first(is_told_first: bool) -> None:
    connection = a_store(MILK)
    position = proposing.link_barcode(connection, "4711", MILK.product_id, 6000, "ann", NOW).position
    if is_told_first:
        apply_change(connection, changes.change(a_change()), NOW)
        assert catalogue.find_by_code(connection, "4711") is not None
    uplink.save_mark(connection, SaveMark(position, 0), NOW)
    if not is_told_first:
        apply_change(connection, changes.change(a_change()), NOW)
    assert catalogue.find_by_code(connection, "4711") is None


def test_a_tombstone_that_came_meanwhile_holds_as_well() -> None:
    connection = a_store(MILK)
    position = proposing.link_barcode(connection, "4711", MILK.product_id, 6000, "ann", NOW).position
    apply_change(connection, changes.change(a_change((1, 3))), NOW)
    apply_change(connection, changes.change(changes.ProductGone(product_id=MILK.product_id, version=(1, 3))), NOW)
    uplink.save_mark(connection, SaveMark(position, 0), NOW)
    assert catalogue.list_products(connection) == []


def test_a_store_edits_name_and_category_and_of_its_own_provisional_products_more() -> None:
    connection = a_store(MILK)
    new = proposing.create_provisional(connection, NewProduct(sku="NEW-1", name="New"), NOW).product

    proposing.edit_product(connection, MILK.product_id, {"name": "Whole milk"}, "ann", NOW)
    proposing.edit_product(connection, new.product_id, {"price": 120}, "ann", NOW)
    with pytest.raises(Conflict, match="price"):
        proposing.edit_product(connection, MILK.product_id, {"name": "x", "price": 120}, "ann", NOW)

    edits = [(fact["entity_id"], fact.get("base_version"), fact["fields"]) for fact in facts_in(connection, "proposal")]
    assert edits[1:] == [
        (MILK.product_id, [1, 1], {"name": "Whole milk"}), (new.product_id, [0, 0], {"price": 120}),
    ]  # fmt: skip
    found = catalogue.find_product(connection, MILK.product_id)
    assert found is not None
    assert found.name == "Whole milk"


def test_a_store_takes_back_what_it_made_itself_and_nothing_else() -> None:
    connection = a_store(MILK)
    new = proposing.create_provisional(connection, NewProduct(sku="NEW-1", name="New"), NOW).product
    proposing.withdraw_product(connection, new.product_id, "ann", NOW)
    for product in (new, MILK):
        with pytest.raises(Conflict):
            proposing.withdraw_product(connection, product.product_id, "ann", NOW)
    with pytest.raises(Conflict):
        proposing.edit_product(connection, new.product_id, {"name": "x"}, "ann", NOW)
    assert [product.product_id for _, product in catalogue.list_products(connection)] == [MILK.product_id]


def test_a_code_that_is_linked_to_another_product_says_from_which() -> None:
    other = a_product(2)
    connection = a_store(MILK, other)
    proposing.link_barcode(connection, "4711", MILK.product_id, 1000, "ann", NOW)
    proposing.link_barcode(connection, "4711", other.product_id, 1000, "ann", NOW)
    assert [fact["fields"].get("from_product_id") for fact in facts_in(connection, "proposal")] == [
        None, MILK.product_id,
    ]  # fmt: skip


def test_a_provisional_product_can_be_sold_at_once_and_is_proposed() -> None:
    connection = a_store(MILK)
    new = NewProduct(sku="NEW-1", name="Found on the shelf", price=100, codes=(("4712", 1000),), actor="ann")

    made = proposing.create_provisional(connection, new, NOW).product

    found = catalogue.find_by_code(connection, "4712")
    assert found is not None
    assert found.product == made
    assert made.lifecycle == "provisional"
    [fact] = facts_in(connection, "proposal")
    assert fact["fields"]["barcodes"] == [{"code": "4712", "pack_quantity": 1000}]
    for twice in (new, NewProduct(sku="NEW-2", name="x", codes=(("4712", 1000),))):
        with pytest.raises(Conflict):
            proposing.create_provisional(connection, twice, NOW)
    with pytest.raises(NotFound):
        proposing.link_barcode(connection, "4711", "nonsense", 1000, None, NOW)


def test_a_snapshot_keeps_the_edits_above_the_position_it_has_merged() -> None:
    connection = a_store(MILK)
    merged = proposing.link_barcode(connection, "4711", MILK.product_id, 1000, None, NOW).position
    proposing.link_barcode(connection, "4712", MILK.product_id, 1000, None, NOW)
    new = proposing.create_provisional(connection, NewProduct(sku="NEW-1", name="New"), NOW).product
    staging.begin_staging(connection)
    staging.stage_products(connection, [staged_product(a_change((1, 9)))])
    assert staging.sealing(connection) == []

    staging.swap(connection)
    reapply_local_edits(connection, merged)

    assert catalogue.find_by_code(connection, "4711") is None
    assert catalogue.find_by_code(connection, "4712") is not None
    assert catalogue.find_product(connection, new.product_id) is not None
    assert_sound(connection)


def test_two_proposals_never_have_the_same_stamp() -> None:
    connection = a_store(MILK)
    for number in range(3):
        proposing.link_barcode(connection, f"c{number}", MILK.product_id, 1000, None, NOW)
    stamps = [tuple(fact["hlc"]) for fact in facts_in(connection, "proposal")]
    assert stamps == sorted(set(stamps))
    assert decode(b'["x",{}]') == Fact("x", {})


def an_order(version: tuple[int, int], state: str = "sent", received: int = 0) -> Fact:
    line = (MILK.product_id, 5000, received)
    return changes.change(
        changes.Order(order_id=ORDER, version=version, number="PO-000001", state=state, vendor="Dairy", lines=[line])
    )


ORDER = "01a1fcc5-f651-7101-8512-e520c8fc5825"


def test_an_order_is_expected_from_when_it_was_sent_until_it_is_received_or_given_up() -> None:
    connection = a_store(MILK)
    apply_change(connection, an_order((1, 3), "partly_received", 2000), NOW)
    apply_change(connection, an_order((1, 2)), NOW)
    (found,) = purchase_orders.list_open(connection)
    assert (found.number, found.state, found.wanted) == (
        "PO-000001", "partly_received", [(MILK.product_id, 5000, 2000)],
    )  # fmt: skip
    for state in ("received", "closed", "cancelled"):
        apply_change(connection, an_order((1, 4), state), NOW)
        assert purchase_orders.list_open(connection) == []


def test_an_order_with_many_lines_comes_in_several_records_of_one_version() -> None:
    connection = a_store(MILK)
    other = MILK.product_id[:-1] + "9"

    def part(version: int, *lines: tuple[str, int, int]) -> Fact:
        body = changes.Order(order_id=ORDER, version=(1, version), number="PO-000001", state="sent", lines=list(lines))
        return changes.change(body)

    first, second = part(2, (MILK.product_id, 5000, 0)), part(2, (other, 1000, 0))
    for record in (first, second, first):
        apply_change(connection, record, NOW)
    (found,) = purchase_orders.list_open(connection)
    assert found.wanted == [(MILK.product_id, 5000, 0), (other, 1000, 0)]
    apply_change(connection, part(3, (other, 1000, 500)), NOW)
    assert purchase_orders.list_open(connection)[0].wanted == [(other, 1000, 500)]


def test_a_snapshot_names_all_orders_that_are_open() -> None:
    connection = a_store(MILK)
    apply_change(connection, an_order((1, 3)), NOW)
    staging.begin_staging(connection)
    for step in staging.sealing(connection):
        step(connection)
    feed = FeedCursor(origin_id=ORDER, position=7, hash="ab" * 32)
    later = changes.Order(order_id=MILK.product_id, version=(1, 1), number="PO-000002", state="sent")
    swap(connection, Manifest(site_id=SITE, kind="catalogue", feed=feed, chunks=[], products=0),
         [changes.change(later)], NOW)  # fmt: skip
    assert [order.number for order in purchase_orders.list_open(connection)] == ["PO-000002"]
