"""Plans of what is to be done at once, and what became of them; the newest are kept."""

import sqlite3
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select

from edge_agent.storage.schema import plans
from edge_agent.storage.statement import Statement, saving

KEPT_MAX = 500


class Plan(NamedTuple):
    plan_id: str
    state: str
    """proposed, confirmed or undone."""
    actions: str
    done: str
    """JSON lists: what is to be done, and of a confirmed plan what each has to be taken back with."""
    actor: str
    made_at: int
    changed_at: int


_COLUMNS = [plans.c[name] for name in Plan._fields]
_SAVE = saving(plans, "plan_id")
_FIND = Statement(select(*_COLUMNS).where(plans.c.plan_id == bindparam("plan_id")))
_KEPT = select(plans.c.plan_id).order_by(plans.c.made_at.desc(), plans.c.plan_id.desc()).limit(KEPT_MAX)
_DROP_OLDEST = Statement(delete(plans).where(plans.c.plan_id.not_in(_KEPT)))


def save(connection: sqlite3.Connection, plan: Plan) -> None:
    """New, or changed; the oldest make room."""
    _SAVE.run(connection, **plan._asdict())
    _DROP_OLDEST.run(connection)


def find(connection: sqlite3.Connection, plan_id: str) -> Plan | None:
    found = _FIND.row(connection, plan_id=plan_id)
    return None if found is None else Plan(*found)
