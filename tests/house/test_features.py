"""Each feature row and each acceptance scenario that head office answers for has tests that name it.

A test module says in its docstring which rows (F12, F16–F20) and scenarios it proves; nothing
keeps a second list of the tests.
"""

import ast
import re

import pytest

from tests.house.tree import ROOT, tracked

ROWS = {*range(1, 9), *range(10, 15), *range(16, 25), 27, *range(29, 36), 37, 38, 39, 41, 42}
"""Of the features' table: those of head office's API."""
SCENARIOS = {7, 9, 10, 11, 13}
_ROW = re.compile(r"\bF(\d\d)(?:\s*[–-]\s*F(\d\d))?\b")
_SCENARIO = re.compile(r"\bscenarios? (\d+(?:(?:, | and | to )\d+)*)", re.IGNORECASE)


def _docstrings() -> dict[str, str]:
    """Of test modules and of the tests in them."""
    found = {}
    for name in tracked():
        if name.startswith("tests/") and name.rpartition("/")[2].startswith("test_") and name.endswith(".py"):
            tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
            tests = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            said = [ast.get_docstring(each) or "" for each in (tree, *tests)]
            names = [each.name.replace("_", " ") for each in tests if each.name.startswith("test_")]
            found[name] = "\n".join([*said, *names])
    return found


@pytest.fixture(scope="module")
def docstrings() -> dict[str, str]:
    return {name: text for name, text in _docstrings().items() if not name.startswith("tests/house/")}


def _rows(text: str) -> set[int]:
    return {row for first, last in _ROW.findall(text) for row in range(int(first), int(last or first) + 1)}


def _scenarios(text: str) -> set[int]:
    return {int(number) for group in _SCENARIO.findall(text) for number in re.findall(r"\d+", group)}


@pytest.mark.parametrize("row", sorted(ROWS), ids=lambda row: f"F{row:02d}")
def test_a_feature_row_has_tests_that_name_it(row: int, docstrings: dict[str, str]) -> None:
    naming = [name for name, text in docstrings.items() if row in _rows(text)]
    assert naming, f"no test module says that it proves F{row:02d}"


@pytest.mark.parametrize("number", sorted(SCENARIOS))
def test_an_acceptance_scenario_has_tests_that_name_it(number: int, docstrings: dict[str, str]) -> None:
    naming = [name for name, text in docstrings.items() if number in _scenarios(text)]
    assert naming, f"no test says that it plays scenario {number}"


def test_no_test_names_a_row_that_there_is_not(docstrings: dict[str, str]) -> None:
    wrong = {name: sorted(rows) for name, text in docstrings.items() if (rows := _rows(text) - set(range(1, 43)))}
    assert wrong == {}
