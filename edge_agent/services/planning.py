"""Plan, preview, confirm, undo: several things done at once, or none of them.

A plan says what is there before and after, and what each action needs of whoever confirms it. Confirming does all
of it in one transaction by the same use cases as everything else; again it has no second effect. Undoing takes all
of it back, or says why it cannot. The words that people say are not understood here: a grammar makes actions of them.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import uuid_utils

from edge_agent.domain import planned
from edge_agent.domain.people import ADMIN, Caller
from edge_agent.domain.planned import Action
from edge_agent.domain.stock import position_of
from edge_agent.errors import Conflict, Forbidden, NotFound
from edge_agent.services import adjusting, alerting, proposing, reading, scanning, undoing
from edge_agent.services.adjusting import Adjustment
from edge_agent.services.counting import product_of
from edge_agent.storage import catalogue, levels, plans
from edge_agent.storage.catalogue import Product
from edge_agent.storage.plans import Plan
from sync_protocol.quantity import format_quantity
from sync_protocol.vocabulary import Reason

GOOD_FOR_MS = 3_600_000
"""After that people have forgotten what they looked at."""
ACTIONS_MAX = 500
EVERYTHING = "*"


class Step(NamedTuple):
    """An action as it is shown: `before` and `after` in words."""

    action: Action
    product: Product
    before: str | None
    after: str | None
    needs: str
    is_allowed: bool


class Preview(NamedTuple):
    """A plan, and what it would do now, or has done."""

    plan: Plan
    steps: list[Step]
    to_type: str | None


def propose(connection: sqlite3.Connection, actions: Sequence[Action], caller: Caller, now_ms: int) -> Preview:
    """Keep the plan and show it; nothing is done. Raises Invalid, NotFound, Conflict."""
    meant = [each for action in actions for each in _each(connection, action, now_ms)]
    if len(meant) > ACTIONS_MAX:
        raise Conflict("too_many_products", f"expected at most {ACTIONS_MAX} products in one plan, got {len(meant)}",
                       remedy="head office archives whole catalogues")  # fmt: skip
    text = orjson.dumps([list(action) for action in meant]).decode()
    plan = Plan(str(uuid_utils.uuid7()), "proposed", text, "[]", caller.name, now_ms, now_ms)
    plans.save(connection, plan)
    return show(connection, plan, caller)


def find(connection: sqlite3.Connection, plan_id: str) -> Plan:
    """Raises NotFound."""
    plan = plans.find(connection, plan_id)
    if plan is None:
        raise NotFound("plan", f"there is no plan {plan_id[:60]!r}")
    return plan


def show(connection: sqlite3.Connection, plan: Plan, caller: Caller) -> Preview:
    """The plan as this caller may carry it out."""
    actions = [Action(*action) for action in orjson.loads(plan.actions)]
    done = orjson.loads(plan.done) or [None] * len(actions)
    steps = [_step(connection, action, caller, kept) for action, kept in zip(actions, done, strict=True)]
    return Preview(plan, steps, planned.to_type(sum(step.needs == ADMIN for step in steps)))


def confirm(connection: sqlite3.Connection, plan: Plan, typed: str | None, caller: Caller, now_ms: int) -> Preview:
    """Do all of it; a plan that was confirmed stays as it is. Raises Conflict, Forbidden: then nothing is done."""
    if plan.state == "confirmed":
        return show(connection, plan, caller)
    if plan.state != "proposed" or not 0 <= now_ms - plan.made_at < GOOD_FOR_MS:
        raise Conflict("plan_over", "expected a plan of the last hour that nobody has taken back",
                       remedy="make the plan again")  # fmt: skip
    preview = show(connection, plan, caller)
    _require_allowed(preview.steps)
    if preview.to_type != typed:
        raise Conflict("type_to_confirm", f"expected {preview.to_type!r} to be typed, got {(typed or '')[:40]!r}",
                       remedy=f"type {preview.to_type}" if preview.to_type else "type nothing")  # fmt: skip
    done = [_do(connection, plan, number, step, caller, now_ms) for number, step in enumerate(preview.steps)]
    confirmed = plan._replace(state="confirmed", done=orjson.dumps(done).decode(), changed_at=now_ms)
    plans.save(connection, confirmed)
    return show(connection, confirmed, caller)


def undo(connection: sqlite3.Connection, plan: Plan, caller: Caller, now_ms: int) -> Preview:
    """Take all of it back, the last first. Raises Conflict, Forbidden: then nothing is taken back."""
    if plan.state == "undone":
        return show(connection, plan, caller)
    if plan.state != "confirmed":
        raise Conflict("plan_over", "expected a plan that was carried out", remedy="nothing was done: leave it")
    preview = show(connection, plan, caller)
    _require_allowed(preview.steps)
    for step, kept in reversed(list(zip(preview.steps, orjson.loads(plan.done), strict=True))):
        _take_back(connection, step, kept, caller, now_ms)
    undone = plan._replace(state="undone", changed_at=now_ms)
    plans.save(connection, undone)
    return show(connection, undone, caller)


def _require_allowed(steps: Sequence[Step]) -> None:
    for step in steps:
        if not step.is_allowed:
            what = f"{step.action.kind} {step.product.name}"
            raise Forbidden("permission", f"{what}: expected somebody with {step.needs}")


def _each(connection: sqlite3.Connection, action: Action, now_ms: int) -> list[Action]:
    """The action with the product's id; everything means each that is in the range."""
    if action.kind == "archive" and action.product_id == EVERYTHING:
        rows = catalogue.list_products(connection, q="", after=0, limit=ACTIONS_MAX + 1)
        return [action._replace(product_id=product.product_id) for _, product in rows]
    return [action._replace(product_id=_meant(connection, action.product_id, now_ms).product_id)]


