"""Drivers move bytes: one session each, from open to loss. They know nothing of frames."""

from scanner_drivers.drivers.base import Driver
from scanner_drivers.drivers.evdev import EvdevDriver
from scanner_drivers.drivers.hidpos import HidPosDriver
from scanner_drivers.drivers.replay import ReplayDriver
from scanner_drivers.drivers.serial import SerialDriver
from scanner_drivers.drivers.tcp import TcpDriver
from scanner_drivers.url import KeysAddress, ReportsAddress, ScannerUrl, SerialAddress, TcpAddress


def driver_for(url: ScannerUrl) -> Driver:
    """The driver of a URL; nothing is opened yet."""
    address = url.address
    if isinstance(address, SerialAddress):
        return SerialDriver(address, max_frame=url.framing.max_frame)
    if isinstance(address, KeysAddress):
        return EvdevDriver(address, url.framing)
    if isinstance(address, ReportsAddress):
        return HidPosDriver(address, url.framing)
    if isinstance(address, TcpAddress):
        return TcpDriver(address)
    return ReplayDriver(address, url.framing)
