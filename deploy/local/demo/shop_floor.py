"""What people find in the demo's stores on their first day: names to log in with, and work that waits for them.

A delivery that is expected, lots that end tomorrow, and a shelf that is empty. Made once per
folder, before the live demo begins; the unattended story brings people and goods of its own.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from deploy.local.calls import wait_until
from deploy.local.demo.chain import Chain
from deploy.local.demo.goods import Goods, post_batch
from deploy.local.demo.restocking import send_order
from deploy.local.stack import Stack, Store

VENDOR = "Alpine Farm Dairies"
ORDERED, CASES = 3, 2
LOTS, ENDING = 3, 4


class Code(NamedTuple):
    """Something to scan, and what a person will see of it."""

    code: str
    name: str
    about: str


class Hand(NamedTuple):
    """Somebody who works in both stores."""

    username: str
    full_name: str
    role: str
    pin: str
    badge: str


HANDS = (
    Hand("lea", "Lea Brandt", "staff", "4711", "BADGE-LEA-1"),
    Hand("omar", "Omar Said", "store_manager", "7305", "BADGE-OMAR-1"),
)


def described() -> str:
    """How to log in at a store's screen."""
    return ", ".join(f"{hand.username} PIN {hand.pin} ({hand.role.replace('store_', '')})" for hand in HANDS)


def codes(goods: list[Goods]) -> list[Code]:
    """One of each kind that a store has on its first day."""
    best = _best(goods)
    expected, lots, empty = goods[0], _with_lots(best), best[-1]
    return [
        Code(best[0].gtin, best[0].name, "on the shelf"),
        *(Code(each.gtin, each.name, "some end tomorrow") for each in lots[:1]),
        Code(empty.gtin, empty.name, "sold out"),
        Code(expected.case_gtin or expected.gtin, expected.name, "a delivery brings it"),
    ]


def prepare(chain: Chain) -> None:
    """Everything, once; a set-up that was killed half-way is done again without doing anything twice."""
    done = chain.stack.folder / "shop-floor.done"
    if done.exists():
        return
    for hand in HANDS:
        _employ(chain.stack, hand, [store.site_id for store in chain.stores.values()])
    chain.stack.expect("PUT", "/api/v1/store-rules/chain", {"needs_manager": ["adjust"]})
    vendor = _vendor(chain.stack)
    best = _best(chain.goods)
    for store in chain.stores.values():
        _expect_delivery(chain, store, vendor)
        _lay_out_lots(store, _with_lots(best))
        _empty_a_shelf(store, best[-1])
        wait_until(partial(_knows_people, store), f"{store.name} knows who works there", 60, every_s=0.2)
    done.touch()


def _best(goods: list[Goods]) -> list[Goods]:
    return sorted(goods, key=lambda item: -item.daily)


def _with_lots(best: list[Goods]) -> list[Goods]:
    return best[-1 - LOTS : -1]


def _employ(stack: Stack, hand: Hand, sites: list[str]) -> None:
    found = {each["username"]: each["id"] for each in stack.expect("GET", "/api/v1/users?limit=500")["items"]}
    body = {"username": hand.username, "full_name": hand.full_name, "role": hand.role, "site_ids": sites}
    who = found.get(hand.username) or stack.expect("POST", "/api/v1/users", body)["id"]
    stack.expect("PUT", f"/api/v1/users/{who}/pin", {"pin": hand.pin})
    stack.expect("PUT", f"/api/v1/users/{who}/badge", {"badge": hand.badge})


def _vendor(stack: Stack) -> str:
    known = {each["name"]: each["id"] for each in stack.expect("GET", "/api/v1/vendors?limit=500")["items"]}
    return str(known.get(VENDOR) or stack.expect("POST", "/api/v1/vendors", {"name": VENDOR})["id"])


def _expect_delivery(chain: Chain, store: Store, vendor: str) -> None:
    lines = [(item, CASES * item.case_size) for item in chain.goods[:ORDERED]]
    send_order(chain.stack, vendor, store, lines, key=f"demo-order-{store.name}")


def _lay_out_lots(store: Store, goods: list[Goods]) -> None:
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    rows = [
        {
            "product_id": item.product_id, "quantity": str(ENDING), "reason": "opening", "lot": f"L{number:03}",
            "expiry": tomorrow,
        }
        for number, item in enumerate(goods)
    ]  # fmt: skip
    post_batch(store, rows, key="demo-lots")


def _empty_a_shelf(store: Store, item: Goods) -> None:
    """The last of it was sold, as far as the books know."""
    row = {"product_id": item.product_id, "quantity": str(item.opening), "reason": "sale"}
    post_batch(store, [row], key="demo-sold-out")


def _knows_people(store: Store) -> Any:
    tried = {"username": HANDS[-1].username, "pin": HANDS[-1].pin}
    return store.post("/api/v1/auth/login", tried).status == 200
