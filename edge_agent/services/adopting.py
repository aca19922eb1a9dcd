"""Adoption: a record of a fenced box's branch is taken over by this store's writer, at most once.

Unique on the old chain hash. An adoption that came to lie on a branch itself is adopted under
the name of what it took over, however many boxes did so in turn: one movement, one name. A
movement whose key or command is known here already is adopted with no effect; a count is
adopted as its assertion, its variance computed anew against this ledger, never the old one.
"""

import sqlite3
from typing import Any
from uuid import UUID, uuid5

from edge_agent.domain.movement import Draft, Goods
from edge_agent.errors import Refused
from edge_agent.services import counting, proposing
from edge_agent.services.counting import LineCommand
from edge_agent.services.handhelds import Handheld
from edge_agent.services.posting import Move, post
from edge_agent.storage import catalogue, commands, counts, history, identity, keys, ledger, origins
from edge_agent.storage.catalogue import Product
from edge_agent.storage.counts import Stocktake
from edge_agent.storage.keys import Used
from sync_protocol import changes, facts
from sync_protocol.errors import Malformed
from sync_protocol.records import Fact, Item, Movement, Unknown, decode, encode
from sync_protocol.vocabulary import Reason

_OWN = UUID("5d1c0a1e-8c1f-5a53-9d8e-3f0b7f6f2a11")


def adopt(connection: sqlite3.Connection, command: changes.Command, now_ms: int) -> bool:
    """Take one branch record over; whether a movement was written. Raises Refused.

    The body: `branch_hash` (chain hash of the record on its branch), `record` (its canonical
    text) and, for a movement, `item` (the canonical text of the item it refers to).
    """
    body = command.body
    chain_hash = bytes.fromhex(str(body["branch_hash"]))
    if commands.adopted_at(connection, chain_hash) is not None:
        raise Refused("already_adopted", "this branch record was adopted before")
    record = decode(str(body["record"]).encode())
    if history.position_of_hash(connection, chain_hash) is not None:
        # Two boxes with one past: what both had not sent yet lies on the branch and in this ledger.
        _tell(connection, command, chain_hash, "no_effect", "this very record is in the ledger", now_ms)
        has_movement = False
    elif isinstance(record, Movement):
        has_movement = _adopt_movement(connection, command, record, chain_hash, now_ms)
    elif isinstance(record, Fact) and record.kind == "count":
        has_movement = _adopt_count(connection, command, record, chain_hash, now_ms)
    elif isinstance(record, Fact) and record.kind == "proposal":
        has_movement = _adopt_proposal(connection, command, record, chain_hash, now_ms)
    elif isinstance(record, Fact) and record.kind == "pin":
        # Told again as it was: of two PINs the later holds, wherever it is heard.
        ledger.append(connection, [record])
        _tell(connection, command, chain_hash, "no_effect", "told again", now_ms)
        has_movement = False
    else:
        _tell(connection, command, chain_hash, "no_effect", f"kind {str(body['record'])[:20]}", now_ms)
        has_movement = False
    commands.mark_adopted(connection, chain_hash, ledger.head(connection)[0])
    return has_movement


def adopt_own(connection: sqlite3.Connection, origin_id: str, after: int, items: dict[int, Item], now_ms: int) -> int:
    """Take over what this box wrote under its former origin after the hub last heard of it; returns how much.

    No command is needed: the hub cannot have these records, and their old hashes make a later
    command for one of them a refusal.
    """
    taken = 0
    for _, encoded, chain_hash in origins.former(connection, origin_id, after):
        record = decode(encoded)
        if isinstance(record, Item | Unknown):
            continue
        name = chain_hash.hex()
        body = {"branch_hash": name, "record": encoded.decode(), "fork_position": 0}
        if isinstance(record, Movement):
            body["item"] = encode(items[record.item]).decode()
        own = changes.Command(
            command_id=str(uuid5(_OWN, name)), kind="adopt", key=f"adopt/{name}", body=body, actor="succession"
        )
        adopt(connection, own, now_ms)
        taken += 1
    return taken


