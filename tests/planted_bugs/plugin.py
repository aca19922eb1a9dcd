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
    # Test modules have imported functions by name as well.
    for item in session.items:
        module = getattr(item, "module", None)
        for change in bug.changes:
            name = change.where.rpartition(":")[2]
            if module is not None and "." not in name and hasattr(module, name):
                source = __import__(change.where.partition(":")[0], fromlist=[name])
                setattr(module, name, getattr(source, name))


def pytest_unconfigure() -> None:
    _stack.close()
