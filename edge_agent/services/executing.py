"""Commands of head office, executed by the one writer of this store's ledger.

Each runs once by its id and once by its caller's key; its outcome is the movement that
carries its id, or an outcome-fact. Only this box decides that a command has expired; with
an untrusted clock it says so rather than act too late. An unknown kind is answered
`unsupported` and never run later.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from edge_agent.errors import Refused
from edge_agent.services import adjusting, adopting, alerting, tasks, transferring
from edge_agent.services.adjusting import Adjustment
from edge_agent.services.transferring import Wanted
from edge_agent.storage import catalogue, commands, identity, keys, ledger, transfers
from edge_agent.storage.catalogue import Product
from edge_agent.storage.commands import Command as Kept
from edge_agent.storage.keys import Used
from edge_agent.storage.savepoint import UNFIT, savepoint
from edge_agent.storage.transfers import Reservation
from sync_protocol import changes, facts
from sync_protocol.errors import Malformed
from sync_protocol.quantity import parse_quantity
from sync_protocol.vocabulary import CommandStatus, Location


class Done(NamedTuple):
    """What a command did; without a movement its outcome is told by a fact."""

    has_movement: bool = False
    code: str = ""
    detail: str = ""


def execute(connection: sqlite3.Connection, command: changes.Command, now_ms: int, clock_trusted: bool) -> None:
    """Run it unless it has run; keep and tell the outcome."""
    before = commands.find_command(connection, command.command_id)
    if before is not None:
        _tell_again(connection, command, before, now_ms)
        return
    earlier = [found for found in commands.find_by_key(connection, command.key) if found.status == "done"]
    text = command.model_dump_json()
    commands.add_command(
        connection, Kept(command.command_id, command.key, command.kind, text, None, None, "", "", now_ms)
    )
    status, done = _run(connection, command, now_ms, clock_trusted, is_repeated=bool(earlier))
    head = _keep(connection, command, status, done, now_ms)
    if status is CommandStatus.DONE and keys.find(connection, command.key) is None:
        keys.add(connection, command.key, Used(b"", head, None))


def _tell_again(connection: sqlite3.Connection, command: changes.Command, before: Kept, now_ms: int) -> None:
    """A hub put back to before the outcome asks again; where its record is pruned, nothing else would answer."""
    if before.status is None or before.position is None:
        return
    if before.position < identity.get(connection).first_retained:
        _keep(connection, command, CommandStatus(before.status), Done(False, before.code, before.detail), now_ms)


def _keep(
    connection: sqlite3.Connection, command: changes.Command, status: CommandStatus, done: Done, now_ms: int
) -> int:
    """Keep the outcome, told by a fact unless a movement tells it; its position."""
    if not done.has_movement:
        _tell(connection, command, status, done, now_ms)
    head, _ = ledger.head(connection)
    commands.save_outcome(connection, command.command_id, str(status), head, done.code, done.detail)
    return head


def _run(
    connection: sqlite3.Connection, command: changes.Command, now_ms: int, clock_trusted: bool, *, is_repeated: bool
) -> tuple[CommandStatus, Done]:
    if is_repeated or keys.find(connection, command.key) is not None:
        return CommandStatus.DONE, Done(code="already_done", detail="the same key was executed before")
    handler = _HANDLERS.get(command.kind)
    if handler is None:
        return CommandStatus.UNSUPPORTED, Done(code="unsupported", detail=f"unknown kind {command.kind[:60]!r}")
    if command.expires_at is not None:
        if not clock_trusted:
            return CommandStatus.EXPIRED, Done(code="clock_untrusted", detail="this box's clock is not trusted")
        if now_ms + (identity.clock_offset(connection) or 0) >= command.expires_at:
            return CommandStatus.EXPIRED, Done(code="expired", detail="its time is over")
    try:
        with savepoint(connection):
            return CommandStatus.DONE, handler(connection, command, now_ms)
    except Refused as error:
        return CommandStatus.REFUSED, Done(code=error.code, detail=error.detail)
    except (*UNFIT, Malformed) as error:
        return CommandStatus.REFUSED, Done(code="malformed", detail=f"{command.kind}: {error!r}"[:400])


def _tell(
    connection: sqlite3.Connection, command: changes.Command, status: CommandStatus, done: Done, now_ms: int
) -> None:
    body = facts.Outcome(
        occurred_at=now_ms, clock_offset=identity.clock_offset(connection), actor=command.actor,
        command_id=command.command_id, status=status, code=done.code, detail=done.detail[:500],
    )  # fmt: skip
    ledger.append(connection, [facts.fact(body)])


def _adjust(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    body = command.body
    reason, note = adjusting.reason_of(str(body.get("reason", "correction")))
    posted = adjusting.record_adjustment(
        connection,
        Adjustment(
            product=_product(connection, body), delta=_quantity(body.get("delta")),
            set_to=_quantity(body.get("set_to")), location=str(body.get("location") or Location.SHELF),
            reason=reason, note=body.get("note") or note, document=body.get("document"), actor=command.actor,
            key=command.key, command_id=command.command_id, expected_quantity=command.expected_quantity,
        ),
        now_ms,
    )  # fmt: skip
    return Done(has_movement=posted is not None, code="" if posted else "no_change")


def _count_request(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    product = _product(connection, command.body)
    detail = str(command.body.get("note") or product.name)
    tasks.raise_task(connection, "count_request", product.product_id, now_ms, detail)
    return Done()


def _transfer_request(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    body = command.body
    lines = [Wanted(_product(connection, line), _required(line.get("quantity"))) for line in body["lines"]]
    transferring.dispatch(
        connection, str(body["to_site"]), lines, now_ms, actor=command.actor, key=command.key,
        transfer_id=body.get("transfer_id"), command_id=command.command_id,
    )  # fmt: skip
    return Done(has_movement=bool(lines))


def _reserve(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    body = command.body
    product, quantity = _product(connection, body), _required(body.get("quantity"))
    if adjusting.available(connection, product.product_id) < quantity:
        raise Refused("insufficient_stock", f"{product.name}: fewer than asked for are available")
    transfers.reserve(
        connection,
        Reservation(str(body.get("reservation_id") or command.command_id), product.product_id, quantity,
                    body.get("document"), command.command_id),
    )  # fmt: skip
    alerting.reconsider(connection, product, now_ms)
    return Done()


def _release(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    if not transfers.release(connection, str(command.body["reservation_id"])):
        raise Refused("reservation", "there is no such reservation")
    if command.body.get("product_id"):
        alerting.reconsider(connection, _product(connection, command.body), now_ms)
    return Done()


def _adopt(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    return Done(has_movement=adopting.adopt(connection, command, now_ms))


def _configure(connection: sqlite3.Connection, command: changes.Command, _now_ms: int) -> Done:
    """Settings of this box, kept under the policy's settings until the next policy says otherwise."""
    wanted = command.body.get("settings")
    if not isinstance(wanted, dict):
        raise Refused("malformed", "expected settings as an object")
    site = catalogue.get_policy(connection)
    catalogue.set_settings(connection, {**orjson.loads(site.settings), **wanted})
    return Done()


