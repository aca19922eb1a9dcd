"""SPEC.md section 19 lists every field of every record, message and document, as the models have it.

After a change of a model: `BACKSTOCK_WRITE=1 pytest tests/contract/test_spec_fields.py` writes
the rows anew (new ones without a meaning, which is then written by hand and may not stay empty).
"""

import ast
import inspect
import os
import re
import types
import typing
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cloud_hub import errors
from cloud_hub.web import devices, inventory, snapshots
from cloud_hub.web.fields import Name
from cloud_hub.web.problems import STATUS, Problem
from edge_agent.services import adopting, executing, telemetry
from sync_protocol import bootstrap, fields, keys, messages, snapshot
from sync_protocol.changes import CHANGES
from sync_protocol.facts import FACTS
from sync_protocol.lots import Lot
from sync_protocol.records import Fact, Item, Movement

FILE = Path(messages.__file__).parent / "SPEC.md"
NAMED = {id(getattr(fields, name)): name.lower() for name in vars(fields) if name[0].isupper()} | {id(Name): "name"}
"""The types of fields.py by their words in the SPEC."""


class Row(NamedTuple):
    of: str
    field: str
    type: str


def said(union: Any) -> dict[str, type[BaseModel]]:
    models = typing.get_args(typing.get_args(union)[0])
    return {f"`{model.model_fields['type'].default}`": model for model in models}


def quoted(models: Mapping[str, type[BaseModel]]) -> dict[str, type[BaseModel]]:
    return {f"`{kind}`": model for kind, model in models.items()}


def word(model: type[BaseModel]) -> str:
    return "*" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model.__name__).lower() + "*"


TABLES: dict[str, Mapping[str, type]] = {
    "Records": {"`i`": Item, "`m`": Movement},
    "Messages up": said(messages.UpMessage),
    "Messages down": said(messages.DownMessage),
    "Facts": {"every fact": FACTS["count"].__base__ or object, **quoted(FACTS)},
    "Changes": quoted(CHANGES),
    "Certificate and manifest": {"claims": keys.Claims, "manifest": snapshot.Manifest},
    "HTTPS bodies": {
        "enrol": devices.EnrolBody, "enrolled": devices.Enrolled, "renew": devices.RenewBody,
        "renewed": devices.Renewed, "access": devices.AccessBody, "granted": devices.Access, "problem": Problem,
    },
}  # fmt: skip


def rows_of(title: str) -> list[Row]:
    """The rows of a table: its kinds, then the objects in them that no table above has."""
    above = {model for each in list(TABLES)[: list(TABLES).index(title)] for model in objects_in(TABLES[each].values())}
    inner = {word(model): model for model in objects_in(TABLES[title].values()) if model not in above}
    return [row for of, model in {**TABLES[title], **inner}.items() for row in _rows(of, model)]


def objects_in(models: Iterable[type]) -> list[type[BaseModel]]:
    """The models that the fields of these are made of, at any depth."""
    found: dict[type[BaseModel], None] = {}
    for model in models:
        for hint in typing.get_type_hints(model).values():
            inner = [each for each in _leaves(hint) if isinstance(each, type) and issubclass(each, BaseModel)]
            found |= dict.fromkeys([*inner, *objects_in(inner)])
    return list(found)


def _leaves(hint: Any) -> Iterable[Any]:
    arguments = typing.get_args(hint)
    return (leaf for each in arguments for leaf in _leaves(each)) if arguments else (hint,)


def _rows(of: str, model: type) -> Iterable[Row]:
    return _positional(of, model) if issubclass(model, tuple) else _named(of, model)


def _positional(of: str, model: Any) -> Iterable[Row]:
    for field, hint in typing.get_type_hints(model).items():
        yield Row(of, f"`{field}`", shown(hint) + _default(model._field_defaults.get(field, ...)))


def _named(of: str, model: type[BaseModel]) -> Iterable[Row]:
    hints = typing.get_type_hints(model, include_extras=True)
    for field in model.__annotations__:
        info = model.model_fields.get(field)
        if info is not None and (field != "type" or not of.startswith("`")):
            yield Row(of, f"`{field}`", shown(hints[field], is_required=info.is_required()) + _default(_given(info)))


def _given(info: FieldInfo) -> Any:
    return ... if info.is_required() else info.default


def _default(value: Any) -> str:
    """Nothing for a field that is always there, `?` for one that may be absent, else what absence stands for."""
    if value is ...:
        return ""
    return "?" if value is None else f" = `{str(value).replace(chr(39), chr(34)) if value != '' else chr(34) * 2}`"


