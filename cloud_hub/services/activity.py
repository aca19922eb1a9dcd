"""The log of what people did to accounts, keys and sign-ins: one line each, and never a secret.

Called inside the transaction of the write, so that whatever keeps it for good can be
written in the same one.
"""

import structlog

log = structlog.get_logger("activity")


def done(action: str, actor: str, entity: str, **detail: object) -> None:
    """`actor` did it to `entity`; both are ids."""
    log.info(action, actor=actor, entity=entity, **detail)
