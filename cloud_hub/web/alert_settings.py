"""F19: when alerts are raised and how people hear of them, per person, site and chain."""

from typing import Annotated, Any, Literal

from pydantic import MISSING, AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from cloud_hub.domain.alert_settings import CHAIN, of_site, of_user
from cloud_hub.domain.alert_types import AlertType
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import NotFound
from cloud_hub.services.alert_settings import Settings
from cloud_hub.web.fields import Input, View, whole_number
from cloud_hub.web.operations import Call, Table

table = Table("alerts")


Span = Annotated[int, Field(ge=1, le=100_000), BeforeValidator(whole_number)]
Days = Annotated[int, Field(ge=1, le=365), BeforeValidator(whole_number)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$")]
Severity = Literal["info", "warning", "critical"]
KINDS = [str(each) for each in AlertType]


def _kind(value: str) -> str:
    if value not in KINDS:
        raise ValueError("expected an alert type")
    return value


Kind = Annotated[str, AfterValidator(_kind), WithJsonSchema({"type": "string", "enum": KINDS})]
Kinds = Annotated[list[Kind], Field(max_length=20)]


class SettingsPatch(Input):
    """Fields that are left out stay; null goes back to what the wider scope says."""

    alert_threshold_days: Days | MISSING | None = MISSING
    """So many days ahead a lot's end (and, once the hub predicts, a depletion) is an alert."""
    low_stock_enabled: bool | MISSING | None = MISSING
    """False: nobody is told of low stock, and sites that the hub runs raise no alert of it."""
    predicted_depletion_enabled: bool | MISSING | None = MISSING
    sync_lag_minutes: Span | MISSING | None = MISSING
    """A connected box whose oldest record waits for longer is an alert."""
    device_offline_minutes: Span | MISSING | None = MISSING
    transfer_overdue_days: Days | MISSING | None = MISSING
    email_enabled: bool | MISSING | None = MISSING
    min_severity: Severity | MISSING | None = MISSING
    """Mails tell of alerts that are at least so severe."""
    muted_types: Kinds | MISSING | None = MISSING
    quiet_from: Clock | MISSING | None = MISSING
    """With quiet_until: no mails in between, by the clock of `timezone`; they come when it ends, if it still holds."""
    quiet_until: Clock | MISSING | None = MISSING
    timezone: Zone | MISSING | None = MISSING
    digest: Literal["off", "hourly", "daily"] | MISSING | None = MISSING
    """One mail an hour, or one a day at digest_at, of what holds then."""
    digest_at: Clock | MISSING | None = MISSING


class SettingsView(View):
    alert_threshold_days: int
    low_stock_enabled: bool
    predicted_depletion_enabled: bool
    sync_lag_minutes: int
    device_offline_minutes: int
    transfer_overdue_days: int
    email_enabled: bool
    min_severity: str
    muted_types: list[str]
    quiet_from: str | None
    quiet_until: str | None
    timezone: str
    digest: str
    digest_at: str
    own: dict[str, Any]
    """What this scope says itself; all else comes from the wider one."""


_MINE, _SITE, _CHAIN = "/alerts/settings", "/alerts/settings/sites/{site_id}", "/alerts/settings/chain"


@table.add("GET", _MINE, permission=Permission.ALERTS_READ, answer=SettingsView)
async def get_alert_settings(call: Call[None, None]) -> SettingsView:
    """Your settings: how you are told"""
    return view_of(await call.hub.alert_settings.get(_mine(call)))


@table.add("PUT", _MINE, permission=Permission.ALERTS_READ, body=SettingsPatch, answer=SettingsView)
async def set_alert_settings(call: Call[None, SettingsPatch]) -> SettingsView:
    """Change how you are told"""
    return await _edit(call, _mine(call))


@table.add("GET", _SITE, permission=Permission.ALERTS_READ, answer=SettingsView, errors=(NotFound,))
async def get_site_alert_settings(call: Call[None, None]) -> SettingsView:
    """A site's settings: when alerts are raised there"""
    return view_of(await call.hub.alert_settings.get(_site(call)))


@table.add("PUT", _SITE, permission=Permission.ALERTS_GOVERN, body=SettingsPatch, answer=SettingsView,
           errors=(NotFound,))  # fmt: skip
async def set_site_alert_settings(call: Call[None, SettingsPatch]) -> SettingsView:
    """Change when alerts are raised at a site"""
    return await _edit(call, _site(call))


@table.add("GET", _CHAIN, permission=Permission.ALERTS_READ, answer=SettingsView)
async def get_chain_alert_settings(call: Call[None, None]) -> SettingsView:
    """The chain's settings, which sites and people may narrow"""
    return view_of(await call.hub.alert_settings.get([CHAIN]))


@table.add("PUT", _CHAIN, permission=Permission.ALERTS_GOVERN, body=SettingsPatch, answer=SettingsView)
async def set_chain_alert_settings(call: Call[None, SettingsPatch]) -> SettingsView:
    """Change the chain's settings"""
    call.principal.require_reach(None)
    return await _edit(call, [CHAIN])


def _mine(call: Call[Any, Any]) -> list[str]:
    return [CHAIN, of_user(call.principal.id)]


def _site(call: Call[Any, Any]) -> list[str]:
    call.principal.require_site(call.path["site_id"])
    return [CHAIN, of_site(call.path["site_id"])]


async def _edit(call: Call[None, SettingsPatch], scopes: list[str]) -> SettingsView:
    fields = call.body.model_dump()
    return view_of(await call.hub.alert_settings.edit(scopes, fields, call.principal.name, call.now_ms))


def view_of(settings: Settings) -> SettingsView:
    return SettingsView(**settings.in_force, own=settings.own)
