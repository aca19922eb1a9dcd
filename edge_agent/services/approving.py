"""A manager's approval of what the policy leaves to managers: asked for by one call, in the write's own transaction.

    approving.require(connection, caller, "adjust", now_ms)            a manager asks, or brought an approval
    approving.lift(connection, caller, "expired_sale", now_ms, block)  a block falls only to an explicit approval

An approval is good once, for one operation and five minutes. Using it is a record in the ledger,
before what it allowed.
"""

import secrets
import sqlite3

import uuid_utils

from edge_agent.domain.people import APPROVAL_MS, STOCK_APPROVE, Caller, Person
from edge_agent.errors import Conflict, Forbidden
from edge_agent.services.logging_in import hash_of
from edge_agent.storage import catalogue, identity, ledger, sessions
from edge_agent.storage.sessions import Approval
from sync_protocol import facts

ADJUST, RETURN, NEGATIVE_STOCK, EXPIRED_SALE = "adjust", "return", "negative_stock", "expired_sale"

APPROVALS_MAX = 4
"""Of one request, which may need more than one."""


def grant(connection: sqlite3.Connection, manager: Person, operation: str, now_ms: int) -> tuple[Approval, str]:
    """What a manager proved to be allows, with the token that is told once. Raises Forbidden."""
    if STOCK_APPROVE not in manager.permissions:
        raise Forbidden("permission", f"expected somebody with {STOCK_APPROVE}, got {manager.name}")
    made = Approval(str(uuid_utils.uuid7()), manager.name, operation, now_ms + APPROVAL_MS)
    token = secrets.token_urlsafe(24)
    sessions.allow(connection, made, hash_of(token), now_ms)
    return made, token


def require(
    connection: sqlite3.Connection, caller: Caller, operation: str, now_ms: int, *, key: str | None = None
) -> None:
    """Raises Forbidden (`approval_needed`) where the policy leaves it to managers, unless the caller is one or brought
    an approval for this."""
    if not _needs_manager(connection, operation):
        return
    if not caller.may(STOCK_APPROVE) and not _is_lifted(connection, caller, operation, now_ms, key=key):
        problem = Forbidden(
            "approval_needed", f"expected a manager, or a manager's approval of {operation}",
            remedy=f"a manager allows it with a badge or PIN (POST /approvals for {operation})",
        )  # fmt: skip
        problem.approval_for = operation
        raise problem


def lift(connection: sqlite3.Connection, caller: Caller | None, operation: str, now_ms: int, block: Conflict) -> None:
    """Use up the approval that the caller brought. Raises the block where there is none."""
    if caller is None:
        raise block
    if not _is_lifted(connection, caller, operation, now_ms):
        block.approval_for = operation
        raise block


def _is_lifted(
    connection: sqlite3.Connection, caller: Caller, operation: str, now_ms: int, *, key: str | None = None
) -> bool:
    """Whether an approval for this operation came with the request; it is used up."""
    hashes = [hash_of(token.strip()) for token in (caller.approval or "").split(",")[:APPROVALS_MAX]]
    known = [(token_hash, sessions.find_approval(connection, token_hash)) for token_hash in hashes]
    good = [(token_hash, each) for token_hash, each in known
            if each is not None and each.operation == operation and each.expires_at > now_ms]  # fmt: skip
    if not good:
        return False
    token_hash, found = good[0]
    sessions.use_up(connection, token_hash)
    told = facts.Approval(
        occurred_at=now_ms, clock_offset=identity.clock_offset(connection), actor=caller.name,
        approval_id=found.approval_id, approved_by=found.approved_by, operation=operation, key=key,
    )  # fmt: skip
    ledger.append(connection, [facts.fact(told)])
    return True


def _needs_manager(connection: sqlite3.Connection, operation: str) -> bool:
    """Whether the policy of this store leaves it to managers (setting `needs_manager`, a list of operations)."""
    listed = catalogue.settings(connection).get("needs_manager", [])
    return isinstance(listed, list) and operation in listed
