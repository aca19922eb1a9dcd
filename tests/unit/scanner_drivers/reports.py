"""HID POS devices by their documented report layouts: descriptors and reports, made by hand.

From the field tables of the makers' manuals (Access-IS LSR118, Newland FM420) and the usage
tables of the USB forum; not captured from devices.
"""

from dataclasses import dataclass

_HEAD = bytes.fromhex("05 8c 09 02 a1 01 09 12 a1 02 85 02 15 00 26 ff 00 75 08 95 01")
_BYTE_COUNT = bytes.fromhex("05 01 09 3b 81 02")
_OWN_COUNT = bytes.fromhex("06 66 ff 09 01 81 02")
_SYMBOLOGY = bytes.fromhex("05 8c 95 03 09 fb 09 fc 09 fd 81 02")
_DATA = bytes.fromhex("05 8c 95 38 09 fe 82 02 01")
_CONTINUED = bytes.fromhex("05 8c 25 01 75 01 95 01 09 ff 81 02 95 07 81 03")
_END = bytes.fromhex("c0 c0")


def _rest(size: int) -> bytes:
    return bytes.fromhex(f"06 66 ff 95 {size:02x} 09 02 81 02")


@dataclass(frozen=True)
class Device:
    descriptor: bytes
    data_at: int
    has_aim: bool

    def reports(self, data: bytes, aim: bytes = b"]Q0") -> list[bytes]:
        """A scan of this device."""
        parts = [data[at : at + 56] for at in range(0, len(data), 56)] or [b""]
        made = []
        for part in parts:
            report = bytearray(64)
            report[:2] = 2, len(part)
            if self.has_aim:
                report[2:5] = aim
            report[self.data_at : self.data_at + len(part)] = part
            report[63] = part is not parts[-1]
            made.append(bytes(report))
        return made


ACCESS_IS = Device(_HEAD + _BYTE_COUNT + _SYMBOLOGY + _DATA + _rest(2) + _CONTINUED + _END, 5, True)
NEWLAND = Device(_HEAD + _OWN_COUNT + _DATA + _rest(5) + _CONTINUED + _END, 2, False)
PADDED = bytes.fromhex("05 8c 09 02 a1 01 09 fe 15 00 26 ff 00 75 08 95 20 81 02 c0")
"""No report id, no count, no mark: 32 bytes of data, the rest of them NUL."""
KEYBOARD = bytes.fromhex("05 01 09 06 a1 01 05 07 19 e0 29 e7 15 00 25 01 75 01 95 08 81 02 95 01 75 08 81 03 c0")
