"""Changing a function's source text for a while, wherever in the product it was imported.

A bug is a list of (function, old text, new text). The old text must occur exactly once, so
a bug whose place has moved on fails loudly instead of being "survived" by code that it
never touched.
"""

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of one function or method, named `module:qualified.name`."""

    where: str
    old: str
    new: str


@contextmanager
def planted(*changes: Change) -> Iterator[None]:
    """The product with these edits."""
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(_edited(change))
        yield


@contextmanager
def _edited(change: Change) -> Iterator[None]:
    module_name, _, path = change.where.partition(":")
    module = importlib.import_module(module_name)
    owner: Any = module
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)
    edited = _compiled(module, original, change)
    saved = [(owner, name)] if parents else list(_references(original))
    for place, attribute in saved:
        setattr(place, attribute, edited)
    try:
        yield
    finally:
        for place, attribute in saved:
            setattr(place, attribute, original)


def _compiled(module: Any, original: FunctionType, change: Change) -> Any:
    source = getattr(original, "planted_source", None) or textwrap.dedent(inspect.getsource(original))
    found = source.count(change.old)
    assert found == 1, f"{change.where}: expected the text once, found it {found} times: {change.old!r}"
    names: dict[str, Any] = {}
    text = source.replace(change.old, change.new)
    exec(compile(text, f"<planted in {change.where}>", "exec"), module.__dict__, names)
    edited = names[original.__name__]
    edited.planted_source = text
    return edited


def _references(original: object) -> Iterator[tuple[Any, str]]:
    """Every module that has imported the function by name, test modules too."""
    for module in list(sys.modules.values()):
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if value is original:
                yield module, attribute
