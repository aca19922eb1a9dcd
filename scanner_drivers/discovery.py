"""What is plugged into this machine and could be a scanner, and the URL it would have.

Reads sysfs and the links that udev makes; opens no device. A stable name is one that leads to
the same device after a replug: by-id, unless two devices share it (same model, no serial
number), then by-path. Where the files are is an argument, so that a tree can stand in for them.
"""

import os
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scanner_drivers.framing.descriptor import is_scanner

VENDORS = {
    "0536": "Honeywell (Hand Held Products)", "05e0": "Zebra (Symbol)", "05f9": "Datalogic (PSC)",
    "065a": "Opticon", "076d": "Denso", "0c2e": "Honeywell (Metrologic)", "11fa": "Code", "1eab": "Newland",
}  # fmt: skip
"""Makers of scanners by USB vendor id; `deploy/udev` has rules for the same."""

_UNUSABLE = {
    "05e0:1300": "in SNAPI mode, which needs Zebra's own program: set it to USB CDC, HID POS or SSI",
    "05e0:0600": "in Simple COM Port mode, which Linux has no driver for: set it to USB CDC, HID POS or SSI",
}
_TWIN = "another device has the same by-id name: only its by-path name is its own"
_IN_SEVERAL_WAYS = "the same device is here in several ways: use one of them only"
_LINKS = {"serial": "serial", "bluetooth": "serial", "evdev": "input", "hidpos": "scanner"}
_TTY = re.compile(r"tty(ACM|USB|S|AMA)\d+|rfcomm\d+")
_LONG_BITS = struct.calcsize("@l") * 8
_KEYS_OF_A_WEDGE = (28, *range(2, 12))  # Enter and the digits
_LOOKS_LIKE = re.compile(r"scan|barcode|bar code", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """One device node that could be a scanner."""

    url: str
    node: str
    kind: str
    """serial, evdev, hidpos or bluetooth."""
    usb_id: str
    """`vendor:product`, empty where it is no USB device."""
    name: str
    serial: str
    usb_path: str
    """The physical device in sysfs: one device may have several nodes."""
    is_scanner: bool
    """Known to be one; else it may be any keyboard or serial adapter."""
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where to look."""

    root: Path = Path("/")

    def plugged(self) -> list[Plugged]:
        """All devices that could be scanners, those that surely are first."""
        found = [*self._serial_ports(), *self._keyboards(), *self._hid_scanners()]
        return sorted(self._compared(found), key=lambda one: (not one.is_scanner, one.node))

    def _serial_ports(self) -> Iterator[Plugged]:
        for entry in self._of_class("tty"):
            if _TTY.fullmatch(entry.name) and (entry / "device").exists() and _read(entry / "type") != "0":
                kind = "bluetooth" if entry.name.startswith("rfcomm") else "serial"
                yield self._plugged(entry, kind, entry.name)

    def _keyboards(self) -> Iterator[Plugged]:
        for entry in self._of_class("input"):
            if entry.name.startswith("event") and _has_keys(_read(entry / "device/capabilities/key")):
                yield self._plugged(entry, "evdev", f"input/{entry.name}")

    def _hid_scanners(self) -> Iterator[Plugged]:
        for entry in self._of_class("hidraw"):
            try:
                descriptor = (entry / "device/report_descriptor").read_bytes()
            except OSError:
                continue
            if is_scanner(descriptor):
                yield self._plugged(entry, "hidpos", entry.name)

    def _of_class(self, name: str) -> list[Path]:
        folder = self.root / "sys/class" / name
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _plugged(self, entry: Path, kind: str, node: str) -> Plugged:
        usb = _usb_of(entry / "device")
        usb_id = f"{_read(usb / 'idVendor')}:{_read(usb / 'idProduct')}" if usb else ""
        maker = VENDORS.get(usb_id[:4])
        name = (_read(usb / "product") if usb else "") or _read(entry / "device/name") or maker or "serial port"
        return Plugged(
            url=self._url(kind, node, "by-id", "by-path", ""),
            node=f"/dev/{node}",
            kind=kind,
            usb_id=usb_id,
            name=name,
            serial=_read(usb / "serial") if usb else "",
            usb_path=str(usb or ""),
            is_scanner=kind == "hidpos" or maker is not None or _LOOKS_LIKE.search(name) is not None,
            remarks=_remarks(usb, usb_id),
        )

    def _url(self, kind: str, node: str, *kinds_of_link: str) -> str:
        """By the first of these links that leads to the node, else by the node itself."""
        target = os.path.realpath(self.root / "dev" / node)
        for folder in (Path(_LINKS[kind], of_kind) for of_kind in kinds_of_link):
            for link in sorted((self.root / "dev" / folder).glob("*")):
                if link.is_symlink() and os.path.realpath(link) == target:
                    return f"{kind}:///dev/{folder}/{link.name}"
        return f"{kind}:///dev/{node}"

    def _compared(self, found: list[Plugged]) -> Iterator[Plugged]:
        """What is seen only when all devices are looked at together."""
        of_device = Counter(one.usb_path for one in found if one.usb_path)
        devices = {((one.usb_id, one.serial), one.usb_path) for one in found if one.usb_id}
        of_model = Counter(model for model, _ in devices)
        for one in found:
            if of_model[one.usb_id, one.serial] > 1:
                url = self._url(one.kind, one.node.removeprefix("/dev/"), "by-path", "")
                one = replace(one, url=url, remarks=(*one.remarks, _TWIN))  # noqa: PLW2901
            if of_device[one.usb_path] > 1:
                one = replace(one, remarks=(*one.remarks, _IN_SEVERAL_WAYS))  # noqa: PLW2901
            yield one


def _remarks(usb: Path | None, usb_id: str) -> tuple[str, ...]:
    """What is wrong with a device by itself."""
    found = [_UNUSABLE[usb_id]] if usb_id in _UNUSABLE else []
    if usb and _read(usb / "power/control") == "auto":
        found.append("may be put to sleep by power saving and lose its first scan: write on to its power/control")
    return tuple(found)


def _usb_of(device: Path) -> Path | None:
    """The USB device that a node belongs to."""
    for folder in (found := Path(os.path.realpath(device)), *found.parents):
        if (folder / "idVendor").is_file():
            return folder
    return None


def _has_keys(capabilities: str) -> bool:
    """Whether Enter and all digits are there; sysfs writes the bits as words of a long, highest first."""
    bits = 0
    for word in capabilities.split():
        bits = bits << _LONG_BITS | int(word, 16)
    return all(bits >> key & 1 for key in _KEYS_OF_A_WEDGE)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
