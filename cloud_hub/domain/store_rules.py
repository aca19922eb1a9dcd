"""What head office rules at its stores: flat names outside, the policy's settings inside; the narrower scope wins.

A box holds the same defaults (a contract test compares them), so what nobody has set is not told. Pure.
"""

from collections.abc import Mapping
from typing import Any

from cloud_hub.errors import Invalid
from sync_protocol.errors import Malformed
from sync_protocol.instore_rules import parse_rule

DEFAULTS: dict[str, Any] = {
    "expired_sale": "block",
    "blind_receiving": False,
    "blind_counts": True,
    "undo_minutes": 30,
    "needs_manager": [],
    "instore_rules": [],
    "count_a_days": 30,
    "count_b_days": 90,
    "count_c_days": 180,
    "counts_per_day": 20,
}
_INSIDE = {
    "instore_rules": ("scanner", "instore_rules"), "count_a_days": ("count_plan", "a_days"),
    "count_b_days": ("count_plan", "b_days"), "count_c_days": ("count_plan", "c_days"),
    "counts_per_day": ("count_plan", "per_day"),
}  # fmt: skip
"""Rules that lie in an object of the settings."""


def require(rules: Mapping[str, Any]) -> None:
    """Raises Invalid for what a box could not obey."""
    for index, template in enumerate(rules.get("instore_rules") or ()):
        try:
            parse_rule(template)
        except Malformed as error:
            raise Invalid("instore_rule", str(error), pointer=f"/instore_rules/{index}") from None


def read(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The rules that a scope's settings say."""
    found = {}
    for name in DEFAULTS:
        group, inner = _INSIDE.get(name, (None, name))
        said = settings.get(group, {}) if group else settings
        if isinstance(said, Mapping) and inner in said:
            found[name] = said[inner]
    return found


def write(settings: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with these rules in them; one that is None is no longer said."""
    made = {name: dict(value) if isinstance(value, Mapping) else value for name, value in settings.items()}
    for name, value in rules.items():
        group, inner = _INSIDE.get(name, (None, name))
        place = made.setdefault(group, {}) if group else made
        if value is None:
            place.pop(inner, None)
        else:
            place[inner] = value
    return {name: value for name, value in made.items() if value != {}}


def merged(wider: Mapping[str, Any], narrower: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of two scopes together, objects member by member."""
    made = dict(wider)
    for name, value in narrower.items():
        both = isinstance(value, Mapping) and isinstance(made.get(name), Mapping)
        made[name] = {**made[name], **value} if both else value
    return made
