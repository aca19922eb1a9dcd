"""The replica of the catalogue: search, codes, versions, and the swap of a snapshot."""

import re
import sqlite3

import pytest

from edge_agent.errors import Unavailable
from edge_agent.storage import catalogue, staging
from edge_agent.storage.catalogue import Site
from edge_agent.storage.database import transact
from tests.unit.edge_agent.a_store import a_product, a_store, add, code_of


def names(connection: sqlite3.Connection, q: str) -> list[str]:
    return [product.name for _, product in catalogue.list_products(connection, q=q)]


def test_search_finds_beginnings_of_words_in_name_sku_and_category() -> None:
    connection = a_store(
        a_product(1, name="Café crème", category="hot drinks"), a_product(2, name="Dark tea", category="hot drinks"),
        a_product(3, name="Rye bread"),
    )  # fmt: skip

    assert names(connection, "cafe") == ["Café crème"]
    assert names(connection, "hot da") == ["Dark tea"]
    assert names(connection, "SKU-3") == ["Rye bread"]
    assert names(connection, 'br" OR *') == []
    assert names(connection, '"') == []


def test_search_follows_a_change_and_leaves_out_what_is_archived() -> None:
    connection = a_store(a_product(1, name="Rye bread"))

    catalogue.save_product(connection, a_product(1, name="Wheat bread"))
    assert (names(connection, "rye"), names(connection, "wheat")) == ([], ["Wheat bread"])

    catalogue.archive(connection, a_product(1).product_id, (1, 2))
    assert names(connection, "wheat") == []
    assert catalogue.find_product(connection, a_product(1).product_id) is not None, "history stays"


def test_pages_follow_the_cursor() -> None:
    connection = a_store(*(a_product(number) for number in range(1, 8)))
    seen, after = [], 0
    while page := catalogue.list_products(connection, after=after, limit=3):
        seen += [product.sku for _, product in page]
        after = page[-1][0]
    assert seen == [f"SKU-{number}" for number in range(1, 8)]


def test_a_code_moves_to_the_product_that_names_it_last() -> None:
    one, two = a_product(1), a_product(2)
    connection = a_store(one, two)

    catalogue.replace_codes(connection, two.product_id, [(code_of(one).zfill(14), 6000)])

    found = catalogue.find_by_code(connection, code_of(one).zfill(14))
    assert found is not None
    assert (found.product.product_id, found.pack_quantity) == (two.product_id, 6000)
    assert catalogue.codes_of(connection, one.product_id) == []


@pytest.mark.parametrize(("version", "is_taken"), [((1, 4), False), ((1, 5), True), ((1, 6), True), ((2, 1), True)])
def test_an_older_policy_or_site_never_overwrites_a_newer_one(version: tuple[int, int], is_taken: bool) -> None:
    connection = a_store()
    catalogue.save_policy(connection, (1, 5), 10, 5, {})
    catalogue.save_site(connection, Site("s", "A", "old"), (1, 5))

    catalogue.save_policy(connection, version, 99, 5, {"a": 1})
    catalogue.save_site(connection, Site("s", "A", "new"), version)

    assert catalogue.get_policy(connection).reorder_point == (99 if is_taken else 10)
    assert catalogue.list_sites(connection) == [Site("s", "A", "new" if is_taken else "old")]


def seal(connection: sqlite3.Connection) -> None:
    for step in staging.sealing(connection):
        step(connection)


def clear(connection: sqlite3.Connection) -> None:
    for step in staging.clearing(connection):
        step(connection)


