"""The hub's own rules: boxes that are silent or behind, transfers that do not arrive, lots that expire.

Each rule says of a subject whether an alert is to be raised, kept as it is or cleared. What
raises and what clears lie apart, and what the hub cannot know (it does not hear the box
itself) changes nothing: so nothing flaps.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import Enum, auto
from typing import Any, NamedTuple

from cloud_hub.domain.alert_types import AlertType

MINUTE_MS = 60_000
DAY_MS = 86_400_000


class Verdict(Enum):
    """What becomes of an alert about a subject."""

    RAISE = auto()
    KEEP = auto()
    CLEAR = auto()


class Finding(NamedTuple):
    """A rule's word about one subject."""

    site_id: str
    rule: str
    subject: str
    verdict: Verdict
    severity: str = "warning"
    detail: str = ""
    product_id: str | None = None


class BoxSeen(NamedTuple):
    """What counts of a box."""

    site_id: str
    device_id: str
    name: str
    is_heard: bool
    is_connected: bool
    last_seen_ms: int | None
    oldest_unsent_ms: int | None


class Lot(NamedTuple):
    """A lot that came to a site."""

    lot: str
    expiry: date
    came: int


def judge_box(box: BoxSeen, settings: Mapping[str, Any], now_ms: int) -> list[Finding]:
    """Offline for too long; connected and yet behind for too long."""
    return [
        Finding(box.site_id, AlertType.DEVICE_OFFLINE, box.device_id, *_offline(box, settings, now_ms)),
        Finding(box.site_id, AlertType.SYNC_LAG, box.device_id, *_lag(box, settings, now_ms)),
    ]


def _offline(box: BoxSeen, settings: Mapping[str, Any], now_ms: int) -> tuple[Verdict, str, str]:
    if box.is_connected:
        return Verdict.CLEAR, "warning", ""
    if not box.is_heard or box.last_seen_ms is None:
        return Verdict.KEEP, "warning", ""
    minutes = (now_ms - box.last_seen_ms) // MINUTE_MS
    is_long = minutes >= settings["device_offline_minutes"]
    return (Verdict.RAISE if is_long else Verdict.KEEP), "warning", f"{box.name} was last heard {minutes} minutes ago"


def _lag(box: BoxSeen, settings: Mapping[str, Any], now_ms: int) -> tuple[Verdict, str, str]:
    if not box.is_heard or not box.is_connected:
        return Verdict.KEEP, "warning", ""
    minutes = 0 if box.oldest_unsent_ms is None else (now_ms - box.oldest_unsent_ms) // MINUTE_MS
    limit = settings["sync_lag_minutes"]
    if minutes >= limit:
        return Verdict.RAISE, "warning", f"{box.name} has records that wait since {minutes} minutes"
    return (Verdict.KEEP if minutes > limit // 2 else Verdict.CLEAR), "warning", ""


def judge_transfer(
    to_site: str, transfer_id: str, dispatched_ms: int, settings: Mapping[str, Any], now_ms: int
) -> Finding:
    """Dispatched and not arrived for too long."""
    days = (now_ms - dispatched_ms) // DAY_MS
    verdict = Verdict.RAISE if days >= settings["transfer_overdue_days"] else Verdict.KEEP
    return Finding(to_site, AlertType.TRANSFER_OVERDUE, transfer_id, verdict, "warning", f"on its way for {days} days")


def judge_lots(
    site_id: str, product_id: str, lots: Sequence[Lot], on_hand: int, settings: Mapping[str, Any], today: date
) -> list[Finding]:
    """Lots of which something must still be here, by first expired, first out, and that end soon."""
    found, left = [], on_hand
    for lot in sorted(lots, key=lambda each: each.expiry, reverse=True):
        here, left = min(lot.came, left), max(left - lot.came, 0)
        days = (lot.expiry - today).days
        if here <= 0 or days > settings["alert_threshold_days"]:
            continue
        severity = "critical" if days < 0 else "warning"
        detail = f"lot {lot.lot} expired on {lot.expiry}" if days < 0 else f"lot {lot.lot} expires on {lot.expiry}"
        subject = f"{product_id}:{lot.lot}:{lot.expiry}"
        found.append(Finding(site_id, AlertType.EXPIRY, subject, Verdict.RAISE, severity, detail, product_id))
    return found
