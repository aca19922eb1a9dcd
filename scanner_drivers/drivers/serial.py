"""Serial ports: USB-CDC, RS-232 adapters, Bluetooth SPP (an rfcomm tty), pseudo-terminals.

pyserial only opens and configures; the bytes are read on the event loop (see `port.py`). With
`protocol=ssi` the scanner's packets are answered on the same line.
"""

import fcntl
import os
import termios
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import serial

from scanner_drivers.drivers.port import Opened, Port, PortDriver
from scanner_drivers.framing import MAX_FRAME, SsiFramer
from scanner_drivers.url import SerialAddress

_ASLEEP_RETRY_S = 30.0


def open_port(address: SerialAddress) -> Port:
    """Open and configure; blocks. Raises whatever pyserial raises."""
    port = serial.Serial(
        address.path,
        baudrate=address.baud,
        parity=address.parity,
        bytesize=address.bits,
        stopbits=address.stop,
        rtscts=address.rtscts,
        timeout=0,
        exclusive=True,
    )
    # The lock above is advisory; this one also keeps ModemManager out. A pseudo-terminal would
    # stay locked after a crash for as long as its other end lives, so there it is left out.
    if not os.path.realpath(address.path).startswith("/dev/pts/"):
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
    return port  # type: ignore[no-any-return]


class SerialDriver(PortDriver):
    kind = "serial port"

    def __init__(
        self, address: SerialAddress, opener: Callable[[SerialAddress], Port] = open_port, max_frame: int = MAX_FRAME
    ) -> None:
        super().__init__(address.path)
        self._address = address
        self._open_port = opener
        self._max_frame = max_frame
        if address.sleeps:
            self.slowest_retry_s = _ASLEEP_RETRY_S

    def open(self) -> Opened:
        port = self._open_port(self._address)
        if self._address.protocol == "plain":
            return Opened(port)
        return Opened(port, SsiFramer(partial(_send, port.fileno()), self._max_frame))


def _send(fd: int, answer: bytes) -> None:
    with suppress(OSError):  # a line that takes nothing now: the scanner asks again
        os.write(fd, answer)
