"""A stretch of a closed origin's records on its way to a restored hub, purely.

Batches that lead from the hub's mark are held until the last one is here: only the hash at
the end, which a certificate names, proves them. What comes twice counts once; what leaves a
gap is dropped, and `rest` says from where to tell it again.
"""

from dataclasses import dataclass, field

from sync_protocol.batch import Batch
from sync_protocol.messages import Former


@dataclass(slots=True)
class Stretch:
    """What one box has told of what was `wanted`."""

    wanted: Former
    batches: list[tuple[Batch, bytes]] = field(default_factory=list)
    """Each with its sealed bytes; they continue each other."""
    size: int = 0

    def add(self, batch: Batch, sealed: bytes) -> bool:
        """Take what comes next, once; False when something is missing before it, or leads elsewhere."""
        expected = self.rest
        if batch.last <= expected.position:
            return True
        if (batch.first, batch.previous_hash.hex()) != (expected.position + 1, expected.hash):
            return False
        if batch.last > expected.last:
            return False
        self.batches.append((batch, sealed))
        self.size += len(sealed)
        return True

    @property
    def rest(self) -> Former:
        """What is still to be told."""
        if not self.batches:
            return self.wanted
        last = self.batches[-1][0]
        return self.wanted.model_copy(update={"position": last.last, "hash": last.last_hash.hex()})

    @property
    def is_whole(self) -> bool:
        return self.rest.position == self.wanted.last
