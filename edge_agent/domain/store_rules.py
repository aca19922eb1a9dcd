"""What head office has set for this store, and what holds where it said nothing (or nothing that can be used).

The settings come down with the policy as plain JSON. A value that does not fit is left out and
named, and its default holds: a broken rule never stops the shop.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OnExpired = Literal["block", "warn", "allow"]
_YEAR_9999_MS = 253_402_300_799_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPlan:
    """How often products are counted by their rank, and how many are asked for in a day."""

    a_days: int = 30
    b_days: int = 90
    c_days: int = 180
    per_day: int = 20

    def days_of(self, rank: str) -> int:
        """Of A, B or C."""
        return {"A": self.a_days, "B": self.b_days}.get(rank, self.c_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRules:
    """Each field is a setting of that name."""

    timezone: str = "UTC"
    """The store's days are of this zone."""
    expired_sale: OnExpired = "block"
    """What a scan of goods beyond their last good day may do; a manager's approval lifts a block."""
    alert_threshold_days: int = 7
    """So many days ahead the end of a lot is an alert."""
    blind_receiving: bool = False
    blind_counts: bool = True
    """Unless who opens a stocktake says otherwise."""
    undo_minutes: int = 30
    """So long a scan may be taken back at the box."""
    count_plan: CountPlan = field(default_factory=CountPlan)


def read_rules(settings: Mapping[str, Any]) -> tuple[StoreRules, list[str]]:
    """The rules in the settings of a policy, and what is wrong with them."""
    values, mistakes = _fitting(settings, _CHECKS)
    plan = settings.get("count_plan", {})
    if isinstance(plan, Mapping):
        of_plan, of_it = _fitting(plan, dict.fromkeys((each.name for each in fields(CountPlan)), _is_days))
        values["count_plan"] = CountPlan(**of_plan)
        mistakes += [f"count_plan.{mistake}" for mistake in of_it]
    else:
        mistakes.append(f"count_plan: expected an object, got {str(plan)[:40]!r}")
    return StoreRules(**values), mistakes


def day_of(rules: StoreRules, at_ms: int) -> str:
    """The store's day (YYYY-MM-DD) of a moment."""
    return _local(rules.timezone, at_ms).strftime("%Y-%m-%d")


def days_later(day: str, days: int) -> str:
    """The day so many days after one; the last that there is when it is beyond."""
    try:
        return (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days)).strftime("%Y-%m-%d")
    except (OverflowError, ValueError):
        return "9999-12-31"


def _local(zone: str, at_ms: int) -> datetime:
    """A clock beyond what dates can say is the nearest that they can."""
    bounded = max(86_400_000, min(at_ms, _YEAR_9999_MS - 86_400_000))
    return datetime.fromtimestamp(bounded / 1000, _zone(zone) or UTC)


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _is_zone(value: Any) -> bool:
    return type(value) is str and _zone(value) is not None


def _is_days(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 3_650


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_policy(value: Any) -> bool:
    return value in ("block", "warn", "allow")


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "timezone": _is_zone, "expired_sale": _is_policy, "alert_threshold_days": _is_days, "blind_receiving": _is_flag,
    "blind_counts": _is_flag, "undo_minutes": _is_days,
}  # fmt: skip


def _fitting(said: Mapping[str, Any], checks: Mapping[str, Callable[[Any], bool]]) -> tuple[dict[str, Any], list[str]]:
    known = {name: said[name] for name in checks if said.get(name) is not None}
    wrong = [name for name, value in known.items() if not checks[name](value)]
    mistakes = [f"{name}: cannot use {str(known[name])[:40]!r}" for name in wrong]
    return {name: value for name, value in known.items() if name not in wrong}, mistakes
