"""The people at head office: prices, commands with retries, and what they do about anomalies.

A fence is answered by a person: which box survives is decided here, the other one is
switched off once its tail is on record, and the tail's records are adopted by command.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloud_hub.domain.branch_items import items_in_force
from edge_agent.storage import ledger
from sync_protocol import chain, changes
from sync_protocol.edge_session import Link
from sync_protocol.records import Fact, Item, Movement, decode, encode
from tests.simulation import formers
from tests.simulation.tables import Origin, Transaction

if TYPE_CHECKING:
    from tests.simulation.box import Box
    from tests.simulation.store import Store
    from tests.simulation.world import World


@dataclass(slots=True, eq=False)
class Wish:
    """A command as its caller remembers it, under the caller's own key."""

    key: str
    site_id: str
    kind: str
    body: dict[str, Any]
    command_ids: list[str]


class Operator:
    """One person with access to everything."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.wishes: list[Wish] = []
        self.decisions = 0
        self._adoptions = 0

    # --- everyday work ----------------------------------------------------------------

    def work(self) -> None:
        """Change a price or ask a store for something."""
        chance = self.world.timeline.random
        if chance.randrange(3):
            self.change_price(chance.choice(self.world.product_ids))
        else:
            self.ask(self.world.timeline.random.choice(self.world.stores).site_id)

    def change_price(self, product_id: str) -> None:
        price = self.world.timeline.random.randrange(50, 5_000)

        def body(txn: Transaction) -> None:
            known = txn.get("products", product_id)
            row = known.model_copy(update={"price": price, "version": self.world.hub.next_version(txn)})
            txn.put("products", product_id, row)
            self.world.hub.add_change(txn, None, changes.change(row))

        self.world.met["price changed"] += self.world.hub.do(body)

    def ask(self, site_id: str) -> None:
        """An adjustment by command; sometimes given again under the same key."""
        chance = self.world.timeline.random
        body = {
            "product_id": chance.choice(self.world.product_ids), "delta": 1000 * chance.randrange(1, 5),
            "location": "shelf", "reason": "correction",
        }  # fmt: skip
        wish = Wish(f"wish-{len(self.wishes)}", site_id, "adjust", body, [])
        self.wishes.append(wish)
        self.give(wish)
        if chance.randrange(5) == 0:
            self.world.timeline.after(chance.randrange(1_000, 60_000), self.give, wish)

    def give(self, wish: Wish) -> None:
        """Create the command, unless this hub knows the key already."""

        def body(txn: Transaction) -> None:
            if txn.get("command_keys", wish.site_id, wish.key) is not None:
                return
            command_id = self.world.timeline.identifier()
            command = changes.Command(command_id=command_id, kind=wish.kind, key=wish.key, body=wish.body)
            add_command(self.world, txn, wish.site_id, command)
            txn.put("command_keys", wish.site_id, wish.key, command_id)
            wish.command_ids.append(command_id)

        self.world.met["command given"] += self.world.hub.do(body)

    def give_again(self) -> None:
        """After a restore callers repeat what they no longer see."""
        for wish in self.wishes:
            if self.world.hub.tables.get("command_keys", wish.site_id, wish.key) is None:
                self.world.met["command given again after a restore"] += bool(wish.command_ids)
                self.give(wish)

    # --- anomalies --------------------------------------------------------------------

    def look(self) -> None:
        """Go through the stores: is a box fenced whose tail is on record?"""
        for store in self.world.stores:
            for box in store.live_boxes():
                if box.standing is Link.FENCED:
                    self._decide(store, box)
                    break
            else:
                self._decide_again(store)
            if any(branch[2] is None for _, branch in self.world.hub.tables.scan("branches")):
                self._adopt(store)

    def _decide(self, store: "Store", fenced: "Box") -> None:
        """With two boxes one is switched off; the other goes on as a successor, so that what is disputed is closed."""
        others = [box for box in store.live_boxes() if box is not fenced]
        if others and self.world.timeline.random.randrange(2):
            if self.confirm(others[0]):
                self.world.met["cloned box switched off"] += 1
                self.world.throw_away(fenced)
            return
        if all(self._is_held(box) for box in others) and self.confirm(fenced):
            for box in others:
                self.world.throw_away(box)

    def _is_held(self, box: "Box") -> bool:
        """Whether the hub has all that this box has written, also after a restore."""
        row: Origin | None = self.world.hub.tables.get("origins", box.origin_id)
        return row is not None and row.mark >= ledger.head(box.database)[0]

    def _decide_again(self, store: "Store") -> None:
        """A restored hub has forgotten which box was confirmed: its branch waits for a survivor to adopt it."""
        tables, boxes = self.world.hub.tables, store.live_boxes()
        if len(boxes) == 1 and tables.rows["branches"]:
            writer = tables.get("sites", store.site_id)
            if any(branch[2] is None for _, branch in tables.scan("branches", writer)):
                self.confirm(boxes[0])

    def confirm(self, box: "Box") -> bool:
        """This box survives: close its origin where the hub has it, and open a successor; whether it went through."""
        hub, store = self.world.hub, box.store

        def body(txn: Transaction) -> None:
            writer = txn.get("sites", store.site_id)
            row: Origin = txn.get("origins", writer)
            if row.predecessor is not None and not row.boot and not row.mark:
                return  # a successor that waits for its box
            if (lost := formers.missing(txn, row)) is not None:
                line = [name for name, _ in formers.list_before(txn, row)]
                after = [writer, *line[: line.index(lost.origin_id)]]
                if any(each.origin_id in after for each in store.live_boxes()):
                    return  # it has yet to tell; levels without that would be wrong
                formers.give_up(txn, writer)
                row = txn.get("origins", writer)
            origin_id = self.world.timeline.identifier()
            certificate = hub.certify(store.site_id, store.device_id, origin_id, **formers.closing(txn, writer, row))
            txn.put("origins", writer, row._replace(is_closed=True, lease=None))
            for key, before in txn.scan("origins"):
                if before.device_id == store.device_id and before.is_closed:
                    txn.put("origins", *key, before._replace(successor=certificate))
            txn.put("origins", origin_id, Origin(
                site_id=store.site_id, device_id=store.device_id, certificate=certificate, mark=0,
                chain_hash=chain.genesis(store.site_id, origin_id),
                predecessor=(writer, row.mark, row.chain_hash),
            ))  # fmt: skip
            txn.put("sites", store.site_id, origin_id)
            self.decisions += 1

        before = self.decisions
        return hub.do(body) and self.decisions > before

    def _adopt(self, store: "Store") -> None:
        """Have the site's writer take over what lies on branches."""
        hub = self.world.hub

        def body(txn: Transaction) -> None:
            if formers.missing(txn, txn.get("origins", txn.get("sites", store.site_id))) is not None:
                return  # what is missing cannot be told from a branch yet
            items: dict[str, dict[bytes, Mapping[int, Item]]] = {}
            for key, branch in txn.scan("branches"):
                origin_id, chain_hash = key
                row: Origin = txn.get("origins", origin_id)
                if row.site_id != store.site_id or branch[2] is not None or not row.is_closed:
                    continue
                if origin_id not in items:
                    items[origin_id] = _items(txn, origin_id)
                adopt_branch(self.world, txn, row, origin_id, chain_hash, branch, items[origin_id])

        hub.do(body)


