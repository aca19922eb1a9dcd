"""Named places where a test may kill the process: around each commit, publish, ack and rename.

`BACKSTOCK_CRASH=name:hit` ends the process with status 137 at the hit-th pass, with no
clean-up whatsoever, as a power cut would. Without it a point costs one comparison.
"""

import os
from itertools import count

REGISTRY: tuple[str, ...] = (
    "edge.write.before_commit",
    "edge.write.after_commit",
    "edge.ledger.before_append",
    "edge.ledger.after_append",
    "edge.prune.before_delete",
    "edge.prune.after_delete",
    "edge.swap.before_rename",
    "edge.swap.after_rename",
    "edge.migrate.before_upgrade",
    "edge.migrate.after_upgrade",
    "edge.file.before_rename",
    "edge.file.after_rename",
    "edge.backup.before_rename",
    "edge.backup.after_rename",
    "edge.restore.before_rename",
    "edge.restore.after_rename",
    "edge.link.before_publish",
    "edge.link.after_publish",
    "edge.control.before_publish",
    "edge.control.after_publish",
    "edge.ack.before_save",
    "edge.ack.after_save",
    "edge.feed.before_apply",
    "edge.feed.after_apply",
    "edge.snapshot.before_chunk",
    "edge.snapshot.after_chunk",
    "edge.snapshot.before_swap",
    "edge.snapshot.after_swap",
    "edge.print.before_hand_over",
    "edge.print.after_hand_over",
    "edge.origin.before_open",
    "edge.origin.after_open",
)


def _parse(text: str) -> tuple[str | None, int]:
    name, _, hit = text.partition(":")
    return (name or None), int(hit or 1)


_target, _hit = _parse(os.environ.get("BACKSTOCK_CRASH", ""))
_passes = count(1)


def crashpoint(name: str) -> None:
    """Die here if the environment says so."""
    if name == _target and next(_passes) == _hit:
        os._exit(137)
