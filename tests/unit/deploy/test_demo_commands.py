"""What the demo says to a line that it cannot obey, before anything is asked of the chain."""

from types import SimpleNamespace
from typing import cast

import pytest

from deploy.local.calls import Answer
from deploy.local.demo import commands
from deploy.local.demo.chain import Chain
from deploy.local.demo.status import Status, StoreStatus, render_plain


def a_chain(*, is_up: bool = True) -> Chain:
    """As much of a chain as a scan reads before it beeps."""
    heard: list[str] = []
    milk = SimpleNamespace(sku="MILK", name="Whole milk")
    known = Answer(200, {"product": {"name": "Whole milk"}}, {})
    south = SimpleNamespace(
        name="south", get=lambda path: known if path.endswith("/4006381333931") else Answer(404, {}, {})
    )
    scanner = SimpleNamespace(scan=heard.append)
    return cast(
        "Chain",
        SimpleNamespace(
            store=lambda _: south, is_up=lambda _: is_up, goods=[milk],
            trades={"south": SimpleNamespace(till=scanner, dock=scanner)}, stores={"south": None}, heard=heard,
        ),
    )  # fmt: skip


def test_an_unknown_command_is_refused_with_the_list_of_commands() -> None:
    with pytest.raises(commands.Refused) as refused:
        commands.parse("explode south")

    assert "no such command: explode" in str(refused.value)
    assert all(word in str(refused.value) for word in commands.COMMANDS)


@pytest.mark.parametrize("line", ["cut", "cut south north", "price MILK", "scan", "scan south 1 sell more", "status x"])
def test_too_few_or_too_many_words_are_refused_with_what_is_expected(line: str) -> None:
    with pytest.raises(commands.Refused, match=f"expected {line.split()[0]}"):
        commands.parse(line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("scan south 4006381333932", "expected check digit 1, got 2"),
        ("scan south " + "x" * 200, "no scanner sends that"),
        ("scan south 4006381333931 steal", r"sell\|receive"),
        ("scan south receive", r"sell\|receive"),
        ("trade maybe", "trade on or trade off"),
        ("price MILK cheap", "a price like"),
        ("price WINE 2.49", "a product's number like MILK"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_and_nothing_beeps(line: str, why: str) -> None:
    chain = a_chain()

    with pytest.raises(commands.Refused, match=why):
        commands.run(chain, line)
    assert chain.heard == []  # type: ignore[attr-defined]


def test_a_beep_names_the_product_or_says_that_none_has_the_code() -> None:
    assert commands.run(a_chain(), "scan south 4006381333931") == "south: beep Whole milk (sell)"
    assert "no product here has" in commands.run(a_chain(), "scan south 5901234123457")


def test_a_scan_in_a_store_whose_agent_is_down_is_refused_with_the_remedy() -> None:
    with pytest.raises(commands.Refused, match="`do start south`"):
        commands.run(a_chain(is_up=False), "scan south")


def test_the_plain_picture_shows_what_is_dead_and_what_nobody_can_know() -> None:
    south = StoreStatus(name="south", is_cut=False, is_up=False, sync={}, box={}, alerts=0)
    told = render_plain(
        Status(broker="embedded", down=("postgres",), hub_trouble="database: away", is_trading=True, stores=(south,))
    )

    assert "agent down" in told
    assert "head       ?" in told
    assert "no word from head office" in told
    assert "postgres DOWN" in told
    assert "hub says: database: away" in told
