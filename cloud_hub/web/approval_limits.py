"""Approval limits: how much a role or a person may approve in one purchase order."""

from decimal import Decimal
from typing import Literal

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict
from cloud_hub.services.purchasing import ApprovalLimit
from cloud_hub.web.fields import Amount, AmountText, Currency, Input, Time, Uuid, View
from cloud_hub.web.operations import Call, Table
from cloud_hub.web.products import amount as amount_text
from cloud_hub.web.times import rfc3339

table = Table("purchasing")

Approver = Literal["warehouse_manager", "store_manager"]


class SetLimit(Input):
    """Either a role or a person; a person's own limit wins over their role's."""

    role: Approver | None = None
    user_id: Uuid | None = None
    currency: Currency = "EUR"
    amount: Amount | None
    """Null: any amount."""


class LimitView(View):
    role: str | None
    user_id: str | None
    currency: str
    amount: AmountText | None
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
    """Say how much a role or a person may approve in one order, per currency"""
    body = call.body
    if (body.role is None) == (body.user_id is None):
        raise Conflict("role_or_user", "expected either a role or a user_id")
    subject = f"role:{body.role}" if body.user_id is None else f"user:{body.user_id}"
    amount: Decimal | None = body.amount
    return view_of(await call.hub.purchasing.set_limit(subject, body.currency, amount, call.now_ms))


def view_of(limit: ApprovalLimit) -> LimitView:
    kind, _, name = limit.subject.partition(":")
    return LimitView(
        role=name if kind == "role" else None, user_id=name if kind == "user" else None, currency=limit.currency,
        amount=amount_text(limit.amount), updated_at=rfc3339(limit.updated_at),
    )  # fmt: skip
