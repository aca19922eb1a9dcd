"""Zebra's Simple Serial Interface: packets with a checksum, acknowledged one by one.

    length  opcode  source  status  data …  checksum (2)     length counts all but the checksum

A scan is DECODE_DATA: a code type, then the data; a long one comes in several packets whose
status says that more follow. A packet that is not acknowledged comes again with the resend
bit, and counts once; a broken one is asked for again. The acknowledgement says that the bytes
are here, not that they are booked. What is no packet at all is dropped byte by byte until
one begins. Facts: Zebra, Simple Serial Interface Programmer's Guide, 72E-40451.
"""

from collections.abc import Callable
from typing import NamedTuple

from scanner_drivers.framing.frame import MAX_FRAME, Frame, Recipe, without_suffix
from scanner_drivers.scan import Reason

DECODE_DATA, EVENT, ACK, NAK = 0xF3, 0xF6, 0xD0, 0xD1
_FROM_SCANNER, _FROM_HOST = 0, 4
_RESENT, _MORE = 0x01, 0x02
_NAK_RESEND, _NAK_UNKNOWN = 1, 2
_HEAD, _CHECKSUM = 4, 2

PACKET_NS = 150_000_000
"""A packet whose rest is this late is none."""
RESENDS_NS = 10_000_000_000
"""Two resends, each after the scanner's longest time-out; an equal packet after that is a new scan."""

# Code types to AIM identifiers, for scanners that are not set to send these themselves.
_AIM = {
    0x01: b"]A0", 0x02: b"]F0", 0x03: b"]C0", 0x06: b"]I0", 0x07: b"]G0", 0x08: b"]E0", 0x09: b"]E0",
    0x0A: b"]E4", 0x0B: b"]E0", 0x0F: b"]C1", 0x10: b"]E0", 0x11: b"]L0", 0x13: b"]A4", 0x19: b"]C0",
    0x1A: b"]L3", 0x1B: b"]d1", 0x1C: b"]Q1", 0x2D: b"]z0", 0x30: b"]e0", 0x31: b"]e0", 0x32: b"]e0",
    0x48: b"]E3", 0x4B: b"]E3", 0x88: b"]E3", 0x8B: b"]E3", 0xC1: b"]d2", 0xC2: b"]Q3", 0xC4: b"]J1",
}  # fmt: skip


class Packet(NamedTuple):
    opcode: int
    source: int
    status: int
    data: bytes


def encode(packet: Packet) -> bytes:
    """A packet as it goes over the line."""
    body = bytes((_HEAD + len(packet.data), packet.opcode, packet.source, packet.status)) + packet.data
    return body + _checksum(body)


def _checksum(body: bytes) -> bytes:
    return (-sum(body) & 0xFFFF).to_bytes(2, "big")


class SsiFramer:
    """See `Framer`. `send` takes the answers to the scanner; what it cannot send, the scanner asks for again."""

    def __init__(self, send: Callable[[bytes], None] = lambda _: None, max_frame: int = MAX_FRAME) -> None:
        self._send = send
        self._limit = max_frame
        self._received = bytearray()
        self._parts: list[bytes] = []
        self._last: Packet | None = None
        """The newest packet that was taken, its resend bit aside."""
        self._taken_ns = self._last_ns = 0
        self.recipe: Recipe = {"kind": "ssi"}
        self.dropped = 0
        """Bytes that are no packet."""

    def feed(self, data: bytes, now_ns: int) -> list[Frame]:
        self._received += data
        self._last_ns = now_ns
        frames: list[Frame] = []
        is_broken = False
        while (packet := self._next()) is not None:
            if packet != _BROKEN:
                frames += self._take(packet, now_ns)
            elif not is_broken:
                self._ask_again()
                is_broken = True
        return frames

    def readable(self, data: bytes, /) -> bytes:
        return data

    def deadline(self) -> int | None:
        if self._received:
            return self._last_ns + PACKET_NS
        return self._last_ns + RESENDS_NS if self._parts else None

    def on_idle(self, now_ns: int) -> list[Frame]:
        deadline = self.deadline()
        if deadline is None or now_ns < deadline:
            return []
        if self._received:
            self.dropped += len(self._received)
            self._received.clear()
            self._ask_again()
            return []
        return self._end("damaged")

    def reset(self) -> int:
        lost = len(self._received) + sum(map(len, self._parts))
        self.dropped += lost
        self._received.clear()
        self._parts.clear()
        self._last = None
        return lost

    def _next(self) -> Packet | None:
        """The next whole packet; `_BROKEN` for one whose checksum is wrong; None while more has to come."""
        while self._received:
            if not self._may_begin():
                self._drop()
                continue
            end = self._received[0] + _CHECKSUM
            if len(self._received) < max(_HEAD, end):
                return None
            body = bytes(self._received[: end - _CHECKSUM])
            if self._received[end - _CHECKSUM : end] != _checksum(body):
                self._drop()
                return _BROKEN
            del self._received[:end]
            return Packet(body[1], body[2], body[3], body[_HEAD:])
        return None

    def _may_begin(self) -> bool:
        """Whether what is here can be the head of a packet of a scanner, as far as it is here."""
        head = self._received
        return head[0] >= _HEAD and (len(head) < 2 or head[1] >= 0x80) and (len(head) < 3 or head[2] == _FROM_SCANNER)

    def _drop(self) -> None:
        del self._received[0]
        self.dropped += 1

    def _take(self, packet: Packet, now_ns: int) -> list[Frame]:
        if packet.opcode in (ACK, NAK):
            return []
        if packet.opcode not in (DECODE_DATA, EVENT) or (packet.opcode == DECODE_DATA and not packet.data):
            self._answer(NAK, _NAK_UNKNOWN)
            return []
        self._answer(ACK)
        plain = packet._replace(status=packet.status & ~_RESENT)
        is_echo = packet.status & _RESENT and plain == self._last and now_ns - self._taken_ns < RESENDS_NS
        self._last, self._taken_ns = plain, now_ns
        if is_echo or packet.opcode == EVENT:
            return []
        # The code type stands in each packet of a scan: only the first one's is kept.
        is_first = not self._parts
        self._parts.append(packet.data if is_first else packet.data.removeprefix(self._parts[0][:1]))
        if sum(map(len, self._parts)) > self._limit:
            return self._end("overlong")
        return [] if packet.status & _MORE else self._end("packet")

    def _end(self, reason: Reason) -> list[Frame]:
        whole = b"".join(self._parts)
        self._parts.clear()
        data = without_suffix(whole[1:])
        aim = b"" if data[:1] == b"]" else _AIM.get(whole[0], b"")
        return [Frame((aim + data)[: self._limit], reason, self._last_ns)]

    def _ask_again(self) -> None:
        """What comes again is what was broken, be it equal to the packet before: two equal cans are common."""
        self._answer(NAK, _NAK_RESEND)
        self._last = None

    def _answer(self, opcode: int, *cause: int) -> None:
        self._send(encode(Packet(opcode, _FROM_HOST, 0, bytes(cause))))


_BROKEN = Packet(0, 0, 0, b"")
