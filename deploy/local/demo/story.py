"""The whole story, played unattended: trade, cut, trade on, kill, change prices, mend, compare.

Each chapter says what it does and leaves figures; the last one reads both databases. The judge
keeps its own account of what was beeped and acknowledged, and believes neither program.
"""

import threading
import time
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from functools import partial
from itertools import count
from typing import NamedTuple

from deploy.local.calls import wait_until
from deploy.local.demo import restocking
from deploy.local.demo.audit import Audit, audit, count_movements
from deploy.local.demo.chain import Chain
from deploy.local.demo.figures import Figures
from deploy.local.demo.goods import Goods, Sale, post_batch, post_sales
from deploy.local.demo.listener import Listener
from deploy.local.demo.trade import Trade
from deploy.local.stack import Store
from sync_protocol.quantity import parse_quantity

ONLINE, OFFLINE = 200, 2_000
BY_SCANNER = 1_000
BATCH = 100
DELIVERY, COUNTED, REPRICED = 40, 5, 10
BEEPS_AT_ONCE = 50


class Scene(NamedTuple):
    """A store, its scanners, and what the judge knows went in and out of it (thousandths)."""

    store: Store
    trade: Trade
    account: Counter[str]


def play(chain: Chain, sales: list[Sale]) -> Figures:
    """All chapters in order."""
    chain.is_trading = False
    figures = Figures()
    scenes = [Scene(store, chain.trades[name], _opening(chain)) for name, store in chain.stores.items()]
    north, south = scenes
    now, later = _split(sales)
    warehouse = restocking.open_warehouse(chain)
    _trade_online(chain, scenes, now, figures)
    _restock(chain, warehouse, north, figures)
    _cut(chain, south, figures)
    _offline(chain, south, later, figures)
    prices = _change_prices(chain, figures)
    _sell(north, ONLINE)
    _mend(chain, south, figures)
    _compare(chain, scenes, prices, figures)
    restocking.read_mail(chain, figures)
    return figures


def _trade_online(chain: Chain, scenes: list[Scene], sales: list[Sale], figures: Figures) -> None:
    _tell(f"both stores trade online: {ONLINE} beeps each{f', and {len(sales):,} real sales' if sales else ''}")
    started = time.monotonic()
    for number, scene in enumerate(scenes):
        _sell(scene, ONLINE)
        _replay(chain, scene, [sale for sale in sales if sale.store == number])
    chain.stack.wait_converged(240)
    figures.note(
        "records online, until head office had them", f"{_heads(scenes):,} in {time.monotonic() - started:.1f} s"
    )


def _restock(chain: Chain, warehouse: restocking.Warehouse, north: Scene, figures: Figures) -> None:
    _tell(f"an order and a transfer reach {north.store.name}; the warehouse has been low all the time")
    with Listener(chain.stack) as listener:
        listener.judge(restocking.order(chain, north.store, north.account, figures), figures)
    restocking.transfer(chain, warehouse, north.store, north.account, figures)


def _cut(chain: Chain, south: Scene, figures: Figures) -> None:
    _tell(f"{south.store.name} is cut off")
    chain.cut(south.store.name)
    wait_until(lambda: not _box(chain, south)["is_live"], "head office notices the cut", 90)
    level = chain.stack.expect("GET", f"/api/v1/inventory?site_id={south.store.site_id}&limit=1")
    says = level["as_of"][0]
    figures.check(
        "head office says since when it is blind", not says["is_live"] and bool(says["last_heard"]), says["last_heard"]
    )


