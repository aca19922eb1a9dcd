"""`doctor` on scanners: who else wants the port, names that lead astray, sleep, permission; on a made-up machine."""

import os
from pathlib import Path

import pytest

from edge_agent.config import ScannerConfig
from edge_agent.scanner_checks import checks
from edge_agent.services.health import Check
from tests.unit.scanner_drivers.test_discovery import Tree

BY_ID = "serial/by-id/usb-1a86-if00"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def found(tree: Tree, url: str = f"serial:///dev/{BY_ID}") -> dict[str, Check]:
    return {check.name: check for check in checks([ScannerConfig(url=url, device="till")], tree.root)}


def an_adapter(tree: Tree, usb_id: str = "1a86:7523") -> None:
    tree.tty("ttyUSB0", tree.usb("1-1", usb_id, "USB Serial"), BY_ID)


def runs(tree: Tree, name: str) -> None:
    folder = tree.root / "proc/77"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "comm").write_text(name + "\n")


def test_modem_manager_is_told_unless_udev_says_that_it_leaves_the_port_alone(tree: Tree) -> None:
    an_adapter(tree)
    assert "ModemManager" not in found(tree)

    runs(tree, "ModemManager")
    told = found(tree)["ModemManager"]
    assert (told.result, "/dev/ttyUSB0" in told.detail, "70-backstock-scanners.rules" in told.remedy) == (
        "warn", True, True,
    )  # fmt: skip

    number = (tree.root / "dev/ttyUSB0").stat().st_rdev
    notes = tree.root / f"run/udev/data/c{os.major(number)}:{os.minor(number)}"
    notes.parent.mkdir(parents=True)
    notes.write_text("I:1\nE:ID_MM_DEVICE_IGNORE=1\n")
    assert "ModemManager" not in found(tree)


def test_brltty_is_told_for_the_adapters_that_it_takes_unless_its_rules_are_masked(tree: Tree) -> None:
    an_adapter(tree)
    rules = tree.root / "usr/lib/udev/rules.d/85-brltty.rules"
    rules.parent.mkdir(parents=True)
    rules.write_text("")
    assert "braille" in found(tree)["brltty"].detail

    mask = tree.root / "etc/udev/rules.d/85-brltty.rules"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    assert "brltty" not in found(tree)
    runs(tree, "brltty")
    assert "brltty" in found(tree)


def test_brltty_is_no_trouble_for_other_scanners(tree: Tree) -> None:
    an_adapter(tree, "0c2e:0b61")
    runs(tree, "brltty")
    assert "brltty" not in found(tree)


def test_twins_and_sleepers_are_told_when_they_are_the_configured_ones(tree: Tree) -> None:
    tree.tty("ttyUSB0", tree.usb("1-1", "0c2e:0b61", "Xenon", power="auto"), BY_ID)
    tree.tty("ttyUSB1", tree.usb("1-2", "0c2e:0b61", "Xenon"))
    told = [check.detail for check in checks([ScannerConfig(url=f"serial:///dev/{BY_ID}", device="t")], tree.root)]
    assert any("by-path" in detail for detail in told)
    assert any("power/control" in detail for detail in told)
    assert not any("ttyUSB1" in detail for detail in told)


def test_a_scanner_that_is_not_there_or_may_not_be_read_has_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hidraw0"
    [gone] = checks([ScannerConfig(url=f"hidpos://{path}", device="till")], tmp_path)
    assert (gone.result, "scanners list" in gone.remedy) == ("warn", True)

    path.write_text("")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    [denied] = checks([ScannerConfig(url=f"hidpos://{path}", device="till")], tmp_path)
    assert (denied.result, "usermod -aG scanner" in denied.remedy) == ("fail", True)


def test_a_box_without_scanners_is_asked_nothing(tree: Tree) -> None:
    runs(tree, "ModemManager")
    assert checks([], tree.root) == []
