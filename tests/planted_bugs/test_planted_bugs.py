"""Every planted bug is killed by a named seed or a named test; the list is printed at the end.

A bug that survives means that the tests would not notice it if somebody wrote it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.planted_bugs.bugs import SIMULATED, TESTED, Bug
from tests.planted_bugs.planting import planted
from tests.simulation.run import run

ROOT = Path(__file__).parents[2]
FAILED = 1
"""pytest's exit status when tests ran and some failed; any other one kills nothing."""
_killed: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def the_list(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    planned = sum(
        item.module is request.module and "bug" in getattr(item, "fixturenames", ()) for item in request.session.items
    )
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    lines = [*_killed, f"killed {len(_killed)} of {planned} planted bugs"]
    if reporter is not None:
        reporter.write_line("\n" + "\n".join(lines))


@pytest.mark.parametrize("bug", SIMULATED, ids=lambda bug: bug.name)
def test_the_simulator_finds(bug: Bug) -> None:
    with planted(*bug.changes):
        found = next(((seed, said) for seed in bug.seeds if (said := _complaint(seed))), None)

    assert found is not None, f"survived {len(bug.seeds)} seeds: {bug.name}"
    _killed.append(f"killed: {bug.name} (seed {found[0]}: {found[1]})")
    assert _complaint(found[0]) is None, f"seed {found[0]} fails without the bug, so it proves nothing"


@pytest.mark.parametrize("bug", TESTED, ids=lambda bug: bug.name)
def test_a_test_finds(bug: Bug) -> None:
    assert bug.test is not None
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "tests.planted_bugs.plugin",
         bug.test],
        cwd=ROOT, env={**os.environ, "BACKSTOCK_PLANTED": bug.name}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == FAILED, f"survived {bug.test}:\n{ended.stdout[-2_000:]}{ended.stderr[-1_000:]}"
    assert " failed" in ended.stdout
    _killed.append(f"killed: {bug.name} ({bug.test.rpartition('::')[2]})")


def test_at_least_twenty_bugs_are_planted() -> None:
    assert len(SIMULATED) + len(TESTED) >= 20


def _complaint(seed: int) -> str | None:
    """What is wrong with a run; an exception out of the product is wrong too."""
    try:
        problems = run(seed).problems
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:80]}"
    return problems[0][:120] if problems else None
