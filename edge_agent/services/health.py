"""Is this box well: a list of small checks, each with what to do about it.

A check looks at one thing and says `ok`, `warn` or `fail`. A box without a hub is not ill:
a backlog warns, it does not fail. `fail` means that staff should not rely on the box.
"""

import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from cryptography import x509

from edge_agent.services import local_access
from edge_agent.services.disk import Disk, Watermark
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage.files import Folder
from sync_protocol.clock import CLOCK_FLOOR_MS, SKEW_ALERT_MS
from sync_protocol.edge_session import Link

Result = Literal["ok", "warn", "fail"]
_RANK: dict[Result, int] = {"ok": 0, "warn": 1, "fail": 2}

BACKLOG_AGE_WARN_S = 15 * 60
BACKLOG_RECORDS_WARN = 10_000
CERTIFICATE_WARN_DAYS = 14
SAFE_SQLITE = (3, 51, 3)
"""Older versions may damage a WAL when two connections write; this program has one writer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    result: Result
    detail: str
    remedy: str = ""


class ScannerState(Protocol):
    """What health wants to know of a scanner."""

    @property
    def device(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def last_error(self) -> str: ...

    def alerts(self, now_ns: int) -> Mapping[str, str]: ...


def worst(checks: Sequence[Check]) -> Result:
    """The result of the whole box."""
    return max((check.result for check in checks), key=_RANK.__getitem__, default="ok")


def disk(found: Disk) -> Check:
    """Room for tomorrow's records."""
    free, total = found.space.free >> 20, found.space.total >> 20
    detail = f"{free} MB of {total} MB free"
    if found.watermark is Watermark.FULL:
        return Check("disk", "fail", detail, "free space now: selling goes on from the reserve only")
    if found.watermark > Watermark.ROOM:
        return Check("disk", "warn", detail, "free space, or put in a larger card")
    if not found.has_ballast:
        return Check("disk", "warn", f"{detail}, no reserve file", "free space so that the reserve can be made")
    return Check("disk", "ok", detail)


def link(status: LinkStatus) -> Check:
    """The conversation with the hub."""
    if status.state == Link.STREAMING:
        return Check("link", "ok", "in step" if not status.pending else f"{status.pending} records on their way")
    if status.state in (Link.FENCED, Link.SALVAGING):
        return Check(
            "link", "fail", f"the hub fenced this box: {status.detail}",
            "head office confirms at the hub which box survives; the store works on meanwhile",
        )  # fmt: skip
    if status.state == Link.REFUSED:
        return Check("link", "fail", f"the hub refused this box: {status.detail}", "ask head office")
    detail = status.last_error or "no connection yet"
    return Check("link", "warn", detail, "check the shop's internet connection; the store works on meanwhile")


def backlog(pending: int, oldest_age_s: int | None) -> Check:
    """What the hub does not have yet."""
    detail = f"{pending} records, oldest {oldest_age_s or 0} s"
    if pending > BACKLOG_RECORDS_WARN or (oldest_age_s or 0) > BACKLOG_AGE_WARN_S:
        return Check("backlog", "warn", detail, "nothing is lost; it goes up when the hub can be reached")
    return Check("backlog", "ok", detail)


def clock(offset_ms: int | None, clock_ms: int) -> Check:
    """Reports want a clock that is about right; order never depends on it."""
    if clock_ms < CLOCK_FLOOR_MS:
        return Check("clock", "warn", "the clock says a time in the past", "set the clock, or replace its battery")
    if offset_ms is None:
        return Check("clock", "ok", "not compared with the hub yet")
    if abs(offset_ms) > SKEW_ALERT_MS:
        return Check("clock", "warn", f"{offset_ms / 1000:+.0f} s from the hub's", "switch time synchronisation on")
    return Check("clock", "ok", f"{offset_ms} ms from the hub's")


def database(problems: Sequence[str], is_rolled_back: bool) -> Check:
    """The file, and whether it is the newest that this box has had."""
    if problems:
        return Check("database", "fail", "; ".join(problems[:3]), "run `edge-agent verify`, restore a backup")
    if is_rolled_back:
        return Check(
            "database", "warn", "older than this box remembers: it was restored from a backup",
            "connect to the hub: it returns what it knows once a person has confirmed this box",
        )  # fmt: skip
    version = ".".join(map(str, sqlite3.sqlite_version_info))
    note = "" if sqlite3.sqlite_version_info >= SAFE_SQLITE else " (one writer only: see its WAL-reset fault)"
    return Check("database", "ok", f"SQLite {version}{note}")


def files(folder: Folder) -> Check:
    """Keys are for this user only."""
    private = (folder.record_key, folder.device_key, folder.api_key, folder.enrolment, folder.database)
    missing = [path.name for path in private if not path.exists()]
    if missing:
        return Check("files", "fail", f"missing: {', '.join(missing)}", "enrol this box again")
    loose = [path.name for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if loose:
        return Check("files", "warn", f"others may read {', '.join(loose)}", f"chmod 600 {' '.join(loose)}")
    return Check("files", "ok", "keys are private")


def certificate(folder: Folder, clock_ms: int) -> Check:
    """The client certificate ends some day."""
    try:
        found = x509.load_pem_x509_certificate(folder.device_certificate.read_bytes())
    except (OSError, ValueError) as error:
        return Check("certificate", "fail", f"cannot be read: {error}", "enrol this box again")
    left = found.not_valid_after_utc - datetime.fromtimestamp(clock_ms / 1000, UTC)
    if left.days < 0:
        return Check("certificate", "fail", f"ended {-left.days} days ago", "renew it at the hub")
    if left.days < CERTIFICATE_WARN_DAYS:
        return Check("certificate", "warn", f"ends in {left.days} days", "renew it at the hub")
    return Check("certificate", "ok", f"good for {left.days} days")


def https(folder: Folder, clock_ms: int) -> Check:
    """The certificate that other devices of the store see."""
    remedy = "connect to the hub: the agent renews it by itself"
    try:
        found = local_access.certificate(folder)
    except (OSError, ValueError) as error:
        return Check("https", "warn", f"cannot be read: {error}", remedy)
    if found is None or not folder.people_key.exists():
        return Check("https", "warn", "head office has given this box no certificate for people yet", remedy)
    left = (found.not_valid_after_utc - datetime.fromtimestamp(clock_ms / 1000, UTC)).days
    result: Result = "warn" if left < CERTIFICATE_WARN_DAYS else "ok"
    names = ", ".join(local_access.names_in(found))
    return Check("https", result, f"good for {left} days, for {names}", remedy if result == "warn" else "")


def scanners(found: Sequence[ScannerState], now_ns: int) -> Iterator[Check]:
    """Each scanner by name: that it is there, else what is wrong with what it sends."""
    for one in found:
        if one.state in ("up", "ended"):
            alerts = one.alerts(now_ns)
            for name, remedy in alerts.items():
                yield Check(f"scanner {one.device}", "warn", name, remedy)
            if not alerts:
                yield Check(f"scanner {one.device}", "ok", one.state)
        else:
            yield Check(
                f"scanner {one.device}", "warn", f"{one.state}: {one.last_error}".rstrip(": "),
                "plug it in, check its cable and its URL in edge.toml",
            )  # fmt: skip