def _offline(chain: Chain, south: Scene, later: list[Sale], figures: Figures) -> None:
    _tell(f"{south.store.name}, offline: {OFFLINE:,} movements, a delivery, a count, and a SIGKILL in the middle")
    before = count_movements(south.store, "sale")
    _sell(south, BY_SCANNER)
    _sales_through_a_kill(chain, south, figures)
    _replay(chain, south, [sale for sale in later if sale.store == 1])
    figures.check("movements offline", count_movements(south.store, "sale") - before >= OFFLINE,
                  count_movements(south.store, "sale") - before)  # fmt: skip
    figures.note("cases delivered offline", _delivery(chain, south))
    figures.check("counted offline, variances posted", _count(chain, south) == COUNTED, COUNTED)
    sync = south.store.sync()
    figures.check("the backlog is on the store's screen", sync["pending"] >= OFFLINE, sync["pending"])


def _sales_through_a_kill(chain: Chain, south: Scene, figures: Figures) -> None:
    """Batches with keys; the agent is killed while one is under way, and that one is sent again."""
    batches = (OFFLINE - BY_SCANNER) // BATCH
    tried = 0
    for number in range(batches):
        items = [chain.goods[(number * BATCH + n) % len(chain.goods)] for n in range(BATCH)]
        killer = threading.Timer(0.002, lambda: chain.kill(south.store.name))
        if number == batches // 2:
            killer.start()
        tried += _sent_for_sure(chain, south, items, f"story-{number}", killer)
        for item in items:
            south.account[item.product_id] -= 1000
    figures.check("batches sent again after the kill, none twice", tried >= batches, f"{tried} tries for {batches}")


def _sent_for_sure(chain: Chain, south: Scene, items: list[Goods], key: str, killer: threading.Timer) -> int:
    """Send under one key until it is answered by a living agent; how often it took."""
    rows = [{"product_id": item.product_id, "quantity": "1", "reason": "sale"} for item in items]
    for tries in count(1):
        is_answered = False
        with suppress(OSError):
            is_answered = bool(post_batch(south.store, rows, key=key))
        if killer.is_alive():
            killer.join()
        if not chain.is_up(south.store.name):
            chain.start(south.store.name)
        elif is_answered:
            return tries
    raise AssertionError("unreachable")


def _delivery(chain: Chain, south: Scene) -> int:
    """Cases at the dock, beeped one by one; without case codes a delivery note by hand."""
    before = count_movements(south.store, "receipt")
    for item in chain.goods[:DELIVERY]:
        if item.case_gtin:
            south.trade.receive(item)
            continue
        row = {"product_id": item.product_id, "quantity": str(item.case_size), "reason": "receipt"}
        post_batch(south.store, [row], key=f"story-delivery-{item.sku}")
        south.account[item.product_id] += 1000 * item.case_size
    wait_until(lambda: count_movements(south.store, "receipt") - before == DELIVERY, "the delivery is booked", 60)
    return DELIVERY


def _count(chain: Chain, south: Scene) -> int:
    """One unit less on the shelf than the books say, for a few products."""
    stocktake = south.store.post("/api/v1/stocktakes", {"name": "story", "blind": False}).body["stocktake_id"]
    posted = 0
    for item in chain.goods[:COUNTED]:
        south.account[item.product_id] -= 1000
        counted = Decimal(_account(south)[item.product_id]) / 1000
        line = {"product_id": item.product_id, "counted": str(counted)}
        answer = south.store.post(f"/api/v1/stocktakes/{stocktake}/lines", line)
        posted += answer.status in (200, 201) and Decimal(answer.body["variance"]) == -1
    south.store.post(f"/api/v1/stocktakes/{stocktake}/close", {})
    return posted


def _change_prices(chain: Chain, figures: Figures) -> dict[str, str]:
    _tell(f"head office changes {REPRICED} prices meanwhile")
    prices = {item.product_id: f"{7 + number}.77" for number, item in enumerate(chain.goods[-REPRICED:])}
    for product_id, price in prices.items():
        chain.stack.expect("PATCH", f"/api/v1/products/{product_id}", {"price": price})
    figures.note("prices changed at head office during the cut", len(prices))
    return prices


