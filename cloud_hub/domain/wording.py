"""What mails say, in words; control characters never reach a head or a line."""

from collections.abc import Sequence
from typing import NamedTuple

from cloud_hub.domain.alert_types import RANK, AlertType

_WORDS = {
    AlertType.LOW_STOCK: "is low",
    AlertType.CRITICAL: "is critically low",
    AlertType.OUT_OF_STOCK: "is out of stock",
    AlertType.NEGATIVE_STOCK: "is below zero: a delivery or a count was not booked",
    AlertType.EXPIRY: "expires",
    AlertType.CLOCK_SKEW: "the clock of the store's box is wrong",
    AlertType.SYNC_LAG: "the store's box is behind",
    AlertType.DEVICE_OFFLINE: "the store's box is not heard",
    AlertType.TRANSFER_OVERDUE: "a transfer has not arrived",
    AlertType.PREDICTED_DEPLETION: "will run out",
}
LINES_MAX = 100


class Line(NamedTuple):
    """One alert as a person is told of it."""

    kind: str
    severity: str
    site: str
    product: str | None
    available: str | None
    detail: str


def sentence(line: Line) -> str:
    """One alert in one line."""
    words = _WORDS.get(AlertType(line.kind), line.kind) if line.kind in list(AlertType) else line.kind
    what = f"{line.product} {words}" if line.product else words
    left = f", {line.available} left" if line.available is not None and line.product else ""
    detail = f" ({line.detail})" if line.detail else ""
    return _clean(f"{line.site}: {what}{left}{detail}")


def mail(lines: Sequence[Line], link: str | None) -> tuple[str, str]:
    """Subject and text of one mail about these alerts, the worst first."""
    worst = sorted(lines, key=lambda line: -RANK.get(line.severity, 0))
    subject = sentence(worst[0]) if len(worst) == 1 else f"{len(worst)} alerts, first: {sentence(worst[0])}"
    told = [f"- {sentence(line)}" for line in worst[:LINES_MAX]]
    if len(worst) > LINES_MAX:
        told.append(f"- and {len(worst) - LINES_MAX} more")
    where = [f"\nAll alerts: {link}/api/v1/alerts?status=active"] if link else []
    return subject[:150], "\n".join([*told, *where, "\nHow you are told: PUT /api/v1/alerts/settings\n"])


def password_mail(name: str, token: str, minutes: int, page: str | None) -> tuple[str, str]:
    """Subject and text of the mail by which somebody sets another password; `page` takes the token at its end."""
    call = f"POST /api/v1/auth/password-reset/confirm with this token and the new password:\n{token}"
    how = f"Open {page}{token}" if page else call
    return "Set a new password", "\n\n".join([
        _clean(f"Somebody asked for a new password for {name} at head office."), how,
        f"It works once, for {minutes} minutes. If it was not you, do nothing: your password is what it was.\n",
    ])  # fmt: skip


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
