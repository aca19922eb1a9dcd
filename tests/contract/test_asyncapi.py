"""sync_protocol/asyncapi.yaml says what messages.py and topics.py do.

After a change of messages.py: `BACKSTOCK_WRITE=1 pytest tests/contract/test_asyncapi.py`
writes the generated part (components) anew; channels and operations are written by hand.
"""

import os
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from sync_protocol import messages, topics

FILE = Path(messages.__file__).parent / "asyncapi.yaml"
BATCH = {
    "name": "batch",
    "title": "A framed batch of records",
    "summary": "NUL, the session's lease (8 bytes), a sealed batch (SPEC.md, Batch). Up: ledger; down: feed.",
    "contentType": "application/octet-stream",
    "payload": {"type": "string", "format": "binary"},
}


def models(union: Any) -> list[type[BaseModel]]:
    """The message types of UpMessage or DownMessage."""
    return list(typing.get_args(typing.get_args(union)[0]))


UP, DOWN = models(messages.UpMessage), models(messages.DownMessage)


def word(model: type[BaseModel]) -> str:
    return str(model.model_fields["type"].default)


def generated() -> dict[str, Any]:
    """The components that follow from messages.py."""
    schemas: dict[str, Any] = {}
    for model in [*UP, *DOWN]:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    found = {
        word(model): {
            "name": word(model),
            "title": model.__name__,
            "summary": (model.__doc__ or "").split("\n")[0],
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        }
        for model in [*UP, *DOWN]
    }
    return {"messages": {**found, "batch": BATCH}, "schemas": dict(sorted(schemas.items()))}


@pytest.fixture(scope="module")
def document() -> Any:
    text = FILE.read_text()
    loaded = yaml.safe_load(text)
    if os.environ.get("BACKSTOCK_WRITE"):
        head = text.split("components:\n")[0]
        written = yaml.safe_dump({"components": generated()}, sort_keys=False, width=110, allow_unicode=True)
        FILE.write_text(head + written)
        loaded = yaml.safe_load(FILE.read_text())
    return loaded


def test_the_schemas_are_those_of_the_code(document: Any) -> None:
    assert document["components"] == generated()


def test_every_message_is_in_the_channel_of_its_direction(document: Any) -> None:
    for channel, said in (("up", UP), ("down", DOWN)):
        assert set(document["channels"][channel]["messages"]) == {word(model) for model in said} | {"batch"}


def test_the_addresses_are_those_of_the_topics(document: Any) -> None:
    shard = str(topics.shard_of("d"))
    addresses = {name: channel["address"] for name, channel in document["channels"].items()}
    filled = {
        name: address.replace("{shard}", shard).replace("{device}", "d").replace("{origin}", "o").replace("{site}", "s")
        for name, address in addresses.items()
    }
    assert filled == {
        "up": topics.up("d", "o"),
        "down": topics.down("d", "o"),
        "presence": topics.presence("d"),
        "telemetry": topics.telemetry("d"),
        "scans": topics.scans("d"),
        "alerts": topics.alerts("s"),
        "hubState": topics.HUB_STATE,
    }


def test_every_reference_leads_somewhere(document: Any) -> None:
    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_every_channel_is_used_by_an_operation(document: Any) -> None:
    used = {operation["channel"]["$ref"].rpartition("/")[2] for operation in document["operations"].values()}
    assert used == set(document["channels"])


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
