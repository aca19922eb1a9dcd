"""Alerts of this store and tasks for its people."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, text, update

from edge_agent.storage.schema import alerts, tasks
from edge_agent.storage.statement import Statement, adding, saving


class Alert(NamedTuple):
    alert_id: str
    rule: str
    product_id: str | None
    state: str
    severity: str
    available: int | None
    opened_at_position: int
    opened_at: int
    changed_at: int
    actor: str | None = None
    detail: str = ""


class Task(NamedTuple):
    task_id: str
    rule: str
    product_id: str | None
    state: str
    detail: str
    opened_at: int
    done_at: int | None = None
    cause: str | None = None
    """The likeliest one, as a word that a screen knows."""


_ALERT = [alerts.c[f] for f in Alert._fields]
_TASK = [tasks.c[f] for f in Task._fields]
# The states are literals where an index holds only the rows of that state: SQLite does not use it for a parameter.
_SAVE = saving(alerts, "alert_id")
_FIND = Statement(select(*_ALERT).where(alerts.c.alert_id == bindparam("alert_id")))
_OPEN = Statement(
    select(*_ALERT).where(
        alerts.c.rule == bindparam("rule"),
        alerts.c.product_id == bindparam("product_id"),
        text("state <> 'resolved'"),
    )
)
_LIST = Statement(select(*_ALERT).order_by(alerts.c.opened_at.desc()).limit(bindparam("most")))
_LIST_OPEN = Statement(
    select(*_ALERT).where(alerts.c.state != "resolved").order_by(alerts.c.opened_at.desc()).limit(bindparam("most"))
)
_OPENINGS = Statement(
    select(func.count())
    .select_from(alerts)
    .where(
        alerts.c.product_id == bindparam("product_id"),
        alerts.c.rule == bindparam("rule"),
        alerts.c.opened_at > bindparam("since"),
    )
)
_ADD_TASK = adding(tasks)
_FIND_TASK = Statement(select(*_TASK).where(tasks.c.task_id == bindparam("task_id")))
_OPEN_TASK = Statement(
    select(*_TASK).where(
        tasks.c.rule == bindparam("rule"),
        tasks.c.product_id == bindparam("product_id"),
        text("state = 'open'"),
    )
)
_TASKS = Statement(select(*_TASK).where(tasks.c.state == "open").order_by(tasks.c.opened_at).limit(500))
_DONE = Statement(
    update(tasks).where(tasks.c.task_id == bindparam("of")).values(state="done", done_at=bindparam("now_ms"))
)


def save(connection: sqlite3.Connection, alert: Alert) -> None:
    _SAVE.run(connection, **alert._asdict())


def find(connection: sqlite3.Connection, alert_id: str) -> Alert | None:
    found = _FIND.row(connection, alert_id=alert_id)
    return None if found is None else Alert(*found)


def find_open(connection: sqlite3.Connection, rule: str, product_id: str) -> Alert | None:
    """The alert of this rule about this product that is not resolved; there is at most one."""
    found = _OPEN.row(connection, rule=rule, product_id=product_id)
    return None if found is None else Alert(*found)


def openings_since(connection: sqlite3.Connection, rule: str, product_id: str, since_ms: int) -> int:
    """How often it was opened lately."""
    found: int = _OPENINGS.value(connection, rule=rule, product_id=product_id, since=since_ms)
    return found


def list_alerts(connection: sqlite3.Connection, *, is_open: bool = False, limit: int = 200) -> list[Alert]:
    """Newest first."""
    return [Alert(*row) for row in (_LIST_OPEN if is_open else _LIST).run(connection, most=limit)]


def add_task(connection: sqlite3.Connection, task: Task) -> None:
    _ADD_TASK.run(connection, **task._asdict())


def find_task(connection: sqlite3.Connection, task_id: str) -> Task | None:
    found = _FIND_TASK.row(connection, task_id=task_id)
    return None if found is None else Task(*found)


def find_open_task(connection: sqlite3.Connection, rule: str, product_id: str) -> Task | None:
    """An open task of this rule about this product."""
    found = _OPEN_TASK.row(connection, rule=rule, product_id=product_id)
    return None if found is None else Task(*found)


def list_tasks(connection: sqlite3.Connection) -> list[Task]:
    """Open tasks, oldest first."""
    return [Task(*row) for row in _TASKS.run(connection)]


def finish_task(connection: sqlite3.Connection, task_id: str, now_ms: int) -> None:
    _DONE.run(connection, of=task_id, now_ms=now_ms)
