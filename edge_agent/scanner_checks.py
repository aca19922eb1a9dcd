"""What `doctor` says of the scanners: those of the configuration, and what else wants their ports.

ModemManager sends AT commands to each new serial port, brltty takes USB adapters away, power
saving sends scanners to sleep, and two devices without serial number share one name. Looks
only; which files it looks at is an argument.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge_agent.config import ScannerConfig
from edge_agent.services.health import Check
from scanner_drivers import BadConfig, parse_scanner_url
from scanner_drivers.discovery import Machine, Plugged
from scanner_drivers.url import KeysAddress, ReportsAddress, SerialAddress

RULES = "deploy/udev/70-backstock-scanners.rules"
_GROUPS = {KeysAddress: "input", ReportsAddress: "scanner", SerialAddress: "dialout"}
_ADAPTERS = ("1a86", "10c4", "0403")
"""CH340, CP210x and FTDI: brltty takes these for braille displays."""


def checks(scanners: Sequence[ScannerConfig], root: Path = Path("/")) -> list[Check]:
    """Every finding about scanners."""
    found = [_configured(one) for one in scanners]
    if scanners:
        plugged = Machine(root).plugged()
        mine = [one for one in plugged if any(_is_same(one, config, root) for config in scanners)]
        found += [*_modem_manager(mine, root), *_brltty(mine, root), *_remarks(mine)]
    return found


def _configured(config: ScannerConfig) -> Check:
    name = f"scanner {config.device}"
    try:
        address = parse_scanner_url(config.url).address
    except BadConfig as error:
        return Check(name, "fail", str(error), "correct its URL in edge.toml")
    path = getattr(address, "path", None)
    if path is None:
        return Check(name, "ok", config.url)
    if not Path(path).exists():
        return Check(name, "warn", f"{path} is not there", "plug it in, or see `edge-agent scanners list` for its URL")
    if not os.access(path, os.R_OK):
        group = _GROUPS.get(type(address), "dialout")
        remedy = f"install {RULES}, or add this user to the group that owns it (usermod -aG {group} USER)"
        return Check(name, "fail", f"{path} may not be read", remedy)
    return Check(name, "ok", f"{path} is there")


def _is_same(plugged: Plugged, config: ScannerConfig, root: Path) -> bool:
    try:
        path = getattr(parse_scanner_url(config.url).address, "path", None)
    except BadConfig:
        return False
    return path is not None and _under(root, path).resolve() == _under(root, plugged.node).resolve()


def _modem_manager(plugged: Sequence[Plugged], root: Path) -> Iterator[Check]:
    ports = [one for one in plugged if one.kind == "serial" and not _is_left_alone(one, root)]
    if ports and _runs("ModemManager", root):
        nodes = ", ".join(one.node for one in ports)
        detail = f"it opens {nodes} for some seconds after each plugging in and sends AT commands"
        yield Check("ModemManager", "warn", detail, f"install {RULES}, or: systemctl disable --now ModemManager")


def _brltty(plugged: Sequence[Plugged], root: Path) -> Iterator[Check]:
    adapters = [one.node for one in plugged if one.usb_id[:4] in _ADAPTERS]
    if adapters and (_runs("brltty", root) or _has_brltty_rules(root)):
        detail = f"it takes USB serial adapters for braille displays, and {', '.join(adapters)} away"
        yield Check("brltty", "warn", detail, "apt remove brltty, or mask its udev rules (deploy/udev/README.md)")


def _remarks(plugged: Sequence[Plugged]) -> Iterator[Check]:
    for one in plugged:
        for remark in one.remarks:
            yield Check("scanner port", "warn", f"{one.node} ({one.name}): {remark}", "see `edge-agent scanners list`")


def _is_left_alone(plugged: Plugged, root: Path) -> bool:
    """Whether udev's own notes say that ModemManager ignores it."""
    try:
        number = _under(root, plugged.node).stat().st_rdev
        notes = (root / "run/udev/data" / f"c{os.major(number)}:{os.minor(number)}").read_text("utf-8", "replace")
    except OSError:
        return False
    return "E:ID_MM_DEVICE_IGNORE=1" in notes.splitlines()


def _has_brltty_rules(root: Path) -> bool:
    folders = [root / folder / "udev/rules.d" for folder in ("lib", "usr/lib", "etc")]
    masked = {path.name for path in folders[2].glob("*brltty*.rules") if os.path.realpath(path) == "/dev/null"}
    return any(path.name not in masked for folder in folders for path in folder.glob("*brltty*.rules"))


def _runs(name: str, root: Path) -> bool:
    for comm in (root / "proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text("utf-8", "replace").strip() == name[:15]:
                return True
        except OSError:
            continue
    return False


def _under(root: Path, path: str) -> Path:
    return root / path.lstrip("/")
