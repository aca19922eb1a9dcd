"""F37: `cloud_hub/examples.http` sent to a living hub, in its order, answers what it says."""

import json
from typing import Any

from tests.house.tree import ROOT
from tests.http_file import Example, filled, parse
from tests.integration.hub_web.conftest import PASSWORD, Client, Reply, Running

FILE = ROOT / "cloud_hub" / "examples.http"


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
