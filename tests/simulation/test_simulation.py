"""Thousands of schedules of faults: after mending, hub and stores agree to the unit, every time.

`SIM_SEEDS` (default 2,000) schedules over 16 items, so that xdist spreads them. A failing
seed is printed: `python -m tests.simulation --seed N` shows what happened in it.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulation.__main__ import summary
from tests.simulation.faults import FAULTS
from tests.simulation.run import Result, few_collections, run

SEEDS = int(os.environ.get("SIM_SEEDS", "2000"))
ITEMS = 16
FAULTS_MIN, MOVEMENTS_MIN = 3, 200
REGRESSIONS = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "regressions.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("item", range(ITEMS))
def test_after_mending_every_law_holds(item: int, record_property: Callable[[str, object], None]) -> None:
    met: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    failures = []

    for result in _runs(range(item, SEEDS, ITEMS)):
        met += result.met
        struck += result.struck
        if result.problems:
            failures.append(f"seed {result.seed}: {'; '.join(result.problems[:3])}")
        if result.movements < MOVEMENTS_MIN or result.faults < FAULTS_MIN:
            failures.append(f"seed {result.seed}: a schedule of {result.movements} movements, {result.faults} faults")

    print(summary(met, struck))
    record_property("schedules", len(range(item, SEEDS, ITEMS)))
    assert not failures, "\n".join(failures)


def _runs(seeds: range) -> Iterator[Result]:
    with few_collections():
        for seed in seeds:
            yield run(seed)


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_a_seed_that_once_failed_holds(seed: int) -> None:
    assert run(seed).problems == []


@pytest.mark.parametrize("seed", [1, 5, 42])
def test_the_same_seed_is_the_same_run(seed: int) -> None:
    first, second = run(seed), run(seed)

    assert first.trace == second.trace
    assert first.met == second.met


def test_another_seed_is_another_run() -> None:
    assert run(1).trace != run(2).trace


def test_every_kind_of_fault_is_met_in_a_few_hundred_schedules() -> None:
    struck: Counter[str] = Counter()

    for seed in range(9_000, 9_080):
        struck += run(seed).struck

    assert {fault.__name__ for fault in FAULTS} <= struck.keys()
