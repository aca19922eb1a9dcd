"""`edge_agent/examples.http` is written for the demo's first store: only the key is to be filled in."""

from cloud_hub.services.sample_data import make_shop
from deploy.local.demo.chain import PORT, PRINTER, STORE_PORTS
from deploy.local.demo.shop_floor import HANDS, LOTS, ORDERED
from tests.house.tree import ROOT
from tests.http_file import parse


def test_the_boxes_examples_are_of_the_demos_first_store_and_somebody_who_works_there() -> None:
    variables, _ = parse(ROOT / "edge_agent" / "examples.http")

    assert variables["host"] == f"http://127.0.0.1:{PORT + STORE_PORTS}"
    assert (variables["user"], variables["pin"]) in {(hand.username, hand.pin) for hand in HANDS}


def test_the_boxes_examples_sell_what_the_demo_has_no_day_ends_and_the_first_order_brings() -> None:
    variables, _ = parse(ROOT / "edge_agent" / "examples.http")
    shop = make_shop(seed=1)
    best = sorted(shop, key=lambda item: -item.daily)

    assert variables["code"] in {item.gtin for item in best[: -1 - LOTS]} & {item.gtin for item in shop[:ORDERED]}
    assert (variables["order"], variables["printer"]) == ("PO-000001", PRINTER)