def _mend(chain: Chain, south: Scene, figures: Figures) -> None:
    _tell(f"{south.store.name} is connected again")
    backlog, started = south.store.sync()["pending"], time.monotonic()
    chain.mend(south.store.name)
    wait_until(south.store.is_caught_up, "the backlog has arrived", 120)
    figures.note(
        "backlog, and how long after mending head office had it", f"{backlog:,} in {time.monotonic() - started:.1f} s"
    )
    chain.stack.wait_converged(60)


def _compare(chain: Chain, scenes: list[Scene], prices: dict[str, str], figures: Figures) -> None:
    _tell("compare: both databases, to the unit")
    for scene in scenes:
        name = scene.store.name
        wait_until(partial(_has_prices, scene.store, prices), f"prices at {name}", 60)
        found: Audit = audit(chain.stack, scene.store)
        figures.check(f"{name}: movements at the store and at head office", found.movements == found.hub_movements,
                      f"{found.movements:,} = {found.hub_movements:,}")  # fmt: skip
        figures.check(f"{name}: levels that differ", found.different_levels == 0, found.different_levels)
        figures.check(
            f"{name}: duplicates, gaps", found.duplicates == found.gaps == 0, f"{found.duplicates}, {found.gaps}"
        )
        figures.check(f"{name}: chain heads equal", found.is_chain_equal, f"{found.records:,} records")
        figures.check(f"{name}: digests equal, sum over all places zero", found.is_digest_equal and found.is_zero_sum)
        figures.check(f"{name}: prices arrived", _has_prices(scene.store, prices), len(prices))
        wrong = [each for each, quantity in _account(scene).items() if found.on_hand(each) != quantity]
        figures.check(f"{name}: products whose stock is not what the judge counted", not wrong, len(wrong))
    figures.check("cloud-hub verify", "0 problem(s)" in chain.stack.cloud_hub("verify"))


def _sell(scene: Scene, beeps: int) -> None:
    """Beep, and wait until the store's ledger has it."""
    goal = count_movements(scene.store, "sale")
    while beeps:
        now = min(beeps, BEEPS_AT_ONCE)
        for _ in range(now):
            scene.trade.sell_something()
        goal, beeps = goal + now, beeps - now
        wait_until(partial(_has_booked, scene.store, goal), f"{scene.store.name}: beeps booked", 60)


def _has_booked(store: Store, sales: int) -> bool:
    return count_movements(store, "sale") >= sales


def _replay(chain: Chain, scene: Scene, sales: list[Sale]) -> None:
    known = {item.sku: item for item in chain.goods}
    post_sales(scene.store, sales, known)
    for sale in sales:
        scene.account[known[sale.sku].product_id] -= parse_quantity(sale.quantity)


def _account(scene: Scene) -> Counter[str]:
    """What each product should be, with what went over the scanners."""
    total = Counter(scene.account)
    for product_id, units in scene.trade.sold.items():
        total[product_id] -= 1000 * units
    for product_id, units in scene.trade.received.items():
        total[product_id] += 1000 * units
    return total


def _opening(chain: Chain) -> Counter[str]:
    return Counter({item.product_id: 1000 * item.opening for item in chain.goods})


def _split(sales: list[Sale]) -> tuple[list[Sale], list[Sale]]:
    """What is sold before the cut, and the last rows, which are sold during it."""
    return sales[: -2 * OFFLINE], sales[-2 * OFFLINE :]


def _has_prices(store: Store, prices: dict[str, str]) -> bool:
    return all(store.get(f"/api/v1/products/{each}").body["price"] == price for each, price in prices.items())


def _box(chain: Chain, scene: Scene) -> dict[str, object]:
    boxes = chain.stack.expect("GET", "/api/v1/fleet")["items"]
    return dict(next(box for box in boxes if box["site_id"] == scene.store.site_id))


def _heads(scenes: list[Scene]) -> int:
    return sum(int(scene.store.sync()["head"]) for scene in scenes)


def _tell(line: str) -> None:
    print(f"· {line}", flush=True)