def _adopt_movement(
    connection: sqlite3.Connection, command: changes.Command, record: Movement, chain_hash: bytes, now_ms: int
) -> bool:
    if record.reason == Reason.COUNT:
        # The count line beside it is adopted as its assertion; this is its old variance.
        _tell(connection, command, chain_hash, "no_effect", "the variance of a count", now_ms)
        return False
    if _is_known(connection, record):
        _tell(connection, command, chain_hash, "no_effect", "its key or command is known here", now_ms)
        return False
    goods = _goods(command.body)
    product = catalogue.find_product(connection, goods.product_id) or Product(goods.product_id, "", "adopted")
    draft = Draft(
        goods, record.quantity, record.from_location, record.to_location, record.reason, record.occurred_at,
        record.clock_offset, record.actor, record.document, record.lot, record.expiry, record.key,
        command.command_id, record.adopted or chain_hash.hex(), record.note,
    )  # fmt: skip
    posted = post(connection, [Move(draft, product)], now_ms, on_negative="record")
    if record.key is not None:
        keys.add(connection, record.key, Used(b"", posted.positions[0], None))
    if record.adopted is not None:
        commands.mark_adopted(connection, bytes.fromhex(record.adopted), posted.positions[0])
    return True


def _adopt_count(
    connection: sqlite3.Connection, command: changes.Command, record: Fact, chain_hash: bytes, now_ms: int
) -> bool:
    line = facts.parse_fact(record)
    if not isinstance(line, facts.CountLine):
        raise Malformed("expected a count line")
    product = catalogue.find_product(connection, line.product_id)
    if product is None:
        raise Refused("product", f"there is no product {line.product_id}")
    if counts.find_stocktake(connection, line.stocktake_id) is None:
        counts.add_stocktake(connection, Stocktake(line.stocktake_id, "adopted", "closed", 0, now_ms, now_ms))
    # Positions of the branch mean nothing here above the common prefix, which is all it had seen of us.
    seen = min(line.after, int(command.body.get("fork_position", line.after)))
    recorded = counting.record_line(
        connection,
        LineCommand(
            stocktake_id=line.stocktake_id, product=product, location=line.location, counted=line.counted,
            actor=line.actor, command_id=command.command_id, adopted=chain_hash.hex(),
            handheld=Handheld(f"branch/{chain_hash.hex()[:16]}", line.after, seen, occurred_at=line.occurred_at),
        ),
        now_ms,
    )  # fmt: skip
    if recorded.movement_id is None:
        _tell(connection, command, chain_hash, "as_count", recorded.status, now_ms)
    return recorded.movement_id is not None


def _adopt_proposal(
    connection: sqlite3.Connection, command: changes.Command, record: Fact, chain_hash: bytes, now_ms: int
) -> bool:
    proposal = facts.parse_fact(record)
    if not isinstance(proposal, facts.Proposal):
        raise Malformed("expected a proposal")
    proposing.repeat(connection, proposal, now_ms)
    _tell(connection, command, chain_hash, "no_effect", "proposed again", now_ms)
    return False


def _goods(body: dict[str, Any]) -> Goods:
    item = decode(str(body["item"]).encode())
    if not isinstance(item, Item):
        raise Malformed("expected the item that the movement refers to")
    return Goods(*item[1:])


def _is_known(connection: sqlite3.Connection, record: Movement) -> bool:
    if record.key is not None and (
        keys.find(connection, record.key) is not None
        or history.position_of_key(connection, record.key) is not None  # the further rows of one request
    ):
        return True
    if record.adopted is not None and (  # an adoption that came to lie on a branch itself
        commands.adopted_at(connection, bytes.fromhex(record.adopted)) is not None
        or keys.find(connection, f"adopt:{record.adopted}") is not None  # and was done by an origin before this one
    ):
        return True
    return record.command is not None and commands.find_command(connection, record.command) is not None


def _tell(
    connection: sqlite3.Connection, command: changes.Command, chain_hash: bytes, status: str, detail: str,
    now_ms: int,
) -> None:  # fmt: skip
    body = facts.Adoption.model_validate(
        {
            "occurred_at": now_ms, "clock_offset": identity.clock_offset(connection), "actor": command.actor,
            "adopted": chain_hash.hex(), "status": status, "detail": detail,
        }
    )  # fmt: skip
    ledger.append(connection, [facts.fact(body)])