def shown(hint: Any, *, is_required: bool = False) -> str:
    """A type in the words of the SPEC."""
    if id(hint) in NAMED:
        return NAMED[id(hint)]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        told = [shown(each) for each in arguments if each is not type(None)]
        return " or ".join([*told, "null"] if is_required and type(None) in arguments else told)
    if origin is typing.Annotated:
        return _bounded(shown(arguments[0]), arguments[1])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in arguments)
    if origin is list:
        return f"list of {shown(arguments[0])}"
    if origin is tuple:
        return "[" + ", ".join(shown(each) for each in arguments) + "]"
    if origin is dict:
        return "object"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return word(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return ", ".join(f"`{each}`" for each in hint)
    return {int: "integer", str: "string", bool: "boolean"}[hint]


def _bounded(kind: str, given: Any) -> str:
    """The type with what its constraints say."""
    told: dict[str, Any] = {}
    for each in getattr(given, "metadata", [given]):
        for name in ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern"):
            if (limit := getattr(each, name, None)) is not None:
                told[name] = limit
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    kind += "".join(f" {signs[name]} {limit:,}" for name, limit in told.items() if name in signs)
    if "max_length" in told:
        least, most = told.get("min_length"), f"{told['max_length']:,}"
        span = f"≤ {most}" if least is None else f"{least} to {most}"
        kind = kind.replace("list of ", f"list of {span} ") if kind.startswith("list") else f"{kind} of {span}"
    return f"{kind} `{told['pattern']}`" if "pattern" in told else kind


def table(title: str) -> list[list[str]]:
    """The cells of the table under a heading; an empty first cell repeats the one above."""
    found = re.search(rf"^### {title}$.*?^\|---.*?\n(.*?)(?=^[^|]|\Z)", FILE.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"SPEC.md has no table under {title}"
    of, rows = "", []
    for line in found[1].strip().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        of = cells[0] or of
        rows.append([of, *cells[1:]])
    return rows


def write(title: str, wanted: list[Row]) -> None:
    meanings = {(of, field): meaning for of, field, _, meaning in table(title)}
    lines, before = [], ""
    for of, field, kind in wanted:
        lines.append(f"| {of if of != before else ''} | {field} | {kind} | {meanings.get((of, field), '')} |")
        before = of
    text = FILE.read_text()
    start = re.search(rf"^### {title}$.*?^\|---.*?\n", text, re.MULTILINE | re.DOTALL)
    assert start
    rest = re.sub(r"\A(\|.*\n)*", "", text[start.end() :])
    FILE.write_text(text[: start.end()] + "\n".join(lines) + "\n" + rest)


@pytest.mark.parametrize("title", TABLES)
def test_every_field_is_told_with_its_type(title: str) -> None:
    wanted = rows_of(title)
    if os.environ.get("BACKSTOCK_WRITE"):
        write(title, wanted)
    assert [Row(*cells[:3]) for cells in table(title)] == wanted


@pytest.mark.parametrize("title", [*TABLES, "Snapshot lines", "Command bodies", "Telemetry", "Requests"])
def test_every_field_has_a_meaning(title: str) -> None:
    assert [cells for cells in table(title) if not cells[3]] == []


def test_the_lines_of_a_snapshot_are_told() -> None:
    whole, *_ = bootstrap.former("o", 1, b"[]", bytes(32))
    parts = bootstrap.former("o", 1, bytes(range(256)) * 40, bytes(32))
    lines: list[Fact] = [
        bootstrap.level("p", "shelf", 1), bootstrap.lot("p", "shelf", Lot("A", "2027-01-10"), 1),
        bootstrap.used_key("k", bytes(32)), whole, parts[0],
    ]  # fmt: skip
    told = {(of, field) for of, field, *_ in table("Snapshot lines")}
    assert told == {(f"`{line.kind}`", f"`{field}`") for line in lines for field in line.body}


def test_every_field_that_a_store_reads_of_a_command_is_told() -> None:
    told = {field.strip("`") for _, field, *_ in table("Command bodies")}
    assert {name for module in (executing, adopting) for name in read_of_bodies(module)} == told


def test_every_gauge_is_told() -> None:
    told = [field.strip("`") for _, field, *_ in table("Telemetry")]
    made = [
        key.value
        for node in ast.walk(ast.parse(inspect.getsource(telemetry)))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]
    assert told == made


def read_of_bodies(module: types.ModuleType) -> Iterable[str]:
    """`body["x"]`, `command.body.get("x")`, and the same of a line in it."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Subscript):
            of, key = node.value, node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            of, key = node.func.value, node.args[0]
        else:
            continue
        named = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
        if named in ("body", "line") and isinstance(key, ast.Constant):
            yield str(key.value)


def test_the_requests_of_a_box_are_operations_of_the_hub() -> None:
    there = {(each.method, each.path) for of in (devices, snapshots, inventory) for each in of.table.operations}
    told = {tuple(request.strip("`").split("?")[0].split(" ")) for request, *_ in table("Requests")}
    assert told <= there


def test_every_error_of_a_request_has_the_status_that_its_code_is_raised_with() -> None:
    folder = Path(errors.__file__).parent
    source = "\n".join(file.read_text() for file in folder.rglob("*.py"))
    told = {
        (int(status), code) for *_, said in table("Requests") for status, code in re.findall(r"(\d+) `(\w+)`", said)
    }
    assert told
    for status, code in told:
        families = re.findall(rf'(\w+)\(\s*"{code}"', source)
        assert status in {STATUS.get(getattr(errors, family, errors.HubError)) for family in families} | {422}, code