@pytest.fixture(params=["copied", "renamed"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small catalogue's rows are copied, a large one's tables renamed."""
    if request.param == "renamed":
        monkeypatch.setattr(staging, "COPIED_MAX", -1)


@pytest.mark.usefixtures("_both_ways")
def test_the_old_catalogue_serves_until_the_swap_and_the_new_one_after_it() -> None:
    connection = a_store(a_product(1, name="old"))
    staging.begin_staging(connection)
    staging.stage_products(connection, [(a_product(2, name="new"), [("x", 1000)]), (a_product(3), [])])
    seal(connection)
    assert names(connection, "old") == ["old"]

    staging.swap(connection)

    assert (names(connection, "old"), names(connection, "new")) == ([], ["new"])
    assert catalogue.find_by_code(connection, "x") is not None
    add(connection, a_product(4, name="later"))
    assert names(connection, "later") == ["later"], "the index follows changes after a swap too"


@pytest.mark.usefixtures("_both_ways")
def test_the_schema_after_a_swap_is_the_schema_before_it() -> None:
    connection = a_store()

    def shape() -> set[str]:
        rows = connection.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'products_fts_%'"
        )
        # The number in an index's name is another after each swap.
        return {re.sub(r"_\d+ ON ", " ON ", " ".join(sql.replace('"', "").split())) for (sql,) in rows}

    before = shape()
    for _ in range(2):
        staging.begin_staging(connection)
        seal(connection)
        staging.swap(connection)
        clear(connection)
    assert shape() == before


@pytest.mark.usefixtures("_both_ways")
def test_a_snapshot_begins_whether_or_not_the_one_before_was_cleared_away() -> None:
    connection = a_store(a_product(1, name="old"))
    for name in ("first", "second"):
        staging.begin_staging(connection)
        staging.stage_products(connection, [(a_product(2, name=name), [])])
        seal(connection)
        staging.swap(connection)
        assert names(connection, name) == [name]

    clear(connection)

    assert names(connection, "second") == ["second"]
    left = "SELECT name FROM sqlite_master WHERE name LIKE 'retired%' OR name LIKE 'staging%' ORDER BY name"
    assert connection.execute(left).fetchall() == [("staging_barcodes",), ("staging_products",)]
    assert connection.execute("SELECT count(*) FROM staging_products").fetchone() == (0,)


@pytest.mark.usefixtures("_both_ways")
def test_a_snapshot_that_was_broken_off_can_begin_again() -> None:
    connection = a_store()
    for name in ("first", "again"):
        staging.begin_staging(connection)
        staging.stage_products(connection, [(a_product(2, name=name), [("x", 2000)])])
        seal(connection)
    staging.swap(connection)
    found = catalogue.find_by_code(connection, "x")
    assert found is not None
    assert (found.product.name, found.pack_quantity) == ("again", 2000)


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize(("other", "code"), [(2, "y"), (3, "x")], ids=["product", "code"])
def test_a_snapshot_that_has_a_product_or_a_code_twice_is_refused(other: int, code: str) -> None:
    connection = a_store(a_product(1, name="old"))
    staging.begin_staging(connection)
    staging.stage_products(connection, [(a_product(2), [("x", 1000)]), (a_product(other), [(code, 1000)])])

    def seal_and_swap(connection: sqlite3.Connection) -> None:
        seal(connection)
        staging.swap(connection)

    with pytest.raises(Unavailable) as refused:
        transact(connection, seal_and_swap)
    assert refused.value.code == "bad_snapshot"
    assert names(connection, "old") == ["old"]


@pytest.mark.usefixtures("_both_ways")
def test_every_product_of_a_snapshot_is_found_by_its_words_wherever_its_slice_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(staging, "WORDS_AT_ONCE", 2)
    connection = a_store()
    staging.begin_staging(connection)
    staging.stage_products(connection, [(a_product(number, name=f"n{number}"), []) for number in range(1, 6)])
    seal(connection)
    staging.swap(connection)

    assert [names(connection, f"n{number}") for number in range(1, 6)] == [[f"n{number}"] for number in range(1, 6)]


def test_a_copy_whose_schema_counts_from_elsewhere_takes_a_large_snapshot_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "COPIED_MAX", -1)
    original = a_store()

    def replace(connection: sqlite3.Connection, name: str) -> None:
        staging.begin_staging(connection)
        staging.stage_products(connection, [(a_product(1, name=name), [("x", 1000)])])
        seal(connection)
        staging.swap(connection)

    replace(original, "old")
    [reached] = original.execute("PRAGMA schema_version").fetchone()
    for version in range(reached - 30, reached):
        copy = sqlite3.connect(":memory:", isolation_level=None)
        original.backup(copy)  # which counts the copy's schema from 1
        copy.execute(f"PRAGMA schema_version = {version}")

        replace(copy, "new")

        assert names(copy, "new") == ["new"]


def test_a_small_shops_swap_changes_no_schema_so_that_statements_stay_prepared() -> None:
    connection = a_store(a_product(1))
    before = connection.execute("PRAGMA schema_version").fetchone()

    staging.begin_staging(connection)
    staging.stage_products(connection, [(a_product(2), [("x", 1000)])])
    seal(connection)
    staging.swap(connection)
    clear(connection)

    assert connection.execute("PRAGMA schema_version").fetchone() == before