def _acknowledge(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    alerting.acknowledge(connection, str(command.body["alert_id"]), command.actor, now_ms)
    return Done()


def _resolve(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    alerting.resolve(connection, str(command.body["alert_id"]), command.actor, now_ms)
    return Done()


def _cancel(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> Done:
    """A command runs when it arrives, so what is to be cancelled has run, or has never come and never will."""
    wanted = str(command.body["command_id"])
    found = commands.find_command(connection, wanted)
    if found is None:
        commands.add_command(
            connection,
            Kept(wanted, f"cancelled/{wanted}", "cancelled", "{}", "refused", None, "cancelled", "", now_ms),
        )
        return Done(code="cancelled")
    raise Refused("already_executed", f"command {wanted} is {found.status}")


def _diagnose(connection: sqlite3.Connection, _command: changes.Command, now_ms: int) -> Done:
    """What head office wants to know of this box, as the outcome's text."""
    who, (head, _) = identity.get(connection), ledger.head(connection)
    found = {
        "boot": who.boot, "head": head, "acked": who.acked, "safe_mark": who.safe_mark,
        "first_retained": who.first_retained, "feed_cursor": who.feed_cursor, "clock_offset": who.clock_offset,
        "clock_ms": now_ms, "unknown_changes": len(commands.unknown(connection)),
    }  # fmt: skip
    return Done(code="diagnosis", detail=orjson.dumps(found).decode())


def _resend(connection: sqlite3.Connection, command: changes.Command, _now_ms: int) -> Done:
    """Send again from a position: the next session starts from what the hub then says; nothing here moves."""
    who = identity.get(connection)
    after = int(command.body.get("after", who.safe_mark))
    if after + 1 < who.first_retained:
        raise Refused("not_retained", f"expected {who.first_retained} or later, got {after + 1}")
    identity.save_ack(connection, min(after, who.acked), who.safe_mark, who.hub_epoch)
    return Done(code="resend", detail=str(min(after, who.acked)))


def _product(connection: sqlite3.Connection, body: dict[str, Any]) -> Product:
    found = catalogue.find_product(connection, str(body["product_id"]))
    if found is None:
        raise Refused("product", f"there is no product {str(body['product_id'])[:60]!r}")
    return found


def _quantity(value: Any) -> int | None:
    """Thousandths: integers are thousandths as everywhere in the protocol, texts are decimals."""
    if value is None or type(value) is int:
        return value
    if type(value) is not str:
        raise Malformed(f"expected thousandths or a decimal text, got {str(value)[:40]!r}")
    return parse_quantity(value)


def _required(value: Any) -> int:
    found = _quantity(value)
    if found is None:
        raise Malformed("expected a quantity")
    return found


_HANDLERS: dict[str, Callable[[sqlite3.Connection, changes.Command, int], Done]] = {
    "adjust": _adjust,
    "count_request": _count_request,
    "transfer_request": _transfer_request,
    "reserve": _reserve,
    "release": _release,
    "adopt": _adopt,
    "configure": _configure,
    "acknowledge_alert": _acknowledge,
    "resolve_alert": _resolve,
    "cancel": _cancel,
    "diagnose": _diagnose,
    "resend": _resend,
}
assert _HANDLERS.keys() == set(changes.COMMAND_KINDS)
