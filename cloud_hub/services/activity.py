"""The log of what people did to accounts, keys and sign-ins: one line each, and never a secret.

Called when the write has succeeded, so that nothing is told that was refused. Of a request that
nobody known made, such as a log-in, it says in the audit too who it was.
"""

import structlog

from cloud_hub.storage.database import WITNESS

log = structlog.get_logger("activity")


def done(action: str, actor: str, entity: str, **detail: object) -> None:
    """`actor` did it to `entity`; both are ids."""
    if (witness := WITNESS.get()) is not None:
        witness.by(actor)
    log.info(action, actor=actor, entity=entity, **detail)
