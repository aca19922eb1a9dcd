"""Drivers move bytes: one session each, from open to loss. They know nothing of frames."""

from scanner_drivers.drivers.base import Driver
from scanner_drivers.drivers.replay import ReplayDriver
from scanner_drivers.drivers.serial import SerialDriver
from scanner_drivers.drivers.tcp import TcpDriver
from scanner_drivers.url import Address, SerialAddress, TcpAddress


def driver_for(address: Address) -> Driver:
    """The driver of an address; nothing is opened yet."""
    if isinstance(address, SerialAddress):
        return SerialDriver(address)
    if isinstance(address, TcpAddress):
        return TcpDriver(address)
    return ReplayDriver(address)
