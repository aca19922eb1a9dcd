"""HID POS scanners through hidraw: no driver, no focus, no keyboard layout, the length with each scan.

The kernel gives one report a read. The report descriptor comes from sysfs, where everybody may
read it. A named pipe with its descriptor beside it (`PATH.descriptor`) stands in for a device
that a machine lacks.
"""

import fcntl
import os
from pathlib import Path

from scanner_drivers.drivers.port import FilePort, Opened, PortDriver
from scanner_drivers.errors import BadConfig
from scanner_drivers.framing import Framing, ReportFramer
from scanner_drivers.url import ReportsAddress


class HidPosDriver(PortDriver):
    kind = "hidraw device"
    group = "scanner"

    def __init__(self, address: ReportsAddress, framing: Framing) -> None:
        super().__init__(address.path)
        self._framing = framing

    def open(self) -> Opened:
        port = FilePort(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)  # hidraw gives each reader everything: one is enough
            framer = ReportFramer(self._descriptor(port), self._framing.max_frame)
        except (OSError, BadConfig):
            port.close()
            raise
        return Opened(port, framer, framer.report_bytes)

    def _descriptor(self, port: FilePort) -> bytes:
        if port.is_pipe:
            return Path(f"{self.path}.descriptor").read_bytes()
        found = Path("/sys/class/hidraw", Path(self.path).resolve().name, "device/report_descriptor")
        if not found.exists():
            raise BadConfig(f"{self.path}: no hidraw device")
        return found.read_bytes()
