"""The box itself: its link, its health, who is at it, its scanners."""

from typing import Literal

from typing_extensions import TypedDict

from edge_agent.web.views.goods import ScanView, StockView
from edge_agent.web.views.values import AsOf, Position, Time


class Feed(TypedDict):
    origin_id: str | None
    position: Position


class SyncView(TypedDict):
    site_id: str
    site_name: str
    device_id: str
    origin_id: str
    boot: int
    hub_epoch: int | None
    head: Position
    position: Position
    acked: Position
    safe_mark: Position
    first_retained: Position
    pending: int
    oldest_unacked_age_s: int | None
    state: str
    verdict: str | None
    since: Time | None
    last_error: str | None
    last_error_at: Time | None
    hub_time: Time | None
    clock_offset_ms: int | None
    feed: Feed
    feed_lag: int | None
    as_of: AsOf


class CheckView(TypedDict):
    name: str
    result: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str | None


class HealthView(TypedDict):
    status: Literal["ok", "warn", "fail"]
    checks: list[CheckView]


class LiveView(TypedDict):
    status: Literal["ok"]


class ReadyView(LiveView):
    head: Position


class PersonView(TypedDict):
    id: str
    name: str
    full_name: str
    role: str
    permissions: list[str]


class LoggedIn(TypedDict):
    person: PersonView
    expires_at: Time


class Me(TypedDict):
    id: str | None
    name: str
    full_name: str
    role: str
    permissions: list[str] | None
    device: str | None
    done_by: str | None


class ApprovalView(TypedDict):
    approval: str
    expires_at: Time
    by: str


class SessionView(TypedDict):
    id: str
    person: str
    device: str
    started_at: Time
    used_at: Time
    expires_at: Time
    is_this: bool


class LastBytes(TypedDict):
    hex: str
    ascii: str
    age_ms: int | None


class ScannerView(TypedDict):
    name: str
    url: str
    mode: str
    state: str
    state_age_ms: int | None
    where: str | None
    last_error: str | None
    opens: int
    losses: int
    scans: int
    bytes: int
    last_scan_age_ms: int | None
    alerts: dict[str, str]
    last_bytes: LastBytes | None


class Advice(TypedDict):
    code: str
    text: str


class RawOpened(TypedDict):
    session: int
    kind: str


class RawBytes(TypedDict):
    session: int
    hex: str
    ascii: str
    advice: list[Advice]


class RawFrame(RawBytes):
    ended_by: str
    aim: str | None
    symbology: str | None
    gtin: str | None
    sku: str | None
    lot: str | None
    expiry: str | None
    serial: str | None
    flags: list[str]


class RawMissed(TypedDict):
    events: int


class RawData(TypedDict):
    """What a scanner's own stream says, by the event's name."""

    state: ScannerView
    opened: RawOpened
    bytes: RawBytes
    frame: RawFrame
    missed: RawMissed


class ScanEvent(ScanView):
    device: str
    mode: str
    code: str
    beep: str


class StockChange(StockView):
    product_id: str


class StockEvent(TypedDict):
    position: Position
    items: list[StockChange]


class ResyncEvent(TypedDict):
    detail: str


class EventData(TypedDict):
    """What is in `data`, by the event's name."""

    scan: ScanEvent
    stock: StockEvent
    sync: SyncView
    resync: ResyncEvent
