"""When alerts are raised and how people hear of them: settings, the narrower scope winning field by field.

A person's settings win over their site's, those over the chain's, those over DEFAULTS. Pure:
a moment at which a person may be told is worked out from `now`, their quiet hours and zone.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cloud_hub.domain.alert_types import RANK, AlertType
from cloud_hub.errors import Invalid

CHAIN = "chain"
DEFAULTS: dict[str, Any] = {
    "low_stock_enabled": True,
    "predicted_depletion_enabled": True,
    "alert_threshold_days": 7,
    "sync_lag_minutes": 60,
    "device_offline_minutes": 15,
    "transfer_overdue_days": 3,
    "email_enabled": True,
    "min_severity": "info",
    "muted_types": [],
    "quiet_from": None,
    "quiet_until": None,
    "timezone": "UTC",
    "digest": "off",
    "digest_at": "08:00",
}
BOXES_OBEY = frozenset(("low_stock_enabled", "alert_threshold_days"))
"""What the chain or a site says of these, its boxes are told: they raise the alerts."""
GATHER_MS = 60_000
"""So long alerts are gathered into one mail; what is over by then is not told at all."""
_LOW = (AlertType.LOW_STOCK, AlertType.CRITICAL, AlertType.OUT_OF_STOCK)


def of_site(site_id: str) -> str:
    """The scope of a site."""
    return f"site:{site_id}"


def of_user(user_id: str) -> str:
    """The scope of a person (or key)."""
    return f"user:{user_id}"


def merged(*scopes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in force, the widest scope first."""
    return {name: value for scope in (DEFAULTS, *scopes) for name, value in scope.items()}


def require_both_quiet_hours(settings: Mapping[str, Any]) -> None:
    """One end alone would be obeyed by nobody. Raises Invalid."""
    for here, there in (("quiet_from", "quiet_until"), ("quiet_until", "quiet_from")):
        if settings[here] is None and settings[there] is not None:
            raise Invalid("quiet_hours", f"expected {here} as well as {there}", pointer=f"/{here}")


def is_wanted(settings: Mapping[str, Any], kind: str, severity: str) -> bool:
    """Whether somebody with these settings wants to hear of such an alert."""
    if not settings["email_enabled"] or kind in settings["muted_types"]:
        return False
    if kind in _LOW and not settings["low_stock_enabled"]:
        return False
    if kind == AlertType.PREDICTED_DEPLETION and not settings["predicted_depletion_enabled"]:
        return False
    return RANK.get(severity, 0) >= RANK[settings["min_severity"]]


def tell_at_ms(settings: Mapping[str, Any], now_ms: int) -> int:
    """When somebody with these settings may be told what is found now."""
    zone = ZoneInfo(settings["timezone"])
    local = datetime.fromtimestamp((now_ms + GATHER_MS) / 1000, UTC).astimezone(zone)
    if settings["digest"] == "daily":
        local = _next(local, _time(settings["digest_at"]))
    elif settings["digest"] == "hourly":
        local = _next_hour(local)
    if settings["quiet_from"] is not None and settings["quiet_until"] is not None:
        local = _after_quiet(local, _time(settings["quiet_from"]), _time(settings["quiet_until"]))
    return int(local.timestamp() * 1000)


def _after_quiet(local: datetime, start: time, end: time) -> datetime:
    now = local.time()
    is_quiet = start <= now < end if start <= end else now >= start or now < end
    return _next(local, end) if is_quiet else local


def _next(local: datetime, at: time) -> datetime:
    """The next time that the clock on the wall shows this."""
    found = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0, fold=0)
    return found if found > local else found + timedelta(days=1)


def _next_hour(local: datetime) -> datetime:
    following = local.astimezone(UTC) + timedelta(hours=1)
    return following.replace(minute=0, second=0, microsecond=0).astimezone(local.tzinfo)


def _time(text: str) -> time:
    return time.fromisoformat(text)
