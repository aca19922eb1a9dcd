"""The story that is told while a program dies: trade, head office's changes, and both arriving.

Clients do what real ones do: a call without an answer is repeated with its key. The program
under test is started again whenever it has died; that it died of its crash point is checked.
"""

import json
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from deploy.local.calls import Answer, call, wait_until
from deploy.local.programs import Program, StackError
from deploy.local.stack import Store
from tests.system.chain import Chain, code_of
from tests.system.tills import DONE, assert_nothing_lost_or_doubled

DIED = 137
ROUNDS_MAX = 4
Case = tuple[str, int]
"""A crash point and the hit at which to die."""


@dataclass
class Mortal:
    """A program of the chain with a list of places to die at, one per life."""

    start: Callable[[dict[str, str]], Program]
    to_die: list[Case] = field(default_factory=list)
    died: list[Case] = field(default_factory=list)
    case: Case | None = None
    program: Program | None = None

    def begin(self) -> None:
        """The next life; a death before it is ready counts as well."""
        while True:
            self.case = self.to_die.pop(0) if self.to_die else None
            environment = {} if self.case is None else {"BACKSTOCK_CRASH": f"{self.case[0]}:{self.case[1]}"}
            try:
                self.program = self.start(environment)
                return
            except StackError as error:
                assert self.case is not None and f"ended with {DIED}" in str(error), error
                self.died.append(self.case)

    def is_dead(self) -> bool:
        """Whether it has died since; then its next life has begun."""
        assert self.program is not None and self.program.process is not None
        code = self.program.process.poll()
        if code is None:
            return False
        assert code == DIED, f"{self.program.name} ended with {code}, expected to live or to die of {self.case}"
        assert self.case is not None
        self.died.append(self.case)
        self.begin()
        return True

    def end(self) -> None:
        """Stop it as a service manager would."""
        assert self.program is not None
        if self.program.stop() == DIED:
            assert self.case is not None
            self.died.append(self.case)


@dataclass
class Tale:
    """Rounds of trade in one chain, and the notebook of what was acknowledged."""

    stack: Chain
    store: Store
    mortal: Mortal
    hub_site: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    has_blips: bool = False
    """Whether the store's line drops once a round, so that it says Hello again."""
    number: int = 0

    def round(self) -> None:
        """Sales, goods, a count, a price, a posting at head office; until all of it has arrived."""
        self.number += 1
        if self.has_blips:
            self.store.to_broker.drop()
        products = self.stack.products
        first, second = products[self.number % len(products)], products[(self.number + 1) % len(products)]
        for product in (first, second, first):
            self._at_store("/api/v1/scans", {"code": code_of(product), "mode": "sell"}, notes=True)
        self._at_store("/api/v1/scans", {"code": code_of(second), "mode": "receive", "quantity": "7"}, notes=True)
        self._at_store(
            "/api/v1/inventory/adjust", {"product_id": first["id"], "delta": "1", "reason": "correction"}, notes=True
        )
        price = f"{self.number}.{self.number % 100:02d}"
        self._at_hub("PATCH", f"/api/v1/products/{first['id']}", {"price": price}, key=None)
        self._at_hub("POST", "/api/v1/inventory/adjust", {
            "site_id": self.hub_site, "product_id": first["id"], "delta": "3", "reason": "receipt",
        }, key=str(uuid.uuid4()))  # fmt: skip
        wait_until(lambda: self._has_arrived(first, price), f"round {self.number} has arrived on both sides", 90)

    def _at_store(self, path: str, body: dict[str, Any], *, notes: bool) -> None:
        key = f"round{self.number}-{uuid.uuid4()}"
        headers = {"Idempotency-Key": key}
        answer = self._insist(lambda: self.store.post(path, body, headers=headers, timeout_s=5))
        assert answer.status in DONE, answer
        if notes:
            self.acknowledged[key] = path

    def _at_hub(self, method: str, path: str, body: dict[str, Any], key: str | None) -> None:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self._insist(
            lambda: call(method, self.stack.api + path, body, token=self.stack.token, headers=headers, timeout_s=5)
        )
        assert answer.status < 300, answer

    def _insist(self, ask: Callable[[], Answer]) -> Answer:
        """Until there is an answer that is not about a program being away."""

        def answered() -> Answer | None:
            self.mortal.is_dead()
            with suppress(StackError):
                answer = ask()
                return answer if answer.status < 500 else None
            return None

        return wait_until(answered, "an answer", 60)  # type: ignore[no-any-return]

    def _has_arrived(self, product: dict[str, Any], price: str) -> bool:
        self.mortal.is_dead()
        sync = self.store.sync()
        found = self.store.get(f"/api/v1/products/{product['id']}").body
        return bool(sync["pending"] == 0 and sync["state"] == "streaming" and Decimal(found["price"]) == Decimal(price))

    async def check(self) -> None:
        """Acknowledged exactly once on both sides, levels are folds, hub equals edge."""
        await assert_nothing_lost_or_doubled(self.stack, self.store, [self])  # type: ignore[list-item]


def play(tale: Tale, cases: list[Case]) -> list[Case]:
    """Rounds until the program has died once at every case; those that it survived."""
    mortal = tale.mortal
    mortal.to_die, mortal.died = list(cases), []
    mortal.begin()
    rounds_of_life, life = 0, mortal.case
    while mortal.case is not None:
        tale.round()
        rounds_of_life = rounds_of_life + 1 if mortal.case == life else 0
        life = mortal.case
        if rounds_of_life >= ROUNDS_MAX:
            mortal.end()
            mortal.begin()
    tale.round()
    return sorted(set(cases) - set(mortal.died))


def counted_command(file: Path, command: list[str]) -> list[str]:
    """The same program with a counter in the place of its crash points."""
    assert command[1] == "-m"
    return [sys.executable, "-m", "tests.crash_points.counted", str(file), *command[2:]]


def hits(file: Path, points: tuple[str, ...]) -> dict[str, int]:
    """How often each point was passed."""
    passes = json.loads(file.read_text())
    return {point: passes[point] for point in points if point in passes}


def cases_of(passes: dict[str, int]) -> list[Case]:
    """First, second and last hit of each point."""
    return [(point, hit) for point, last in passes.items() for hit in sorted({1, min(2, last), last})]
