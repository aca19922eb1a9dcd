"""What is plugged in, from a tree as sysfs and udev make it; and the udev rules that belong to it."""

import os
import re
from pathlib import Path

import pytest

from scanner_drivers import parse_scanner_url
from scanner_drivers.discovery import VENDORS, Machine, Plugged
from tests.house.tree import ROOT
from tests.unit.scanner_drivers.reports import ACCESS_IS, KEYBOARD

RULES = ROOT / "deploy/udev/70-backstock-scanners.rules"
KEYS_OF_A_KEYBOARD = "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"
KEYS_OF_A_BUTTON = "100000 0 0 0"


class Tree:
    """A machine with USB devices; each `plug` gives it one, with the nodes of one interface."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.machine = Machine(root)

    def usb(self, port: str, usb_id: str, product: str, serial: str = "", power: str = "on") -> Path:
        device = self.root / "sys/devices/usb1" / port
        (device / "power").mkdir(parents=True, exist_ok=True)
        vendor, product_id = usb_id.split(":")
        for name, text in {
            "idVendor": vendor, "idProduct": product_id, "product": product, "serial": serial, "power/control": power,
        }.items():  # fmt: skip
            (device / name).write_text(text + "\n")
        return device

    def tty(self, name: str, usb: Path, *links: str) -> None:
        (usb / "1.0" / name).mkdir(parents=True)
        self._node("tty", name, usb / "1.0" / name, name, links)

    def hidraw(self, name: str, usb: Path, descriptor: bytes, *links: str) -> None:
        device = usb / "1.1" / name
        device.mkdir(parents=True)
        (device / "report_descriptor").write_bytes(descriptor)
        self._node("hidraw", name, device, name, links)

    def keyboard(self, name: str, usb: Path, capabilities: str, *links: str) -> None:
        device = usb / "1.2" / name
        (device / "capabilities").mkdir(parents=True)
        (device / "capabilities/key").write_text(capabilities + "\n")
        (device / "name").write_text("a keyboard\n")
        self._node("input", name, device, f"input/{name}", links)

    def _node(self, of_class: str, name: str, device: Path, node: str, links: tuple[str, ...]) -> None:
        entry = self.root / "sys/class" / of_class / name
        entry.mkdir(parents=True)
        (entry / "device").symlink_to(device)
        path = self.root / "dev" / node
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        for link in links:
            at = self.root / "dev" / link
            at.parent.mkdir(parents=True, exist_ok=True)
            at.symlink_to(os.path.relpath(path, at.parent))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def urls(found: list[Plugged]) -> list[str]:
    return [one.url for one in found]


def test_each_kind_of_scanner_is_found_with_a_url_that_can_be_used(tree: Tree) -> None:
    tree.tty("ttyACM0", tree.usb("1-1", "0c2e:0b61", "Xenon 1900", "15253"), "serial/by-id/usb-Honeywell_15253-if00")
    tree.hidraw("hidraw2", tree.usb("1-2", "1eab:0d10", "FM420"), ACCESS_IS.descriptor, "scanner/hidpos-pci-usb-0:2")
    wedge = tree.usb("1-3", "05e0:1200", "DS2208", "S1")
    tree.keyboard("event4", wedge, KEYS_OF_A_KEYBOARD, "input/by-id/usb-Symbol_S1-event-kbd")

    found = tree.machine.plugged()

    assert urls(found) == [
        "hidpos:///dev/scanner/hidpos-pci-usb-0:2",
        "evdev:///dev/input/by-id/usb-Symbol_S1-event-kbd",
        "serial:///dev/serial/by-id/usb-Honeywell_15253-if00",
    ]
    assert [(one.name, one.usb_id, one.is_scanner, one.remarks) for one in found] == [
        ("FM420", "1eab:0d10", True, ()), ("DS2208", "05e0:1200", True, ()), ("Xenon 1900", "0c2e:0b61", True, ()),
    ]  # fmt: skip
    for url in urls(found):
        parse_scanner_url(url)


def test_what_may_be_anything_comes_last_and_what_is_none_not_at_all(tree: Tree) -> None:
    tree.tty("ttyUSB0", tree.usb("1-1", "1a86:7523", "USB Serial"))
    tree.keyboard("event1", tree.usb("1-2", "046d:c31c", "USB Keyboard"), KEYS_OF_A_KEYBOARD)
    tree.keyboard("event0", tree.usb("1-4", "0000:0001", "Power Button"), KEYS_OF_A_BUTTON)
    tree.hidraw("hidraw0", tree.usb("1-2", "046d:c31c", "USB Keyboard"), KEYBOARD)
    tree.hidraw("hidraw1", tree.usb("1-5", "0c2e:0b61", "Xenon"), ACCESS_IS.descriptor)

    found = tree.machine.plugged()

    assert urls(found) == ["hidpos:///dev/hidraw1", "evdev:///dev/input/event1", "serial:///dev/ttyUSB0"]
    assert [one.is_scanner for one in found] == [True, False, False]


def test_two_of_a_model_without_serial_number_are_told_to_use_by_path(tree: Tree) -> None:
    """Two identical scanners share one by-id link, and where it leads is chance."""
    shared = "serial/by-id/usb-Honeywell_Xenon-if00"
    tree.tty("ttyACM0", tree.usb("1-1", "0c2e:0b61", "Xenon"), "serial/by-path/pci-usb-0:1-1", shared)
    tree.tty("ttyACM1", tree.usb("1-2", "0c2e:0b61", "Xenon"), "serial/by-path/pci-usb-0:1-2")
    assert [one.remarks for one in tree.machine.plugged()] == [
        ("another device has the same by-id name: only its by-path name is its own",)
    ] * 2
    assert urls(tree.machine.plugged()) == [
        "serial:///dev/serial/by-path/pci-usb-0:1-1", "serial:///dev/serial/by-path/pci-usb-0:1-2",
    ]  # fmt: skip


def test_one_device_in_two_ways_a_sleepy_one_and_an_unusable_mode_are_told(tree: Tree) -> None:
    both = tree.usb("1-1", "0c2e:0b61", "Xenon", "1", power="auto")
    tree.tty("ttyACM0", both)
    tree.keyboard("event3", both, KEYS_OF_A_KEYBOARD)
    tree.hidraw("hidraw5", tree.usb("1-2", "05e0:1300", "Symbol Bar Code Scanner"), ACCESS_IS.descriptor)

    told = {one.node: one.remarks for one in tree.machine.plugged()}

    assert "in several ways" in " ".join(told["/dev/ttyACM0"])
    assert "power/control" in " ".join(told["/dev/input/event3"])
    assert "SNAPI" in " ".join(told["/dev/hidraw5"])


def test_a_machine_without_sysfs_has_nothing(tmp_path: Path) -> None:
    assert Machine(tmp_path).plugged() == []


def test_this_machine_can_be_looked_at() -> None:
    for one in Machine().plugged():
        parse_scanner_url(one.url)


def test_the_udev_rules_name_the_makers_that_discovery_knows() -> None:
    rule = re.compile(r'^ATTRS\{idVendor\}=="([0-9a-f]{4})", ENV\{BACKSTOCK_SCANNER\}="1"$', re.MULTILINE)
    named = rule.findall(RULES.read_text())
    assert named == sorted(VENDORS)


def test_every_line_of_the_udev_rules_has_the_form_of_one() -> None:
    term = r'[A-Z_]+(\{[A-Za-z_/]+\})?(==|!=|=|\+=)"[^"]*"'
    lines = [line for line in RULES.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(rf"{term}(, {term})*", line)] == []
    assert {label for line in lines for label in re.findall(r'GOTO="(\w+)"', line)} == {"backstock_scanners_end"}
    assert lines[-1] == 'LABEL="backstock_scanners_end"'
