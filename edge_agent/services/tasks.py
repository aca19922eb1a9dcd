"""Odd things that a person should look at. A task is a fact on the ledger, one open per rule and product."""

import sqlite3
from collections.abc import Iterable
from uuid import UUID, uuid5

from edge_agent.errors import NotFound
from edge_agent.storage import alerts, identity, ledger
from edge_agent.storage.alerts import Task
from sync_protocol import facts
from sync_protocol.limits import TEXT_CHARS_MAX

_NAMESPACE = UUID("0c4c8b36-6d0f-5b3a-8f3e-7a5cfe1c7d42")


def raise_task(
    connection: sqlite3.Connection, rule: str, product_id: str | None, now_ms: int, detail: str, *,
    cause: str | None = None,
) -> str:  # fmt: skip
    """Open a task unless the same one is open; returns its id."""
    found = alerts.find_open_task(connection, rule, product_id) if product_id else None
    if found is not None:
        return found.task_id
    who = identity.get(connection)
    head, _ = ledger.head(connection)
    task_id = str(uuid5(_NAMESPACE, f"{who.origin_id}/{rule}/{product_id}/{head}/{detail}"))
    if alerts.find_task(connection, task_id) is not None:
        return task_id
    task = Task(task_id, rule, product_id, "open", detail[:TEXT_CHARS_MAX], now_ms, cause=cause)
    alerts.add_task(connection, task)
    _tell(connection, task, now_ms, who.clock_offset, None)
    return task_id


def finish_about(
    connection: sqlite3.Connection, rules: Iterable[str], product_id: str, actor: str | None, now_ms: int
) -> None:
    """What these tasks asked for about a product has been done."""
    for rule in rules:
        found = alerts.find_open_task(connection, rule, product_id)
        if found is not None:
            finish_task(connection, found.task_id, actor, now_ms)


def finish_task(connection: sqlite3.Connection, task_id: str, actor: str | None, now_ms: int) -> Task:
    """Somebody has looked at it. Doing so twice is fine. Raises NotFound."""
    task = alerts.find_task(connection, task_id)
    if task is None:
        raise NotFound("task", f"there is no task {task_id}")
    if task.state == "done":
        return task
    alerts.finish_task(connection, task_id, now_ms)
    done = task._replace(state="done", done_at=now_ms)
    _tell(connection, done, now_ms, identity.clock_offset(connection), actor)
    return done


def _tell(connection: sqlite3.Connection, task: Task, now_ms: int, offset: int | None, actor: str | None) -> None:
    body = facts.Task(
        occurred_at=now_ms, clock_offset=offset, actor=actor, task_id=task.task_id, rule=task.rule,
        product_id=task.product_id, state="open" if task.state == "open" else "done", detail=task.detail,
        cause=task.cause,
    )  # fmt: skip
    ledger.append(connection, [facts.fact(body)])
