"""A file of .http requests, as editors read it: its variables, its requests, and placeholders filled from answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any


@dataclass
class Example:
    """One request of the file, its placeholders not yet filled."""

    title: str
    name: str = ""
    status: int = 0
    line: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def parse(path: Path) -> tuple[dict[str, str], list[Example]]:
    """The variables of a .http file and its requests."""
    head, *parts = re.split(r"^### ?", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    variables = dict(re.findall(r"^@(\w+) = (.*)$", head, flags=re.MULTILINE))
    return variables, [_example(part) for part in parts]


def _example(part: str) -> Example:
    title, _, rest = part.partition("\n")
    top, _, body = rest.partition("\n\n")
    made = Example(title, body=body.strip())
    for line in top.splitlines():
        if line.startswith("# @name "):
            made.name = line.removeprefix("# @name ")
        elif line.startswith("# "):
            made.status = int(line.removeprefix("# "))
        elif made.line:
            name, _, value = line.partition(": ")
            made.headers[name] = value
        else:
            made.line = line
    return made


def filled(text: str, variables: dict[str, str], replies: Mapping[str, Any]) -> str:
    """The text with `{{host}}` and `{{login.response.body.access_token}}` replaced."""

    def value(found: re.Match[str]) -> str:
        name, *path = found[1].split(".")
        if not path:
            return variables[name]
        _, part, *keys = path
        return str(reduce(lambda at, key: at[key], keys, getattr(replies[name], part)))

    return re.sub(r"{{([\w.-]+)}}", value, text)
