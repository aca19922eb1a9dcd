"""Plans: several things asked for at once, shown before they are done, done whole or not at all, and taken back."""

import sqlite3
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, model_validator

from edge_agent.domain.people import Caller
from edge_agent.domain.planned import Action
from edge_agent.errors import Invalid
from edge_agent.services import planning
from edge_agent.services.once import Answer, Kept, fingerprint, once
from edge_agent.services.planning import ACTIONS_MAX, Preview
from edge_agent.storage import ledger
from edge_agent.web import render
from edge_agent.web.body import Body, Key, NotNegative, Positive, Text, key_of
from edge_agent.web.context import answer, caller_of, kept, now_ms, store_of
from edge_agent.web.operations import Table
from edge_agent.web.views.work import PlanView

TABLE = Table("assistant")


class AddAction(Body):
    kind: Literal["add"]
    product: Key
    quantity: Positive


class CriticalLevelAction(Body):
    kind: Literal["set_critical_level"]
    product: Key
    quantity: NotNegative


class ArchiveAction(Body):
    kind: Literal["archive"]
    product: Key


AnyAction = Annotated[AddAction | CriticalLevelAction | ArchiveAction, Field(discriminator="kind")]


class PlanBody(Body):
    actions: Annotated[tuple[AnyAction, ...], Field(max_length=ACTIONS_MAX)] = ()
    sentence: Text | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "PlanBody":
        if bool(self.actions) == (self.sentence is not None):
            raise ValueError("expected actions, or a sentence")
        return self


class ConfirmBody(Body):
    typed: Text | None = None


@TABLE.add("POST", "/assistant/plans", answer=PlanView, status=201, keyed=True)
async def post_plan(request: web.Request, body: PlanBody) -> web.Response:
    """Plan several actions and see what each would change; nothing is done yet."""
    if body.sentence is not None:
        raise Invalid("not_yet_understood", "this box does not understand sentences yet", pointer="/sentence",
                      expected="actions, such as [{kind: add, product, quantity}]")  # fmt: skip
    return kept(await store_of(request).database.write(_propose, body, caller_of(request), key_of(request)))


@TABLE.add("GET", "/assistant/plans/{id}", answer=PlanView)
async def get_plan(request: web.Request) -> web.Response:
    """A plan as it would be done now, or was."""
    return answer(await store_of(request).database.read(_one, request.match_info["id"], caller_of(request)))


@TABLE.add("POST", "/assistant/plans/{id}/confirm", answer=PlanView)
async def confirm_plan(request: web.Request, body: ConfirmBody) -> web.Response:
    """Do all of it, or nothing; once."""
    asked = request.match_info["id"], body.typed, caller_of(request)
    return answer(await store_of(request).database.write(_confirm, *asked))


@TABLE.add("POST", "/assistant/plans/{id}/undo", answer=PlanView)
async def undo_plan(request: web.Request) -> web.Response:
    """Take all of it back, or nothing; once."""
    return answer(await store_of(request).database.write(_undo, request.match_info["id"], caller_of(request)))


def _propose(connection: sqlite3.Connection, body: PlanBody, caller: Caller, key: str | None) -> Kept:
    def act(connection: sqlite3.Connection) -> tuple[Answer, int]:
        actions = [Action(each.kind, each.product, getattr(each, "quantity", None)) for each in body.actions]
        shown = _view(planning.propose(connection, actions, caller, now_ms()))
        return shown, ledger.head(connection)[0]

    return once(connection, key, fingerprint("plan", body.model_dump(mode="json")), act)


def _one(connection: sqlite3.Connection, plan_id: str, caller: Caller) -> Answer:
    return _view(planning.show(connection, planning.find(connection, plan_id), caller))


def _confirm(connection: sqlite3.Connection, plan_id: str, typed: str | None, caller: Caller) -> Answer:
    return _view(planning.confirm(connection, planning.find(connection, plan_id), typed, caller, now_ms()))


def _undo(connection: sqlite3.Connection, plan_id: str, caller: Caller) -> Answer:
    return _view(planning.undo(connection, planning.find(connection, plan_id), caller, now_ms()))


def _view(preview: Preview) -> Answer:
    plan = preview.plan
    return {
        "id": plan.plan_id, "status": plan.state, "actor": plan.actor, "made_at": render.time(plan.made_at),
        "changed_at": render.time(plan.changed_at), "type_to_confirm": preview.to_type,
        "actions": [
            {"kind": step.action.kind, "product_id": step.product.product_id, "name": step.product.name,
             "quantity": render.quantity(step.action.quantity), "was": step.before, "becomes": step.after,
             "needs": step.needs, "is_allowed": step.is_allowed}
            for step in preview.steps
        ],
    }  # fmt: skip
