"""The log of what people did to accounts, keys and sign-ins: one line each, and never a secret.

Called when the write has succeeded, so that nothing is told that was refused.
"""

import structlog

log = structlog.get_logger("activity")


def done(action: str, actor: str, entity: str, **detail: object) -> None:
    """`actor` did it to `entity`; both are ids."""
    log.info(action, actor=actor, entity=entity, **detail)
