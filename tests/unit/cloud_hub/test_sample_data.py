"""The sample shop is believable, repeatable and meets no real product (F29)."""

from datetime import date, timedelta
from random import Random
from statistics import mean

import pytest

from cloud_hub.services.sample_data import in_store_gtins, make_days, make_sales, make_shop, mean_demand
from sync_protocol.gtin import is_valid_gtin

SHOP = make_shop(7)
YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


def test_the_same_seed_gives_the_same_shop_and_day() -> None:
    assert make_shop(7) == SHOP
    assert make_shop(8) != SHOP
    assert make_sales(SHOP, YEAR[0], Random(1)) == make_sales(SHOP, YEAR[0], Random(1))


def test_three_hundred_products_have_names_codes_and_numbers_of_their_own() -> None:
    assert len(SHOP) == 300
    for names in ({p.name for p in SHOP}, {p.sku for p in SHOP}, {p.gtin for p in SHOP}, {p.case_gtin for p in SHOP}):
        assert len(names) == len(SHOP)
    assert len({p.category for p in SHOP}) >= 12


def test_every_gtin_is_valid_and_from_the_range_for_examples() -> None:
    assert all(is_valid_gtin(p.gtin) and is_valid_gtin(p.case_gtin) for p in SHOP)
    assert all(p.gtin.startswith("952") for p in SHOP)


def test_every_product_earns_something_and_opens_with_whole_cases_above_its_reorder_point() -> None:
    for item in SHOP:
        assert 0 < item.cost < item.price
        assert item.opening % item.case_size == 0
        assert item.opening >= item.reorder_point


def test_saturday_sells_more_than_sunday() -> None:
    assert sum(mean_demand(p, date(2026, 3, 7)) for p in SHOP) > 1.8 * sum(
        mean_demand(p, date(2026, 3, 8)) for p in SHOP
    )


def test_ice_melts_away_in_july_and_chocolate_in_december() -> None:
    for category, high, low in (("Beverages", 7, 1), ("Sweets", 12, 6)):
        goods = [p for p in SHOP if p.category == category and p.swing >= 600]
        month = {m: mean(mean_demand(p, d) for p in goods for d in YEAR if d.month == m) for m in (high, low)}
        assert month[high] > 1.5 * month[low]


def test_sales_follow_the_expected_demand() -> None:
    draw = Random(3)
    days = YEAR[60:88]
    sold = sum(len(make_sales(SHOP, day, draw)) for day in days)
    expected = sum(mean_demand(p, day) for p in SHOP for day in days) / 1000

    assert sold == pytest.approx(expected, rel=0.02)


def test_items_of_a_file_get_in_store_numbers_that_never_clash() -> None:
    codes = in_store_gtins([f"SKU{n}" for n in range(20_000)])

    assert len(set(codes.values())) == 20_000
    assert all(is_valid_gtin(code) and code.startswith("21") for code in codes.values())
    assert in_store_gtins(["SKU1"])["SKU1"] == codes["SKU1"]


def test_days_of_trade_sell_only_what_has_come_and_are_the_same_again() -> None:
    shop, stock = SHOP[:40], dict.fromkeys((item.sku for item in SHOP), 0)
    days = list(make_days(shop, YEAR[0], 60, 7))
    for day in days:
        for sku, units in day.received.items():
            stock[sku] += units
        for basket in day.baskets:
            for sku, units in basket.items():
                stock[sku] -= units
        assert min(stock.values()) >= 0

    assert [day.day for day in days] == YEAR[:60]
    assert sum(len(day.baskets) for day in days) > 1_000
    assert len([day for day in days if day.received]) > 10, "what is sold out comes again"
    assert days == list(make_days(shop, YEAR[0], 60, 7))
