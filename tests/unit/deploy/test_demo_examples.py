"""`edge_agent/examples.http` is written for the demo's first store: only the key is to be filled in."""

from cloud_hub.services.sample_data import make_shop
from deploy.local.demo.chain import PORT, STORE_PORTS
from deploy.local.demo.shop_floor import HANDS, LOTS
from tests.house.tree import ROOT
from tests.http_file import parse


def test_the_boxes_examples_are_of_the_demos_first_store_and_somebody_who_works_there() -> None:
    variables, _ = parse(ROOT / "edge_agent" / "examples.http")

    assert variables["host"] == f"http://127.0.0.1:{PORT + STORE_PORTS}"
    assert (variables["user"], variables["pin"]) in {(hand.username, hand.pin) for hand in HANDS}


def test_the_boxes_examples_sell_what_the_demo_has_and_no_day_ends() -> None:
    variables, _ = parse(ROOT / "edge_agent" / "examples.http")
    best = sorted(make_shop(seed=1), key=lambda item: -item.daily)

    assert variables["code"] in {item.gtin for item in best[LOTS:]}
