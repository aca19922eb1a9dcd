"""What the payloads of an origin say, one step at a time: nothing is believed yet.

Batches of the origin's own that follow each other are one step, so that they share a
commit; any other message is a step of its own. What cannot be read says nothing.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from cloud_hub.services.judging import Frame
from sync_protocol import messages as say
from sync_protocol.batch import parse
from sync_protocol.errors import ProtocolError
from sync_protocol.topics import Address

log = structlog.get_logger(__name__)


class Foreign(NamedTuple):
    """A batch of another origin: a former one's, or a feed that is handed back."""

    frame: Frame


Said = Frame | list[Frame] | Foreign | say.UpMessage | None


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing that an origin says; `done` removes what it was said with."""

    address: Address
    said: Said
    count: int
    payloads: deque[bytes]

    def done(self) -> None:
        """It was dealt with."""
        for _ in range(self.count):
            self.payloads.popleft()


def next_step(address: Address, payloads: deque[bytes]) -> Step:
    """What the first payloads say; there is at least one."""
    frames: list[Frame] = []
    said: Said = None
    for payload in payloads:
        said = _read(address, payload)
        if not isinstance(said, Frame):
            break
        frames.append(said)
    if frames:
        return Step(address, frames, len(frames), payloads)
    return Step(address, said, 1, payloads)


def _read(address: Address, payload: bytes) -> Frame | Foreign | say.UpMessage | None:
    try:
        if not say.is_frame(payload):
            return say.decode_up(payload)
        frame = Frame(*say.unframe(payload))
        return frame if parse(frame.sealed).origin_id == address.origin_id else Foreign(frame)
    except ProtocolError as error:
        log.warning("dropped a payload", origin=address.origin_id, code=error.code, detail=error.detail)
        return None
