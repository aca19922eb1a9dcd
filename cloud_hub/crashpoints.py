"""Named places at which a test can make the process die, to prove that dying there is harmless.

`BACKSTOCK_CRASH=name:hit` ends the process at the hit-th passing of that name. Without
the variable a crash point costs one comparison.
"""

import os

REGISTRY: tuple[str, ...] = (
    "transaction.before_commit",
    "transaction.after_commit",
    "file.before_rename",
    "file.after_rename",
    "hello.before_commit",
    "hello.after_commit",
    "intake.after_rows",
    "intake.before_commit",
    "intake.after_commit",
    "intake.after_ack",
    "feed.before_commit",
    "feed.after_commit",
    "feed.after_publish",
    "posting.before_commit",
    "posting.after_commit",
    "salvage.before_commit",
    "take_over.before_commit",
    "take_over.after_commit",
    "backup.before_rename",
    "backup.after_rename",
    "backup.after_verify",
    "restore.before_epoch",
    "restore.after_epoch",
    "enrolment.before_commit",
    "enrolment.after_commit",
    "revocation.after_file",
    "reservations.before_commit",
    "delivery.after_claim",
    "delivery.after_send",
)

_NAME, _, _HIT = os.environ.get("BACKSTOCK_CRASH", "").partition(":")
_left = int(_HIT or 1)


def crashpoint(name: str) -> None:
    """Die here if this is the place and the time."""
    if name != _NAME:
        return
    global _left  # noqa: PLW0603
    _left -= 1
    if _left <= 0:
        os._exit(137)
