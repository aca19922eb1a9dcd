"""A shop that nobody owns yet sells like one: products, prices, weekday and season in the demand.

For the demo, trials and tests. Pure: the same seed gives the same shop and the same days. GTINs
are valid and begin with 952, the GS1 prefix for examples, so no real product is ever met;
items of somebody else's sales file get numbers from the in-store range by a hash.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from itertools import count, product
from random import Random
from typing import NamedTuple

from cloud_hub.services.sample_catalogue import FAMILIES, Family
from sync_protocol.gtin import check_digit

EXAMPLE_PREFIX = "952"
IN_STORE_PREFIX = "21"
WEEKDAYS = (900, 850, 900, 1000, 1250, 1450, 650)
"""Monday to Sunday, thousandths of the mean."""
_LEAD_DAYS = 3
_BASKET_MAX = 8


class SampleProduct(NamedTuple):
    """One product and how it sells. Money in minor units, demand in thousandths of a unit a day."""

    sku: str
    name: str
    category: str
    gtin: str
    case_gtin: str
    case_size: int
    price: int
    cost: int
    daily: int
    peak: int
    swing: int

    @property
    def reorder_point(self) -> int:
        """Units that cover the lead time and as much again."""
        return max(2, 2 * _LEAD_DAYS * self.daily // 1000)

    @property
    def opening(self) -> int:
        """Units to open a shop with: a fortnight, in whole cases."""
        return -(-14 * self.daily // (1000 * self.case_size)) * self.case_size


def make_shop(seed: int, size: int = 300) -> list[SampleProduct]:
    """`size` named products over all families, fast ones and slow ones."""
    draw = Random(seed)
    goods = [(family, *each) for family in FAMILIES for each in product(family.brands, family.kinds, family.sizes)]
    draw.shuffle(goods)
    if not 0 < size <= len(goods):
        raise ValueError(f"size: expected 1 to {len(goods)}, got {size}")
    return [_make(number, draw, *each) for number, each in enumerate(goods[:size], 1)]


def _make(number: int, draw: Random, family: Family, brand: str, kind: str, size: str) -> SampleProduct:
    step = family.sizes.index(size) - (len(family.sizes) - 1) / 2
    price = max(29, round(family.price * (1 + 0.6 * step) * draw.uniform(0.85, 1.2) / 10) * 10 - 1)
    body = f"{EXAMPLE_PREFIX}{1000 + number // 100:04d}{number:05d}"
    case = f"1{body}"
    return SampleProduct(
        sku=f"{family.category[:3].upper()}-{number:04d}",
        name=f"{brand} {kind} {size}",
        category=family.category,
        gtin=body + check_digit(body),
        case_gtin=case + check_digit(case),
        case_size=family.case,
        price=price,
        cost=round(price * draw.uniform(0.58, 0.78)),
        # A few products sell like hot cakes and most do not.
        daily=max(60, round(family.daily * draw.lognormvariate(-0.5, 0.8))),
        peak=family.peak,
        swing=family.swing,
    )


def mean_demand(item: SampleProduct, day: date) -> int:
    """Expected units on a day, in thousandths."""
    year = 2 * math.pi * ((day.month - item.peak) * 30 + day.day - 15) / 365
    season = 1000 + round(item.swing * math.cos(year))
    return max(0, item.daily * WEEKDAYS[day.weekday()] * season // 1_000_000)


def make_sales(shop: Iterable[SampleProduct], day: date, draw: Random) -> list[SampleProduct]:
    """The day's sales, one entry per unit over the counter, in the order of the beeps."""
    sold = [item for item in shop for _ in range(_poisson(mean_demand(item, day) / 1000, draw))]
    draw.shuffle(sold)
    return sold


class SampleDay(NamedTuple):
    """A day of trade: units that came in the morning by SKU, then what was sold, basket by basket."""

    day: date
    received: Mapping[str, int]
    baskets: Sequence[Counter[str]]


def make_days(shop: Sequence[SampleProduct], first: date, days: int, seed: int) -> Iterator[SampleDay]:
    """Trade day by day: what is low in the evening is ordered and comes later; nothing is sold that is not there."""
    stock = {item.sku: 0 for item in shop}
    due = {first: Counter({item.sku: item.opening for item in shop})}
    for day in (first + timedelta(days=passed) for passed in range(days)):
        draw = Random(f"{seed}/{day}")
        received = due.pop(day, Counter())
        for sku, units in received.items():
            stock[sku] += units
        sold = []
        for item in make_sales(shop, day, draw):
            if stock[item.sku] > 0:
                stock[item.sku] -= 1
                sold.append(item.sku)
        yield SampleDay(day, received, _baskets(sold, draw))
        coming = sum(due.values(), Counter())
        for item in shop:
            if stock[item.sku] + coming[item.sku] <= item.reorder_point:
                due.setdefault(day + timedelta(days=_LEAD_DAYS), Counter())[item.sku] += item.opening


def _baskets(sold: Sequence[str], draw: Random) -> list[Counter[str]]:
    baskets, at = [], 0
    while at < len(sold):
        size = draw.randint(1, _BASKET_MAX)
        baskets.append(Counter(sold[at : at + size]))
        at += size
    return baskets


def _poisson(mean: float, draw: Random) -> int:
    limit, chance = math.exp(-mean), draw.random()
    for units in count():
        if chance <= limit or units > 10_000:
            return units
        chance *= draw.random()
    raise AssertionError("unreachable")


def in_store_gtins(items: Sequence[str]) -> dict[str, str]:
    """A valid in-store EAN-13 for each item of a file, the same on every machine; no two alike."""
    given: dict[str, str] = {}
    taken: set[str] = set()
    for item in sorted(set(items)):
        for attempt in count():
            number = int.from_bytes(sha256(f"{item}/{attempt}".encode()).digest()[:8], "big") % 10**10
            body = f"{IN_STORE_PREFIX}{number:010d}"
            if body not in taken:
                break
        taken.add(body)
        given[item] = body + check_digit(body)
    return given
