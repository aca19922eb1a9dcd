"""B04, B07, B09: the rules that stores obey with the line down, of the chain and of one site."""

from typing import Annotated, Any, Literal

from pydantic import MISSING, BeforeValidator, Field, StringConstraints

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.store_rules import Rules
from cloud_hub.web.fields import Input, View, whole_number
from cloud_hub.web.operations import Call, Table

table = Table("sites")

Whole = Annotated[int, Field(ge=1, le=3_650), BeforeValidator(whole_number)]
Managed = Literal["adjust", "return", "negative_stock", "expired_sale"]
_TEMPLATE = r"^[0-9]{1,7}:[PX]+C?V*[PX]*/(price|weight|count|item)(/[0-5](/(kg|g|lb|l))?)?$"
Template = Annotated[str, StringConstraints(pattern=_TEMPLATE, max_length=40)]


class RulesPatch(Input):
    """Fields that are left out stay; null goes back to what the wider scope says."""

    expired_sale: Literal["block", "warn", "allow"] | MISSING | None = MISSING
    blind_receiving: bool | MISSING | None = MISSING
    blind_counts: bool | MISSING | None = MISSING
    undo_minutes: Whole | MISSING | None = MISSING
    needs_manager: Annotated[list[Managed], Field(max_length=4)] | MISSING | None = MISSING
    instore_rules: Annotated[list[Template], Field(max_length=100)] | MISSING | None = MISSING
    count_a_days: Whole | MISSING | None = MISSING
    count_b_days: Whole | MISSING | None = MISSING
    count_c_days: Whole | MISSING | None = MISSING
    counts_per_day: Whole | MISSING | None = MISSING


class RulesView(View):
    expired_sale: str
    blind_receiving: bool
    blind_counts: bool
    undo_minutes: int
    needs_manager: list[str]
    instore_rules: list[str]
    count_a_days: int
    count_b_days: int
    count_c_days: int
    counts_per_day: int
    own: dict[str, Any]
    """What this scope says itself; all else comes from the wider one."""


_SITE, _CHAIN = "/store-rules/sites/{site_id}", "/store-rules/chain"


@table.add("GET", _CHAIN, permission=Permission.SITES_READ, answer=RulesView)
async def get_chain_rules(call: Call[None, None]) -> RulesView:
    """The chain's rules, which sites may change for themselves"""
    return view_of(await call.hub.store_rules.get(None))


@table.add(
    "PUT", _CHAIN, permission=Permission.SITES_WRITE, body=RulesPatch, answer=RulesView, errors=(Invalid, Conflict)
)
async def set_chain_rules(call: Call[None, RulesPatch]) -> RulesView:
    """Change the chain's rules; every box learns of it by its feed"""
    call.principal.require_reach(None)
    return view_of(await call.hub.store_rules.edit(None, call.body.model_dump(), call.now_ms))


@table.add("GET", _SITE, permission=Permission.SITES_READ, answer=RulesView, errors=(NotFound,))
async def get_site_rules(call: Call[None, None]) -> RulesView:
    """The rules that a store's box obeys with the line down"""
    call.principal.require_site(call.path["site_id"])
    return view_of(await call.hub.store_rules.get(call.path["site_id"]))


@table.add("PUT", _SITE, permission=Permission.SITES_WRITE, body=RulesPatch, answer=RulesView,
           errors=(Invalid, NotFound, Conflict))  # fmt: skip
async def set_site_rules(call: Call[None, RulesPatch]) -> RulesView:
    """Change a site's rules; its box learns of it by its feed"""
    call.principal.require_site(call.path["site_id"])
    return view_of(await call.hub.store_rules.edit(call.path["site_id"], call.body.model_dump(), call.now_ms))


def view_of(rules: Rules) -> RulesView:
    return RulesView(**rules.in_force, own=rules.own)
