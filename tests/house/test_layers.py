"""The arrows of DESIGN section 2: an import contract for the layers, and syntax checks for purity and SQL."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, python_files, syntax

PURE_SCANNER = re.compile(r"scanner_drivers/(framing/.*|decode/.*|scan|url|errors|tap)(\.py)?$")
IMPURE_MODULES = {
    "aiohttp", "aiosqlite", "alembic", "asyncio", "asyncpg", "logging", "multiprocessing", "os", "paho", "psycopg",
    "random", "secrets", "select", "selectors", "serial", "signal", "socket", "sqlalchemy", "sqlite3", "ssl",
    "structlog", "subprocess", "threading", "time",
}  # fmt: skip
IMPURE_CALLS = {
    "now",
    "utcnow",
    "today",
    "uuid1",
    "uuid4",
    "uuid7",
    "time",
    "time_ns",
    "monotonic",
    "perf_counter",
}
SQL = re.compile(
    r"^\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(TEMP\s+|UNIQUE\s+)?"
    r"(TABLE|INDEX|VIEW|TRIGGER|DATABASE)\s|ALTER\s+TABLE\s|DROP\s+(TABLE|DATABASE|INDEX)\s|TRUNCATE\s|PRAGMA\s|"
    r"VACUUM\b|COPY\s+\w+\s+(FROM|TO)\b|WITH\s+(RECURSIVE\s+)?\w+\s+AS\s*\(|BEGIN IMMEDIATE)"
)


def is_pure(name: str) -> bool:
    if name.startswith("sync_protocol/"):
        return not name.startswith("sync_protocol/transport/")
    if name.startswith("published_api/"):
        return name != "published_api/pages.py"
    return "/domain/" in name or PURE_SCANNER.match(name) is not None


def pure_files() -> list[str]:
    return [name for name in python_files(*PACKAGES) if is_pure(name)]


def imported_roots(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def impurities(tree: ast.Module) -> Iterator[str]:
    for root in imported_roots(tree):
        if root in IMPURE_MODULES:
            yield f"imports {root}"
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"line {node.lineno}: async"
        if isinstance(node, ast.Call) and called(node) in IMPURE_CALLS:
            yield f"line {node.lineno}: calls {called(node)}()"


def called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        owner = node.func.value.id
        return node.func.attr if owner in {"datetime", "date", "time", "uuid", "uuid_utils"} else ""
    return node.func.id if isinstance(node.func, ast.Name) else ""


def test_the_import_contract_holds() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", pure_files())
def test_the_pure_core_does_no_io_and_reads_no_clock(name: str) -> None:
    assert list(impurities(syntax(name))) == []


def test_the_purity_check_sees_what_it_must() -> None:
    guilty = ast.parse("import random\nfrom datetime import datetime\nasync def f(): return datetime.now()")

    assert list(impurities(guilty)) == ["imports random", "line 3: async", "line 3: calls now()"]


def sql_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in documentation else None
        if isinstance(text, str) and SQL.match(text):
            yield getattr(node, "lineno", 0), text.strip()[:60]


def test_sql_lives_in_storage_only() -> None:
    elsewhere = [
        f"{name}:{line} {text}"
        for name in python_files(*PACKAGES)
        if "/storage/" not in name
        for line, text in sql_texts(syntax(name))
    ]

    assert elsewhere == []
