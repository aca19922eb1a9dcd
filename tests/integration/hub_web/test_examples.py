"""F37: `cloud_hub/examples.http` sent to a living hub, in its order, answers what it says."""

import json
import re
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from tests.house.tree import ROOT
from tests.integration.hub_web.conftest import PASSWORD, Client, Reply, Running

FILE = ROOT / "cloud_hub" / "examples.http"


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


def filled(text: str, variables: dict[str, str], replies: dict[str, Reply]) -> str:
    """The text with `{{host}}` and `{{login.response.body.access_token}}` replaced."""

    def value(found: re.Match[str]) -> str:
        name, *path = found[1].split(".")
        if not path:
            return variables[name]
        _, part, *keys = path
        return str(reduce(lambda at, key: at[key], keys, getattr(replies[name], part)))

    return re.sub(r"{{([\w.-]+)}}", value, text)


async def send(hub: Running, example: Example, variables: dict[str, str], replies: dict[str, Reply]) -> Reply:
    method, url = filled(example.line, variables, replies).split(" ", 1)
    headers = {name: filled(each, variables, replies) for name, each in example.headers.items()}
    body = filled(example.body, variables, replies).encode() or None
    async with hub.session.request(method, url, data=body, headers=headers) as response:
        is_endless = response.content_type == "text/event-stream"
        content: Any = b"" if is_endless else await response.read()
        return Reply(response.status, response.headers, json.loads(content) if content else None)


async def test_every_example_answers_what_the_file_says(hub: Running, admin: Client) -> None:
    variables, examples = parse(FILE)
    variables |= {"host": hub.url, "user": "admin", "password": PASSWORD}
    replies: dict[str, Reply] = {}
    for example in examples:
        reply = await send(hub, example, variables, replies)
        assert reply.status == example.status, (example.title, reply.body)
        if example.name:
            replies[example.name] = reply
    assert len(examples) > 20
