"""The twenty nastiest things that scanners do are each a test: those say in their docstring which one they prove."""

import ast
import re

import pytest

from tests.house.tree import ROOT, python_files

NASTIEST = {
    1: "every split of every frame", 2: "CR, LF and CRLF torn by two reads", 3: "half a code, then an unplug",
    4: "300 replugs", 5: "a scan a moment before the unplug", 6: "a node that is root's for a moment",
    7: "another reader of the same port", 8: "a descriptor above 1,024", 9: "each fault at each call",
    10: "10 MB without a terminator", 11: "GS anywhere, substituted, missing", 12: "Digital Links of all sorts",
    13: "EANs of 8, 12 and 13 digits", 14: "two AIM ids in one frame", 15: "in-store codes, good and bad",
    16: "a wedge's control characters, Caps Lock, repeats, drops, Shift", 17: "HID POS in several reports",
    18: "SSI: broken, resent, lying, late", 19: "TCP: half open, two clients, NoRead", 20: "a store that stands still",
}  # fmt: skip


@pytest.fixture(scope="module")
def docstrings() -> str:
    texts = []
    for name in python_files("tests"):
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                texts.append(ast.get_docstring(node) or "")
    return "\n".join(texts)


@pytest.mark.parametrize("number", NASTIEST, ids=NASTIEST.get)
def test_each_of_the_twenty_has_a_test_that_names_it(number: int, docstrings: str) -> None:
    named = {
        int(each)
        for group in re.findall(r"Nasty cases? ([\d, and]+)", docstrings)
        for each in re.findall(r"\d+", group)
    }
    assert number in named, NASTIEST[number]
