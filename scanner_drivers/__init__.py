"""Bytes from a device to a Scan.

    driver (serial, tcp, replay) -> Session (frames, numbers) -> RawScan -> decode -> Scan

`framing` and `decode` are pure. The supervisor keeps a device running; what a scan does to
stock is not known here. See README.md for URLs, flags and how to add a device.
"""

from scanner_drivers.decode import StoreProfile, decode
from scanner_drivers.errors import Absent, BadConfig, Busy, Denied, Lost, ScannerError
from scanner_drivers.health import ScannerHealth
from scanner_drivers.recorder import Recorder
from scanner_drivers.scan import RawScan, Scan
from scanner_drivers.simulator import PtyScanner
from scanner_drivers.supervisor import ScannerSupervisor
from scanner_drivers.url import ScannerUrl, parse_scanner_url

__all__ = [
    "Absent",
    "BadConfig",
    "Busy",
    "Denied",
    "Lost",
    "PtyScanner",
    "RawScan",
    "Recorder",
    "Scan",
    "ScannerError",
    "ScannerHealth",
    "ScannerSupervisor",
    "ScannerUrl",
    "StoreProfile",
    "decode",
    "parse_scanner_url",
]
