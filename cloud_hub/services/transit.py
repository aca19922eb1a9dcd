"""Goods between sites, folded across the two ledgers that tell of them.

Part of what follows from accepted records: the same transaction, once per movement. Either
end may be heard of first. The other end's store is told of each step, and of goods that
were added to a transfer after its dispatch.
"""

from collections.abc import Sequence
from typing import Any

from cloud_hub.domain.transfers import goods_of
from cloud_hub.storage import transfers
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.transfers import Transfer
from sync_protocol import changes as wire
from sync_protocol import facts

LINES_TOLD = 200
"""In one record of a feed, which holds 16 kB."""


async def fold(
    connection: Connection,
    origin: Origin,
    movements: Sequence[tuple[Any, ...]],
    steps: Sequence[tuple[int, facts.Transfer]],
    now_ms: int,
) -> list[Change]:
    """Add what the origin's site moved and told; what to say to the sites at the other ends."""
    moved = goods_of(movements)
    if not moved and not steps:
        return []
    await transfers.add_goods(connection, origin.site_id, moved)
    for _, body in steps:
        await transfers.tell(connection, body, now_ms)
    touched = {transfer_id for transfer_id, _ in moved} | {body.transfer_id for _, body in steps}
    known = {each.id: each for each in await transfers.settle(connection, touched)}
    said: list[tuple[Transfer, str]] = [(known[body.transfer_id], body.step) for _, body in steps]
    shipped = {transfer_id for (transfer_id, _), goods in moved.items() if goods.entered}
    stepped = {body.transfer_id for _, body in steps}
    said += [(known[each], known[each].step) for each in sorted((shipped - stepped) & known.keys())]
    return [change for transfer, step in said for change in _notices(origin, transfer, step)]


def _notices(origin: Origin, transfer: Transfer, step: str) -> list[Change]:
    other_end = transfer.to_site if str(origin.site_id) == transfer.from_site else transfer.from_site
    return [(other_end, wire.change(notice)) for notice in notices_of(transfer, step)]


def notices_of(transfer: Transfer, step: str) -> list[wire.TransferNotice]:
    """What a store has to know of a transfer: how far it is and what was shipped, in as many records as that takes."""
    lines = [(line.product_id, line.dispatched) for line in transfer.lines if line.dispatched > 0]
    return [
        wire.TransferNotice(
            transfer_id=transfer.id, from_site=transfer.from_site, to_site=transfer.to_site, step=step,
            lines=lines[start : start + LINES_TOLD],
        )
        for start in range(0, max(len(lines), 1), LINES_TOLD)
    ]  # fmt: skip
