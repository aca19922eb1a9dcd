"""The log of what moved: a line per request at sites that the hub runs, a line per stretch that a store sent.

Said after the commit, so that nothing is told that did not happen. The ledger is the record;
these lines are for whoever collects logs.
"""

import structlog

from cloud_hub.domain.posting_requests import Posted, Request
from cloud_hub.services.following import Share
from sync_protocol.quantity import format_quantity

LINE_MAX = 500
"""Movements that a line tells of: collectors cut longer lines off."""
log = structlog.get_logger("movement")


def posted(site_id: str, request: Request, made: Posted) -> None:
    """A request was posted to a ledger that the hub writes."""
    if made.is_replayed:
        return
    moved = [
        {
            "movement_id": row.movement_id, "position": row.position, "product_id": draft.product_id,
            "from": draft.from_location, "to": draft.to_location, "reason": draft.reason, "document": draft.document,
            "quantity": None if draft.quantity is None else format_quantity(draft.quantity),
        }
        for draft, row in zip(request.drafts, made.rows, strict=True)
        if row.movement_id is not None
    ]  # fmt: skip
    for first in range(0, len(moved), LINE_MAX):
        some = moved[first : first + LINE_MAX]
        log.info("posted", site_id=str(site_id), actor=request.actor, key=request.key, movements=some)


def taken_in(share: Share) -> None:
    """A stretch of a store's ledger was committed here."""
    if share.made.movements:
        origin, made = share.origin, share.made
        log.info("taken in", site_id=str(origin.site_id), origin_id=str(origin.origin_id),
                 after=origin.mark, until=made.mark, movements=len(made.movements))  # fmt: skip
