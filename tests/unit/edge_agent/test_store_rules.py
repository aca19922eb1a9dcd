"""Rules that head office sets: what cannot be used is left out, and the day is the store's own."""

from edge_agent.domain.store_rules import CountPlan, StoreRules, day_of, days_later, read_rules


def test_without_a_word_the_defaults_hold() -> None:
    assert read_rules({}) == (StoreRules(), [])


def test_a_rule_that_cannot_be_used_is_named_and_its_default_holds() -> None:
    rules, mistakes = read_rules({
        "expired_sale": "maybe", "alert_threshold_days": 14, "timezone": "Mars/Base", "blind_counts": "no",
        "count_plan": {"a_days": 7, "per_day": 0},
    })  # fmt: skip
    assert (rules.expired_sale, rules.alert_threshold_days, rules.timezone) == ("block", 14, "UTC")
    assert rules.count_plan == CountPlan(a_days=7)
    assert {each.split(":")[0] for each in mistakes} == {
        "expired_sale", "timezone", "blind_counts", "count_plan.per_day",
    }  # fmt: skip


def test_the_stores_day_is_of_its_zone_and_no_clock_breaks_it() -> None:
    new_year = 1_798_761_600_000  # 2027-01-01T00:00Z
    assert day_of(StoreRules(), new_year) == "2027-01-01"
    assert day_of(StoreRules(timezone="America/New_York"), new_year) == "2026-12-31"
    assert day_of(StoreRules(), 10**18) == "9999-12-30"
    assert day_of(StoreRules(), -5) == "1970-01-02"
    assert (days_later("2026-02-28", 1), days_later("9999-12-31", 5)) == ("2026-03-01", "9999-12-31")
