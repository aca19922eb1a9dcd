"""G: an acknowledged act is in the hub's ledger exactly once, a refused one never, an unknown one at most once."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from edge_agent.storage import identity, origins
from sync_protocol import chain
from sync_protocol.keys import read_certificate
from sync_protocol.records import Movement
from sync_protocol.vocabulary import Reason
from tests.simulation.checks.ledgers import Ledgers, read
from tests.simulation.store import Answer

if TYPE_CHECKING:
    from tests.simulation.box import Box
    from tests.simulation.store import Store
    from tests.simulation.world import World


def check(world: "World", ledgers: Ledgers) -> list[str]:
    problems = []
    for store in world.stores:
        found = Counter(
            record.document for record in ledgers.of_site(store.site_id)
            if isinstance(record, Movement) and record.document is not None and record.reason != Reason.TRANSFER_IN
        )  # fmt: skip
        for act in store.acts:
            expected: tuple[int, ...] = (act.lines,)
            if act.answer is Answer.REFUSED:
                expected = (0,)
            elif act.answer is Answer.UNKNOWN or act.may_be_lost:
                expected = (0, act.lines)
            if act.may_be_lost:
                expected = tuple(range(act.lines + 1))
            if found[act.document] not in expected:
                problems.append(
                    f"store {store.number}: act {act.document} was {act.answer}"
                    f"{' (maybe lost)' if act.may_be_lost else ''}: "
                    f"expected {' or '.join(map(str, expected))} movements, got {found[act.document]}"
                )
    return problems


def _site_past(world: "World", box: "Box") -> "dict[bytes, bytes]":
    """What the box kept of the origins before its own, along the site's line: a restored hub is told that again.

    The box's own branch beside it is not: a hub that has forgotten the branch asks for it no more.
    """
    claims = read_certificate(identity.get(box.database).certificate, world.hub_key.verify)
    found = {}
    for named in [claims, *reversed(claims.before or [])]:
        if named.predecessor is None:
            break
        kept: dict[int, dict[bytes, bytes]] = defaultdict(dict)
        for sequence, encoded, chain_hash in origins.former(box.database, named.predecessor.origin_id):
            kept[sequence][chain_hash] = encoded
        at, chain_hash = named.predecessor.position, bytes.fromhex(named.predecessor.hash)
        while (text := kept[at].get(chain_hash)) is not None:
            found[chain_hash] = text
            at -= 1
            chain_hash = next((each for each in kept[at] if chain.extend(each, text) == chain_hash), b"")
    return found


def documents_held(world: "World", store: "Store") -> "Counter[str]":
    """How many movements of each document some disk or the hub's database holds now."""
    tables = world.hub.tables
    held = {
        row.chain_hash: row.encoded for key, row in tables.scan("ledger")
        if tables.get("origins", key[0]).site_id == store.site_id
    }  # fmt: skip
    held |= {bytes.fromhex(key[1]): branch[1] for key, branch in tables.scan("branches")}
    for box in store.live_boxes():
        held.update(box.database.execute("SELECT chain_hash, encoded FROM ledger"))
        held.update(_site_past(world, box))
    records = {chain_hash: read(encoded) for chain_hash, encoded in held.items()}
    return Counter(
        record.document
        for record in records.values()
        if isinstance(record, Movement)
        and record.document is not None
        and record.reason != Reason.TRANSFER_IN
        and (record.adopted is None or bytes.fromhex(record.adopted) not in records)
    )
