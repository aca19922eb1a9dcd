"""What the demo shows to who has only its board: the ways in, codes to scan, nothing cut off, and what to do."""

from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from cloud_hub.services.sample_data import make_shop
from deploy.local.calls import Answer
from deploy.local.demo import commands, status
from deploy.local.demo.access import access
from deploy.local.demo.chain import Chain
from deploy.local.demo.goods import Goods
from deploy.local.demo.shop_floor import HANDS, codes
from deploy.local.demo.status import Status, StoreStatus, look
from deploy.local.demo.view import picture

SHOP = [
    Goods(item.sku, item.sku, item.name, item.gtin, item.case_gtin, item.case_size, item.opening, item.daily)
    for item in make_shop(seed=1)
]
NEWEST = "12 more than PO-000001 lacked came of Oat drink"


def a_chain() -> Chain:
    """As much of a chain as the board reads."""
    folder = Path("/opt/somebody/backstock/.demo")
    stack = SimpleNamespace(
        api="http://127.0.0.1:8470", admin_password="x" * 22, mailbox=folder / "mailbox", folder=folder,
        broker=SimpleNamespace(kind="embedded"),
        get=lambda path, **_: Answer(200, {"items": [{"detail": NEWEST}] if "exceptions" in path else []}, {}),
    )  # fmt: skip
    stores = {name: SimpleNamespace(api_port=8481 + number) for number, name in enumerate(("north", "south"))}
    return cast(
        "Chain",
        SimpleNamespace(goods=SHOP, stores=stores, stack=stack, is_up=lambda _: True, is_trading=True),
    )


def a_store(name: str, box: dict[str, Any]) -> StoreStatus:
    sync = {"head": 1_234_567, "acked": 1_233_567, "pending": 1_000, "state": "streaming"}
    return StoreStatus(
        name=name, is_cut=False, is_up=True, sync=sync, alerts=12,
        box={"mark": 1_233_567, "oldest_unsent_age_s": 3600, "link": "unheard", **box},
    )  # fmt: skip


def test_a_board_of_80_columns_names_every_way_in_and_cuts_nothing() -> None:
    stores = (
        a_store("north", {"is_live": True}),
        a_store("south", {"is_live": False, "last_seen": "2026-11-22T05:11:33"}),
    )
    now = Status(broker="mosquitto", down=(), hub_trouble="", is_trading=False, stores=stores)
    console = Console(width=80, height=24, record=True, file=StringIO())
    console.print(picture(now, "north", access(a_chain()), ["older", "newer"]))
    board = console.export_text()

    for told in ("streaming", "1,234,567", "1,233,567", "3600 s behind", "q  quit", *(hand.pin for hand in HANDS)):
        assert told in board
    assert "…" not in board.replace("…/labels.pdf", "")
    assert board.index("newer") < board.index("older"), "a low screen cuts off what is old"


def test_the_ways_in_name_a_code_of_each_kind_and_can_be_asked_for_again() -> None:
    told = commands.run(a_chain(), "where")

    assert [each.about for each in codes(SHOP)] == [
        "on the shelf", "some end tomorrow", "sold out", "a delivery brings it",
    ]  # fmt: skip
    assert all(each.code in told and each.name in told for each in codes(SHOP))
    assert len({each.code for each in codes(SHOP)}) == 4


@pytest.mark.parametrize("many", [1, 2])
def test_a_shop_of_hardly_any_goods_still_has_codes_to_scan(many: int) -> None:
    assert {each.code for each in codes(SHOP[:many])} >= {SHOP[0].gtin}


def test_the_hubs_trouble_is_told_in_words_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [
        {"name": "disk", "ok": True, "detail": "plenty", "remedy": ""},
        {"name": "boxes", "ok": False, "detail": "1 of 2 boxes report an error", "remedy": "look at the fleet"},
        {"name": "exceptions", "ok": False, "detail": "1 open: over_receipt", "remedy": "read the list"},
    ]
    monkeypatch.setattr(status, "call", lambda *_, **__: Answer(200, {"checks": checks}, {}))
    chain = a_chain()
    chain.stores.clear()

    assert look(chain).hub_trouble == (
        "boxes: 1 of 2 boxes report an error (look at the fleet); "
        f"exceptions: {NEWEST}; 1 open: over_receipt (read the list)"
    )