def _meant(connection: sqlite3.Connection, name: str, now_ms: int) -> Product:
    """By id, else as if a scanner had read it: a code or a SKU. Raises Invalid, NotFound."""
    by_id = catalogue.find_product(connection, name)
    if by_id is not None:
        return by_id
    scan = reading.read(connection, reading.raw_of(name.encode(), "plan", now_ms), now_ms)
    return scanning.find_scanned(connection, scan).product


def _step(connection: sqlite3.Connection, action: Action, caller: Caller, kept: dict[str, Any] | None) -> Step:
    """As it would be now; of what was done, as it was then."""
    product = product_of(connection, action.product_id)
    if kept is not None:
        return Step(action, product, kept["before"], kept["after"], kept["needs"],
                    planned.is_allowed(caller, kept["needs"]))  # fmt: skip
    before, after = _change(connection, action, product)
    need = planned.needs(action.kind, product.lifecycle)
    return Step(action, product, before, after, need, planned.is_allowed(caller, need))


def _change(connection: sqlite3.Connection, action: Action, product: Product) -> tuple[str, str]:
    if action.kind == "archive":
        return product.lifecycle, "archived"
    if action.kind == "add":
        now = position_of(*levels.held(connection, product.product_id)).on_hand
        return format_quantity(now), format_quantity(now + (action.quantity or 0))
    now = alerting.thresholds_of(connection, product).critical_level
    return format_quantity(now), format_quantity(action.quantity or 0)


def _do(
    connection: sqlite3.Connection, plan: Plan, number: int, step: Step, caller: Caller, now_ms: int
) -> dict[str, Any]:
    """Carry it out; what has to be known to take it back."""
    action, product = step.action, product_of(connection, step.action.product_id)
    kept = {"before": step.before, "after": step.after, "needs": step.needs}
    if action.kind == "archive":
        made = proposing.withdraw_product(connection, product.product_id, caller.name, now_ms, may_all=True)
        return kept | {"position": made.position, "version": product.version}
    if action.kind == "set_critical_level":
        fields = {"critical_level": action.quantity}
        made = proposing.edit_product(connection, product.product_id, fields, caller.name, now_ms, may_all=True)
        return kept | {"position": made.position, "critical_level": product.critical_level}
    wanted = Adjustment(
        product=product, delta=action.quantity, reason=Reason.RECEIPT, actor=caller.name,
        key=f"plan/{plan.plan_id}/{number}",
    )  # fmt: skip
    posted = adjusting.record_adjustment(connection, wanted, now_ms, caller=caller)
    assert posted is not None, "a plan adds more than nothing"
    return kept | {"position": posted.positions[0]}


def _take_back(connection: sqlite3.Connection, step: Step, kept: dict[str, Any], caller: Caller, now_ms: int) -> None:
    product = product_of(connection, step.action.product_id)
    if step.action.kind == "add":
        undoing.undo(connection, kept["position"], caller, now_ms)
    elif step.action.kind == "archive":
        before = product._replace(lifecycle=kept["before"], version_epoch=kept["version"][0],
                                  version_number=kept["version"][1])  # fmt: skip
        proposing.take_up_again(connection, before, caller.name, now_ms)
    elif product.critical_level != step.action.quantity:
        raise Conflict("changed_since", f"{product.name}: the critical level was changed since",
                       remedy="set it by hand")  # fmt: skip
    else:
        fields = {"critical_level": kept["critical_level"]}
        proposing.edit_product(connection, product.product_id, fields, caller.name, now_ms, may_all=True)
