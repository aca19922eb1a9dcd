"""House rule: what makes something durable or tells another program must be dieable-at.

A function of the programs that commits, syncs, renames, publishes or acknowledges calls
`crashpoint` itself, or stands in a function that does, or is explained here.
"""

import ast
from collections.abc import Iterator

import pytest

from cloud_hub.crashpoints import REGISTRY as HUB
from edge_agent.crashpoints import REGISTRY as EDGE
from tests.house.tree import python_files, syntax

DURABLE = {"fsync", "rename", "hardlink_to", "publish", "publish_confirmed"}
"""Names of calls that commit, make durable, or tell another program."""

EXPLAINED = {
    "edge_agent/services/beeping.py": "publishes to screens of this process only",
    "edge_agent/web/stream.py": "publishes to screens of this process only",
    "edge_agent/storage/files.py:sync_directory": "called between the points of its callers",
    "cloud_hub/services/backup_file.py:_sync_folder": "called between the points of its callers",
    "cloud_hub/storage/state_files.py:_sync_folder": "called between the points of its callers",
    "cloud_hub/storage/state_files.py:_temporary": "a file under another name changes nothing yet",
    "edge_agent/services/backup.py:_keep_aside": "a second name for the same bytes changes nothing",
    "edge_agent/services/link.py:say_goodbye": "a goodbye that is lost costs the hub one timeout",
    "edge_agent/transport/broker.py": "called between the points of conversation.py; presence and telemetry are gauges",
    "edge_agent/services/conversation.py:_send": "called between the points of its callers",
    "cloud_hub/services/intake.py:_find_bad": "a savepoint inside a transaction that has its points",
    "cloud_hub/services/intake.py:search": "a savepoint inside a transaction that has its points",
    "cloud_hub/services/returned.py:_adopt_product": "a savepoint inside a transaction that has its points",
    "cloud_hub/services/upserting.py:upsert_in": "a savepoint inside a transaction that has its points",
    "cloud_hub/services/proposals.py:merge": "a savepoint inside a transaction that has its points",
    "cloud_hub/services/password_resets.py:confirm": "a transaction that only reads, under the lock of who writes",
    "cloud_hub/transport/mqtt.py": "called before the points of exchange.py; the state announcement is a gauge",
}


@pytest.mark.parametrize(("package", "registry"), [("edge_agent", EDGE), ("cloud_hub", HUB)])
def test_every_point_is_registered_once_and_stands_in_the_code(package: str, registry: tuple[str, ...]) -> None:
    found = {name for file in python_files(package) for name in _points(syntax(file))}
    assert found == set(registry), "registered and used points differ"
    assert len(registry) == len(set(registry))


@pytest.mark.parametrize("package", ["edge_agent", "cloud_hub"])
def test_every_write_path_has_a_crash_point(package: str) -> None:
    bare = [
        f"{file}:{function.name} ({', '.join(sorted(calls))})"
        for file in python_files(package)
        for function, calls in _writers(syntax(file))
        if file not in EXPLAINED and f"{file}:{function.name}" not in EXPLAINED
    ]
    assert bare == [], "a write path without a crash point"


def test_explanations_are_of_functions_that_write() -> None:
    writers = {f"{file}:{function.name}" for package in ("edge_agent", "cloud_hub")
               for file in python_files(package) for function, _ in _writers(syntax(file))}  # fmt: skip
    assert {name for name in EXPLAINED if ":" in name} <= writers, "an explanation of nothing"


def test_the_rule_sees_a_bare_commit() -> None:
    bare = ast.parse("def save(connection):\n    connection.execute('COMMIT')")
    covered = ast.parse("def save(connection):\n    crashpoint('x')\n    connection.execute('COMMIT')")
    assert len(list(_writers(bare))) == 1
    assert list(_writers(covered)) == []


def _writers(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, set[str]]]:
    """Functions that write and have no point of their own."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        calls = {name for call in ast.walk(function) if (name := _durable(call))}
        if calls and not any(True for _ in _points(function)):
            yield function, calls


def _durable(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    name, arguments = node.func.attr, node.args
    if name == "execute" and arguments and isinstance(arguments[0], ast.Constant) and arguments[0].value == "COMMIT":
        return "COMMIT"
    if name == "replace" and len(arguments) == 1 and not node.keywords:
        return "replace"
    owner = getattr(node.func.value, "id", "")
    if name == "transaction":
        # The hub's own `Database.transaction` carries the points; the driver's bare one does not.
        is_read = any(keyword.arg == "readonly" for keyword in node.keywords)
        return name if owner == "connection" and not is_read else None
    if name == "link":
        return name if owner == "os" else None
    if owner == "products":
        return None
    return name if name in DURABLE else None


def _points(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "crashpoint":
            assert isinstance(node.args[0], ast.Constant)
            yield str(node.args[0].value)
