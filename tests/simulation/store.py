"""One store and the people in it: scans, baskets with retries, deliveries, counts, transfers.

Every business act carries a document number of its own, so that the checkers can count it
afterwards whatever happened to the box. An act is answered (acked or refused) or nobody
knows; some customers of the API then try again under the same idempotency key.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from sqlite3 import Connection
from typing import TYPE_CHECKING

from edge_agent.domain.movement import Draft
from edge_agent.errors import EdgeError, Refused
from edge_agent.services import adjusting, counting, stocktaking, transferring
from edge_agent.services.once import fingerprint, once
from edge_agent.services.posting import Move, goods_of, post
from edge_agent.services.scanning import Mode, ScanCommand, record_scan
from edge_agent.storage import catalogue, levels, transfers
from edge_agent.storage.catalogue import Product
from scanner_drivers.scan import Scan
from sync_protocol.vocabulary import Location, Reason
from tests.simulation.keys import Key
from tests.simulation.network import Weather

if TYPE_CHECKING:
    from tests.simulation.box import Box
    from tests.simulation.world import World


class Answer(StrEnum):
    """What the caller of an act heard."""

    ACKED = "acked"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True, eq=False)
class Act:
    """Something that somebody did in the store."""

    document: str
    lines: int
    answer: Answer
    is_keyed: bool = False
    may_be_lost: bool = False
    """The only disk that held it was put back to an earlier state, or thrown away."""


@dataclass(slots=True, eq=False)
class Store:
    """A site, its box (or boxes, when somebody cloned one) and its tills."""

    world: "World"
    number: int
    site_id: str
    device_id: str
    key: Key
    weather: Weather
    batch_records: int
    linger_ms: int
    left: int
    """Movements still to be made."""
    boxes: "list[Box]" = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)

    @property
    def box(self) -> "Box":
        """The machine that works here; the last one that is not retired."""
        return next(box for box in self.boxes if not box.is_retired)

    def live_boxes(self) -> "list[Box]":
        return [box for box in self.boxes if not box.is_retired]

    # --- a moment in the store --------------------------------------------------------

    def work(self) -> None:
        """A few acts in a row on one of the boxes here."""
        chance = self.world.timeline.random
        box = chance.choice(self.live_boxes())
        for _ in range(chance.randrange(1, 12)):
            if not box.is_on or self.left <= 0:
                return
            act = chance.choices(_ACTS, cum_weights=_UP_TO)[0]
            act(self, box)

    def open(self) -> None:
        """The first delivery: all products, so that most sales find something to sell."""
        products = [catalogue.find_product(self.box.database, each) for each in self.world.product_ids]
        self._receive(self.box, [product for product in products if product is not None], 200_000)

    def do(self, box: "Box", step: Callable[[Connection], object]) -> Answer:
        """Run an act in one transaction; the answer is what its caller hears."""
        answer = Answer.UNKNOWN

        def attempt() -> None:
            nonlocal answer
            try:
                box.write(step)
                answer = Answer.ACKED
                box.grown()
            except Refused:
                answer = Answer.REFUSED
            except EdgeError as error:
                answer = Answer.REFUSED
                self.world.met[f"act refused: {error.code}"] += 1
                self.world.screen.show(self.site_id, error.code)

        box.guarded(attempt)
        return answer

    def _note(self, document: str, lines: int, answer: Answer, *, is_keyed: bool = False) -> None:
        self.acts.append(Act(document, lines, answer, is_keyed))
        if answer is Answer.ACKED:
            self.left -= lines

    def _document(self) -> str:
        return f"{self.number}-{self.world.timeline.random.getrandbits(48):x}"

    def _product(self, box: "Box") -> Product | None:
        wanted = self.world.timeline.random.choice(self.world.product_ids)
        return catalogue.find_product(box.database, wanted)

    def _products(self, box: "Box", number: int) -> list[Product]:
        """So many, some of them more than once; those that this box does not know are left out."""
        wanted = [self.world.timeline.random.choice(self.world.product_ids) for _ in range(number)]
        known = {product_id: catalogue.find_product(box.database, product_id) for product_id in set(wanted)}
        return [product for product_id in wanted if (product := known[product_id]) is not None]

    # --- acts -------------------------------------------------------------------------

    def scan(self, box: "Box") -> None:
        """A beep at the till, or at the back door."""
        chance, document = self.world.timeline.random, self._document()
        number = chance.randrange(len(self.world.product_ids))
        mode = Mode.SELL if chance.randrange(4) else Mode.RECEIVE
        command = ScanCommand(scan=a_scan(self.world.gtin(number)), mode=mode, document=document)
        found = []
        answer = self.do(box, lambda connection: found.append(record_scan(connection, command, box.clock_ms())))
        if answer is Answer.ACKED and found[0].movement_id is None:
            answer = Answer.REFUSED
        self._note(document, 1, answer)

    def basket(self, box: "Box") -> None:
        """A sale through the API under an idempotency key; its caller may try again."""
        chance, document = self.world.timeline.random, self._document()
        products = self._products(box, chance.randrange(1, 7))
        moves = [
            Move(
                Draft(
                    goods_of(product), 1000 * chance.randrange(1, 5), Location.SHELF, Location.CUSTOMER, Reason.SALE,
                    box.clock_ms(), document=document, key=document if number == 0 else f"{document}/{number}",
                ),
                product,
            )
            for number, product in enumerate(products)
        ]  # fmt: skip
        if not moves:
            return

        def sell(connection: Connection) -> None:
            def act(inner: Connection) -> tuple[dict[str, object], int]:
                posted = post(inner, moves, box.clock_ms(), on_negative="warn")
                return {"ids": posted.movement_ids}, posted.head

            once(connection, document, fingerprint(document), act)

        answer = self.do(box, sell)
        self._note(document, len(moves), answer, is_keyed=True)
        if answer is Answer.UNKNOWN or chance.randrange(4) == 0:
            self.world.timeline.after(
                chance.randrange(100, 20_000), self._retry, self.acts[-1], sell, chance.randrange(1, 6)
            )

    def _retry(self, act: Act, sell: Callable[[Connection], None], tries: int) -> None:
        """The same request again; a caller that has got an answer may do that too."""
        box = self.box
        if box.is_on:
            answer = self.do(box, sell)
            self.world.met["retry under the same key"] += 1
            if act.answer is not Answer.ACKED and answer is Answer.ACKED:
                act.answer, act.may_be_lost = answer, False
        if act.answer is Answer.UNKNOWN and tries:
            self.world.timeline.after(
                self.world.timeline.random.randrange(500, 9_000), self._retry, act, sell, tries - 1
            )

    def delivery(self, box: "Box") -> None:
        """Several products from a supplier in one transaction."""
        self._receive(box, self._products(box, self.world.timeline.random.randrange(4, 13)), 24_000)

    def _receive(self, box: "Box", products: list[Product], quantity: int) -> None:
        document = self._document()
        moves = [
            Move(Draft(goods_of(p), quantity, Location.SUPPLIER, Location.SHELF, Reason.RECEIPT, box.clock_ms(),
                       document=document), p)
            for p in products
        ]  # fmt: skip
        if moves:
            answer = self.do(box, lambda connection: post(connection, moves, box.clock_ms(), on_negative="warn"))
            self._note(document, len(moves), answer)

    def adjust(self, box: "Box") -> None:
        """Broken, stolen, found: a signed change with a reason."""
        chance, document = self.world.timeline.random, self._document()
        product = self._product(box)
        if product is None:
            return
        reason, sign = chance.choice([(Reason.DAMAGE, -1), (Reason.THEFT, -1), (Reason.CORRECTION, 1)])
        wanted = adjusting.Adjustment(
            product=product, delta=sign * 1000 * chance.randrange(1, 4), reason=reason, document=document
        )
        answer = self.do(
            box, lambda connection: adjusting.record_adjustment(connection, wanted, box.clock_ms(), on_negative="warn")
        )
        self._note(document, 1, answer)

    def count(self, box: "Box") -> None:
        """A stocktake of a few products while selling goes on."""
        chance = self.world.timeline.random
        products = sorted(set(self._products(box, 3)), key=lambda product: product.product_id)
        name = self._document()

        def take(connection: Connection) -> None:
            stocktake = stocktaking.open_stocktake(connection, stocktaking.Opening(name=name), box.clock_ms())
            for product in products:
                there = levels.at(connection, product.product_id, Location.SHELF)
                line = counting.LineCommand(
                    stocktake_id=stocktake.stocktake_id, product=product,
                    counted=max(there + 1000 * chance.choice((-2, -1, 1, 3)), 0),
                )  # fmt: skip
                counting.record_line(connection, line, box.clock_ms())
            stocktaking.close_stocktake(connection, stocktake.stocktake_id, box.clock_ms())

        if products and self.do(box, take) is Answer.ACKED:
            self.left -= len(products)
            self.world.met["stocktake"] += 1

    def send(self, box: "Box") -> None:
        """Goods to another store."""
        chance = self.world.timeline.random
        others = [store for store in self.world.stores if store is not self]
        product = self._product(box)
        if not others or product is None:
            return
        other, transfer_id = chance.choice(others), self.world.timeline.identifier()
        has = levels.at(box.database, product.product_id, Location.SHELF)
        if has < 1000:
            return
        wanted = [transferring.Wanted(product, min(has, 2_000))]
        answer = self.do(
            box,
            lambda connection: transferring.dispatch(
                connection, other.site_id, wanted, box.clock_ms(), transfer_id=transfer_id
            ),
        )
        self._note(transfer_id, 1, answer)
        self.world.met["transfer sent"] += answer is Answer.ACKED

    def take_in(self, box: "Box") -> None:
        """Whatever is known to be on its way here."""
        for found in transfers.list_transfers(box.database):
            if found.to_site == self.site_id and found.state == "dispatched":
                step = self.world.timeline.random.choice(("received", "received", "refused", "closed_short"))
            elif found.from_site == self.site_id and found.state == "refused":
                step = "taken_back"
            else:
                continue
            answer = self.do(
                box,
                lambda connection, found=found, step=step: transferring.take_step(
                    connection, found.transfer_id, step, box.clock_ms()
                ),
            )
            self.left -= answer is Answer.ACKED and step != "refused"
            self.world.met[f"transfer {step}"] += answer is Answer.ACKED
            return
        self.scan(box)


_ACTS = (Store.scan, Store.basket, Store.delivery, Store.adjust, Store.count, Store.send, Store.take_in)
_UP_TO = tuple(accumulate((26, 28, 20, 6, 5, 5, 6)))


def a_scan(gtin: str) -> Scan:
    """A beep of a plain EAN-13."""
    return Scan(gtin.encode(), "E0", "ean13", gtin, gtin, None, None, None, None, None, None, None, frozenset(),
                "simulated", 0, 0, 0)  # fmt: skip
