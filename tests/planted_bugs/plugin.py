"""A pytest plugin: plants the bug that BACKSTOCK_PLANTED names, then lets the named test run."""

import os
from contextlib import ExitStack

import pytest

from tests.planted_bugs.bugs import TESTED
from tests.planted_bugs.planting import planted

_stack = ExitStack()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Everything is imported by now, so every reference to the function is found."""
    wanted = os.environ["BACKSTOCK_PLANTED"]
    bug = next(bug for bug in TESTED if bug.name == wanted)
    _stack.enter_context(planted(*bug.changes))
    assert session.items


def pytest_unconfigure() -> None:
    _stack.close()
