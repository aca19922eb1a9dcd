"""Approval limits: how much a role or a person may approve in one purchase order."""

from typing import Literal

from pydantic import MISSING

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.purchasing import ApprovalLimit
from cloud_hub.web.fields import Amount, AmountText, Currency, Input, Time, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import amount as amount_text

table = Table("purchasing")

Approver = Literal["warehouse_manager", "store_manager"]


class Whose(Input):
    """Either a role or a person, and a currency."""

    role: Approver | None = None
    user_id: Uuid | None = None
    currency: Currency = "EUR"


class SetLimit(Whose):
    """An amount, or `unlimited`; a person's own limit wins over their role's."""

    amount: Amount | MISSING = MISSING
    """The most that they may approve in one order; left out with `unlimited`, and only then."""
    unlimited: bool = False
    """True: they may approve any amount. To take a limit away, so that nothing may be approved, use DELETE."""


class LimitView(View):
    role: str | None
    user_id: str | None
    currency: str
    amount: AmountText | None
    """Null when unlimited."""
    unlimited: bool
    updated_at: Time


class Limits(View):
    items: list[LimitView]


@table.add("GET", "/approval-limits", permission=Permission.ORDERS_EXPECTED, answer=Limits)
async def list_approval_limits(call: Call[None, None]) -> Limits:
    """Who may approve how much; administrators may approve anything, a manager without a limit nothing"""
    return Limits(items=[view_of(limit) for limit in await call.hub.purchasing.limits()])


@table.add("PUT", "/approval-limits", permission=Permission.USERS_WRITE, body=SetLimit, answer=LimitView,
           errors=(Conflict,))  # fmt: skip
async def set_approval_limit(call: Call[None, SetLimit]) -> LimitView:
    """Say how much a role or a person may approve in one order, per currency: an amount, or `unlimited`"""
    body = call.body
    if (body.amount is MISSING) != body.unlimited:
        raise Conflict("amount_or_unlimited", "expected either an amount or unlimited: true", pointer="/amount")
    amount = None if body.amount is MISSING else body.amount
    return view_of(await call.hub.purchasing.set_limit(_subject(body), body.currency, amount, call.now_ms))


@table.add("DELETE", "/approval-limits", permission=Permission.USERS_WRITE, query=Whose, status=204,
           errors=(Conflict, NotFound))  # fmt: skip
async def remove_approval_limit(call: Call[Whose, None]) -> Answer:
    """Take a limit away: a role may then approve nothing, a person what their role may"""
    await call.hub.purchasing.remove_limit(_subject(call.query), call.query.currency)
    return Answer(view=None)


def _subject(whose: Whose) -> str:
    if (whose.role is None) == (whose.user_id is None):
        raise Conflict("role_or_user", "expected either a role or a user_id")
    return f"role:{whose.role}" if whose.user_id is None else f"user:{whose.user_id}"


def view_of(limit: ApprovalLimit) -> LimitView:
    kind, _, name = limit.subject.partition(":")
    return LimitView(
        role=name if kind == "role" else None, user_id=name if kind == "user" else None, currency=limit.currency,
        amount=amount_text(limit.amount), unlimited=limit.amount is None, updated_at=rfc3339(limit.updated_at),
    )  # fmt: skip
