"""Records go only below a safe mark that has been safe for as long as the retention says."""

from pathlib import Path

from edge_agent.services import pruning
from edge_agent.storage import identity, ledger, retention
from sync_protocol.retention import SafeAt
from tests.unit.edge_agent_sync.builders import NOW_MS, ORIGIN, a_store, an_id, sell

DAY = 24 * 3_600_000
KEPT = 35 * DAY


def a_store_with(sales: int, acked: int, safe: int, offset: int | None = 0):
    store = a_store()
    sell(store, sales)
    identity.save_ack(store, acked, safe, 1)
    identity.save_clock_offset(store, offset)
    return store


def first(store) -> int:
    return identity.get(store).first_retained


def test_what_was_safe_for_the_retention_goes_behind_a_checkpoint() -> None:
    store = a_store_with(30, 25, 20)

    gone = pruning.prune(store, [SafeAt(10, NOW_MS - KEPT), SafeAt(20, NOW_MS)], NOW_MS, KEPT)

    assert (gone, first(store)) == (10, 11)
    assert ledger.hash_at(store, 10)
    assert retention.verify(store) == []


def test_nothing_goes_before_its_time() -> None:
    store = a_store_with(30, 30, 30)

    assert pruning.prune(store, [SafeAt(30, NOW_MS - KEPT + 1)], NOW_MS, KEPT) == 0


def test_a_safe_mark_that_went_back_takes_its_promise_back() -> None:
    store = a_store_with(30, 30, 5)

    pruning.prune(store, [SafeAt(20, NOW_MS - 2 * KEPT)], NOW_MS, KEPT)

    assert first(store) == 6
    assert pruning.noted([SafeAt(20, 1), SafeAt(5, 2)], identity.get(store), NOW_MS)[0] == SafeAt(5, 2)


def test_with_a_clock_that_nobody_set_nothing_is_forgotten() -> None:
    store = a_store_with(30, 30, 30, offset=None)

    assert pruning.prune(store, [SafeAt(30, NOW_MS - 2 * KEPT)], NOW_MS, KEPT) == 0
    assert pruning.noted([], identity.get(store), NOW_MS) == []


def test_one_note_a_day_is_enough() -> None:
    store = a_store_with(30, 30, 10)
    notes = pruning.noted([], identity.get(store), NOW_MS)
    assert notes == [SafeAt(10, NOW_MS)]

    identity.save_ack(store, 30, 20, 1)

    assert pruning.noted(notes, identity.get(store), NOW_MS + DAY - 1) == notes
    assert pruning.noted(notes, identity.get(store), NOW_MS + DAY)[-1] == SafeAt(20, NOW_MS + DAY)


def test_notes_are_of_one_origin_and_survive_garbage(tmp_path: Path) -> None:
    path = tmp_path / "safe.json"
    pruning.save_notes(path, ORIGIN, [SafeAt(3, 4)])

    assert pruning.load_notes(path, ORIGIN) == [SafeAt(3, 4)]
    assert pruning.load_notes(path, an_id(90)) == []
    path.write_text("[]")
    assert pruning.load_notes(path, ORIGIN) == []
