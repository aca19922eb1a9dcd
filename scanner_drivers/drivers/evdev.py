"""Keyboard-wedge scanners through evdev: grabbed, so that no scan lands in a field with the focus.

Reads the kernel's events with a reader of our own; libraries that read for one lose scans
when a read is cancelled. A named pipe with events in it stands in for a device that a machine
lacks: it has no keyboard state and nothing to grab.
"""

import fcntl
import os

from scanner_drivers.drivers.port import FilePort, Opened, PortDriver
from scanner_drivers.framing import Framing, KeyFramer
from scanner_drivers.framing.typist import KeyState
from scanner_drivers.url import KeysAddress

_EVIOCGRAB = 0x40044590
_EVIOCGKEY, _EVIOCGLED = 0x18, 0x19
_KEY_BYTES = 96  # 768 keys
_LED_CAPS_LOCK = 1 << 1


class EvdevDriver(PortDriver):
    kind = "input device"
    group = "input"

    def __init__(self, address: KeysAddress, framing: Framing) -> None:
        super().__init__(address.path)
        self._address = address
        self._framing = framing

    def open(self) -> Opened:
        keyboard = Keyboard(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            if self._address.grab:
                keyboard.grab()
            return Opened(keyboard, KeyFramer(self._framing, self._address.layout, keyboard.state))
        except OSError:
            keyboard.close()
            raise


class Keyboard(FilePort):
    """An open input device."""

    def grab(self) -> None:
        """Nobody else gets its events from now on, until it is closed. Raises OSError: EBUSY, ENOTTY."""
        if not self.is_pipe:
            fcntl.ioctl(self.fd, _EVIOCGRAB, 1)

    def state(self) -> KeyState:
        """What is held down now; nothing where the device is no keyboard or is gone."""
        keys, leds = self._bits(_EVIOCGKEY, _KEY_BYTES), self._bits(_EVIOCGLED, 1)
        held = frozenset(code for code in range(len(keys) * 8) if keys[code // 8] >> code % 8 & 1)
        return KeyState(held, bool(leds[0] & _LED_CAPS_LOCK))

    def _bits(self, which: int, size: int) -> bytes:
        bits = bytearray(size)
        try:
            fcntl.ioctl(self.fd, 2 << 30 | size << 16 | ord("E") << 8 | which, bits)
        except OSError:
            return bytes(size)
        return bytes(bits)
