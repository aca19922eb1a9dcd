"""ruff and mypy --strict hold over the whole tree; file and function sizes are printed, not judged."""

import ast
import statistics
import subprocess
import sys

import pytest

from tests.house.tree import PACKAGES, ROOT, python_files, syntax


def run_tool(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-2000:]}"


def test_ruff_finds_nothing() -> None:
    run_tool("ruff", "check", "--quiet", ".")


def test_the_formatter_would_change_nothing() -> None:
    run_tool("ruff", "format", "--check", "--quiet", ".")


@pytest.mark.timeout(400)
def test_mypy_strict_finds_nothing() -> None:
    run_tool("mypy")


def test_every_module_says_what_it_is() -> None:
    silent = [name for name in python_files(*PACKAGES, "deploy", "packaging", "tests") if not says_what_it_is(name)]

    assert silent == []


def says_what_it_is(name: str) -> bool:
    tree = syntax(name)
    return not tree.body or ast.get_docstring(tree) is not None


def test_sizes_are_printed() -> None:
    files = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in python_files(*PACKAGES)}
    functions = {
        f"{name}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name in files
        for node in ast.walk(syntax(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for title, sizes in (("file", files), ("function", functions)):
        longest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
        median = statistics.median(sizes.values())
        print(f"{title}: {len(sizes)}, median {median:.0f} lines, longest {longest}")
    assert files
    assert functions
