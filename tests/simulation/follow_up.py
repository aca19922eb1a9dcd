"""What stored records set in motion at the hub: outcomes, transfers, adoptions; same transaction."""

from typing import TYPE_CHECKING

from cloud_hub.domain.intake import Plan
from sync_protocol import changes, facts
from sync_protocol.vocabulary import Reason
from tests.simulation.tables import Origin, Transaction

if TYPE_CHECKING:
    from tests.simulation.hub import Hub

_DOCUMENT, _PRODUCT, _QUANTITY, _TO, _REASON, _ADOPTED = 13, 8, 9, 11, 12, 19


def take(hub: "Hub", txn: Transaction, row: Origin, origin_id: str, made: Plan) -> None:
    """Everything that one plan asks for."""
    for done in made.commands:
        _outcome(txn, done.command_id, "done", (origin_id, done.sequence))
    for movement in made.movements:
        if movement[_ADOPTED] is not None:
            txn.put("adopted", movement[_ADOPTED], (origin_id, movement[2]))
        if movement[_REASON] == Reason.TRANSFER_OUT and movement[_DOCUMENT] is not None:
            _dispatch_line(txn, movement[_DOCUMENT], str(movement[_PRODUCT]), movement[_QUANTITY])
    for stored in made.facts:
        body = stored.body
        if isinstance(body, facts.Outcome):
            _outcome(txn, body.command_id, body.status, (origin_id, stored.sequence))
        elif isinstance(body, facts.Adoption):
            txn.put("adopted", body.adopted, (origin_id, stored.sequence))
        elif isinstance(body, facts.Transfer):
            _transfer(hub, txn, row, body)
        elif isinstance(body, facts.Task | facts.Alert):
            hub.world.screen.show(row.site_id, body.rule)


def _outcome(txn: Transaction, command_id: str, status: str, where: tuple[str, int]) -> None:
    """The first outcome counts; a command may be known only by it (a restored hub)."""
    known = txn.get("outcomes", command_id)
    if known is None:
        txn.put("outcomes", command_id, (status, where))


def _dispatch_line(txn: Transaction, transfer_id: str, product_id: str, quantity: int) -> None:
    lines = dict(txn.get("transfer_lines", transfer_id) or {})
    lines[product_id] = lines.get(product_id, 0) + quantity
    txn.put("transfer_lines", transfer_id, lines)


def _transfer(hub: "Hub", txn: Transaction, row: Origin, step: facts.Transfer) -> None:
    """Tell the other end."""
    txn.put("transfers", step.transfer_id, step.step)
    other = step.to_site if row.site_id == step.from_site else step.from_site
    lines = txn.get("transfer_lines", step.transfer_id) or {}
    notice = changes.TransferNotice(
        transfer_id=step.transfer_id, from_site=step.from_site, to_site=step.to_site, step=step.step,
        lines=sorted(lines.items()),
    )  # fmt: skip
    record = changes.change(notice)
    txn.put("notices", other, step.transfer_id, record)
    hub.add_change(txn, other, record)