def add_command(world: "World", txn: Transaction, site_id: str, command: changes.Command) -> None:
    """A command and the change that carries it."""
    txn.put("commands", command.command_id, (site_id, command))
    world.hub.add_change(txn, site_id, changes.change(command))


def adopt_branch(
    world: "World", txn: Transaction, row: Origin, origin_id: str, chain_hash: str, branch: tuple[int, bytes, Any],
    items: Mapping[bytes, Mapping[int, Item]],
) -> None:  # fmt: skip
    """One branch record: a command for its movement or fact; what the ledger has already needs none."""
    from tests.simulation.intake import Branch

    position, encoded, _ = branch
    known = txn.get("ledger", origin_id, position)
    record = decode(encoded)
    is_ledger = known is not None and known.chain_hash.hex() == chain_hash
    # By an origin that remembers it better than a restored hub did; or it is an adoption of what was adopted since.
    is_adopted = any(txn.get("adopted", name) is not None for name in (chain_hash, _adopted_by(record)))
    command_id = ""
    if not is_ledger and not is_adopted and isinstance(record, Movement | Fact):
        command_id = world.timeline.identifier()
        command = changes.Command(
            command_id=command_id,
            kind="adopt",
            key=f"adopt:{chain_hash}",
            body=adopt_body(chain_hash, record, encoded, items),
        )
        add_command(world, txn, row.site_id, command)
        world.met["adoption commanded"] += 1
    txn.put("branches", origin_id, chain_hash, Branch(position, encoded, command_id))


def _adopted_by(record: object) -> str | None:
    if isinstance(record, Movement):
        return record.adopted
    return record.body.get("adopted") if isinstance(record, Fact) else None


def adopt_body(
    chain_hash: str, record: Movement | Fact, encoded: bytes, items: Mapping[bytes, Mapping[int, Item]]
) -> dict[str, Any]:
    """What the command carries: the record as it was stored, and the item that it refers to."""
    body: dict[str, Any] = {"branch_hash": chain_hash, "record": encoded.decode(), "index": 0}
    if isinstance(record, Movement):
        item = items[bytes.fromhex(chain_hash)].get(record.item)
        body["item"] = None if item is None else encode(item).decode()
    return body


def _items(txn: Transaction, origin_id: str) -> dict[bytes, Mapping[int, Item]]:
    known = {ref: each.item for ref, each in (txn.get("items", origin_id) or {}).items()}
    lines = sorted((at, encoded, bytes.fromhex(key[1])) for key, (at, encoded, _) in txn.scan("branches", origin_id))
    return items_in_force(lines, known)
